import { expect, test } from 'vitest';
import { fixFlags } from '../../schemas/reasons.ts';
import { mpsFromKmh } from '../../schemas/units.ts';
import { hear } from '../testing/foreign.ts';

const topic = 'owntracks/van-user/van-7';
const bare = { _type: 'location', lat: 48.85, lon: 2.295, tst: 1_497_349_316 };
const real = Math.fround;

test.each([
  {
    quirk: 'all of an app’s fields',
    message: {
      ...{ ...bare, acc: 5, alt: 167, vac: 21, vel: 61, cog: 271, batt: 67, bs: 1, conn: 'm', t: 'u' },
      ...{ tid: 'JJ', m: 1, created_at: 1_497_349_320, _id: 'f3a1c2' },
    },
    fix: {
      ...{ accuracy: 5, altitude: 167, speed: real(mpsFromKmh(61)), heading: 271, sent: 1_497_349_320 },
      flags: 0,
    },
  },
  { quirk: 'zeros left out, as iOS does', message: { ...bare, tid: 'JJ' }, fix: { flags: 0 } },
  {
    quirk: 'a tracker’s extras, where kilometres and percent are meant',
    message: { ...bare, odometer: 12_345.6, flvl: 62, rpm: 1500, ign: true, uext: 12.6, imei: '86528' },
    fix: { odometer: 12_345_600, fuel: real(0.62), rpm: 1500, ignition: true, flags: 0 },
  },
  {
    quirk: 'ignition off as its trigger',
    message: { ...bare, t: 'I', don: 105 },
    fix: { ignition: false, events: [{ type: 'ignition_off' }], flags: 0 },
  },
  {
    quirk: 'a harsh corner',
    message: { ...bare, t: 'h', rty: 5 },
    fix: { events: [{ type: 'harsh_cornering' }], flags: 0 },
  },
  {
    quirk: 'a ping, whose time is not that of its position',
    message: { ...bare, t: 'p' },
    fix: { flags: fixFlags.doubted },
  },
  { quirk: 'speed and course unknown', message: { ...bare, vel: -1, cog: -1, acc: -1 }, fix: { flags: 0 } },
])('owntracks reads $quirk', ({ message, fix }) => {
  const heard = hear(topic, message);
  expect(heard.rejections).toEqual([]);
  expect(heard.fixes).toEqual([{ at: 1_497_349_316, lat: 48.85, lng: 2.295, ...fix }]);
});

test('owntracks reads a transition as a fix with the region it is about', () => {
  const { fixes } = hear(`${topic}/event`, {
    ...{ _type: 'transition', event: 'enter', desc: 'Depot\0 north', wtst: 1, tst: 1_497_349_316 },
    ...{ lat: 48.85, lon: 2.295, acc: 12, t: 'c' },
  });
  expect(fixes).toMatchObject([
    { at: 1_497_349_316, accuracy: 12, events: [{ type: 'region_enter', region: 'Depot� north' }] },
  ]);
});

test.each([
  { message: '', rejections: [] },
  { message: { _type: 'lwt', tst: 1_497_349_316 }, rejections: [] },
  { message: { _type: 'card', name: 'Jo', face: '' }, rejections: [] },
  {
    message: { _type: 'encrypted', data: 'abc' },
    rejections: [{ reason: 'format', detail: expect.stringContaining('encrypted by the app') }],
  },
  {
    message: { _type: 'waypoint', desc: 'Depot', lat: 1, lon: 2, rad: 50, tst: 1 },
    rejections: [{ reason: 'format', detail: expect.stringContaining('geofences') }],
  },
  { message: { _type: 'what' }, rejections: [{ reason: 'format', detail: expect.any(String) }] },
  { message: { lat: 1, lon: 2, tst: 3 }, rejections: [{ reason: 'format', detail: expect.any(String) }] },
  {
    message: { ...bare, tst: undefined },
    rejections: [{ reason: 'shape', detail: 'tst: missing, or not a time' }],
  },
  {
    message: { ...bare, lon: '' },
    rejections: [{ reason: 'shape', detail: expect.stringMatching(/^lon:/) }],
  },
  { message: { ...bare, lat: 91 }, rejections: [{ reason: 'position', detail: expect.any(String) }] },
  { message: '{"_type"', rejections: [{ reason: 'json', detail: expect.any(String) }] },
])('owntracks finds no fix in $message', ({ message, rejections }) => {
  expect(hear(topic, message)).toMatchObject({ fixes: [], rejections });
});
