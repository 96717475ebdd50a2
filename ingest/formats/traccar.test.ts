import { expect, test } from 'vitest';
import { fixFlags } from '../../schemas/reasons.ts';
import { mpsFromKnots } from '../../schemas/units.ts';
import { hear, received } from '../testing/foreign.ts';

const topic = 'traccar/van-7';
const real = Math.fround;
const at = Date.UTC(2014, 5, 4, 9, 10, 11) / 1000;

test.each([
  {
    quirk: 'seconds, speed in knots and attributes',
    payload:
      '?id=123456789012345&timestamp=1504763810&lat=40.7232948571&lon=-74.0061408571&bearing=7.19&speed=40&ignition=true&rpm=933&fuel=24',
    fix: {
      ...{ at: 1_504_763_810, lat: 40.7232948571, lng: -74.0061408571, heading: real(7.19) },
      ...{ speed: real(mpsFromKnots(40)), ignition: true, rpm: 933, flags: 0 },
    },
  },
  {
    quirk: 'milliseconds, in a URL',
    payload:
      'http://host:5055/?id=9&lat=42.5&lon=-88.25&timestamp=1442068686579&hdop=6.0&altitude=224.0&speed=0.0',
    fix: { at: 1_442_068_686.579, lat: 42.5, lng: -88.25, altitude: 224, speed: 0, flags: 0 },
  },
  {
    quirk: 'ISO 8601, escaped',
    payload: '/?id=9&lat=42.5&lon=-88.25&timestamp=2014-06-04T09%3A10%3A11Z',
    fix: { at, lat: 42.5, lng: -88.25, flags: fixFlags.clock_past },
  },
  {
    quirk: 'a time without a zone, which is UTC wherever we run',
    payload: 'lat=42.5&lon=-88.25&timestamp=2014-06-04+09%3A10%3A11&id=9',
    fix: { at, lat: 42.5, lng: -88.25, flags: fixFlags.clock_past },
  },
  {
    quirk: 'one location, no time, accuracy 0 for unknown, a position it does not vouch for',
    payload: 'deviceid=9&location=60.0,30.0&accuracy=0&heading=12&valid=false',
    fix: { at: received, lat: 60, lng: 30, heading: 12, flags: fixFlags.doubted },
  },
])('traccar reads a query with $quirk', ({ payload, fix }) => {
  const heard = hear(topic, payload);
  expect(heard.rejections).toEqual([]);
  expect(heard.fixes).toEqual([fix]);
});

const client = {
  device_id: '8737767034',
  location: {
    ...{ timestamp: '2021-07-21T08:06:34.444Z', uuid: '0e9a', event: 'motionchange', is_moving: false },
    odometer: 0,
    coords: {
      latitude: -6.1148096,
      longitude: 106.6837015,
      accuracy: 3.8,
      speed: 18.67,
      heading: 63,
      altitude: 35.7,
    },
    battery: { level: 0.79, is_charging: false },
  },
};
const clientFix = { at: Date.UTC(2021, 6, 21, 8, 6, 34, 444) / 1000, lat: -6.1148096, lng: 106.6837015 };

test('traccar reads the client’s JSON in metres per second, and not the phone’s battery or the app’s odometer', () => {
  expect(hear(topic, client).fixes).toEqual([
    {
      ...clientFix,
      ...{ speed: real(18.67), heading: 63, accuracy: real(3.8), altitude: real(35.7), flags: 0 },
    },
  ]);
});

test('traccar knows −1 for unknown and doubts a mocked location, and takes several in one', () => {
  const coords = { ...client.location.coords, speed: -1, heading: -1 };
  const mocked = { ...client.location, coords, mock: true };
  const { fixes } = hear('osmand/van-7', { device_id: '1', location: [mocked, client.location] });
  expect(fixes).toHaveLength(2);
  expect(fixes[0]).toEqual({
    ...clientFix,
    ...{ accuracy: real(3.8), altitude: real(35.7), flags: fixFlags.doubted },
  });
});

const forward = {
  device: { id: 4, name: 'Van 7', uniqueId: 'van-7' },
  position: {
    ...{ fixTime: '2025-06-15T13:45:12.000+00:00', deviceTime: '2025-06-15T13:45:13.000+00:00', valid: true },
    ...{
      latitude: 45.5,
      longitude: -122.6,
      altitude: 12,
      speed: 10,
      course: 182,
      accuracy: 0,
      outdated: false,
    },
    attributes: { ignition: true, sat: 9, odometer: 5_000, batteryLevel: 90, alarm: 'hardBraking,unheardOf' },
  },
};

test('traccar reads what a server forwards, in knots, with its alarms', () => {
  expect(hear('traccar', forward).fixes).toEqual([
    {
      ...{ at: Date.UTC(2025, 5, 15, 13, 45, 12) / 1000, lat: 45.5, lng: -122.6, altitude: 12, heading: 182 },
      ...{ speed: real(mpsFromKnots(10)), satellites: 9, ignition: true, odometer: 5_000, flags: 0 },
      events: [{ type: 'harsh_braking' }],
    },
  ]);
  const outdated = { ...forward, position: { ...forward.position, outdated: true } };
  expect(hear('traccar', outdated).fixes).toMatchObject([{ flags: fixFlags.doubted }]);
});

test.each([
  { payload: '/?id=1&timestamp=1377177267&cell=257,02,16,2224&wifi=00-14,-80', detail: /cells and Wi-Fi/ },
  { payload: '?id=1&timestamp=1377177267&lat=&lon=30', detail: /^lat: missing/ },
  { payload: '?id=1&timestamp=never&lat=60&lon=30', detail: /^timestamp: missing/ },
  { payload: 'application/json', detail: /neither JSON nor a query/ },
  { payload: { location: { timestamp: 'x', coords: { latitude: 1, longitude: 2 } } }, detail: /timestamp/ },
  { payload: { lat: 1 }, detail: /location \(of Traccar Client\)/ },
])('traccar says why $payload is no fix', ({ payload, detail }) => {
  expect(hear(topic, payload)).toMatchObject({
    fixes: [],
    rejections: [{ detail: expect.stringMatching(detail) }],
  });
});
