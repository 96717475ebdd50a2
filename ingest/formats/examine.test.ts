import { expect, test } from 'vitest';
import { ingestLimits } from '../config.ts';
import { hear, received } from '../testing/foreign.ts';
import { examine } from './examine.ts';
import { FormatRegistry } from './registry.ts';
import { settingsOf } from './settings.ts';

const look = (payload: unknown, topic?: string, registry = new FormatRegistry()) =>
  examine({
    payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
    ...{ topic, received, limits: ingestLimits, registry },
  });

const own = { ts: 1_790_000_000_000, lat: 45.5, lng: -122.6 };
const phone = { _type: 'location', lat: 45.5, lon: -122.6, tst: 1_790_000_000 };

test.each([
  { payload: own, format: 'paceline' },
  { payload: phone, format: 'owntracks' },
  { payload: '?id=1&lat=45.5&lon=-122.6&timestamp=1790000000', format: 'traccar' },
  {
    payload: { position: { fixTime: own.ts, latitude: 45.5, longitude: -122.6 } },
    format: 'traccar',
  },
  { payload: { state: { reported: { ts: own.ts, latlng: '45.5,-122.6' } } }, format: 'teltonika' },
  {
    payload: [
      { ident: '1', timestamp: 1_790_000_000, 'position.latitude': 45.5, 'position.longitude': -122.6 },
    ],
    format: 'flespi',
  },
  {
    payload: {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [-122.6, 45.5] },
      properties: { time: own.ts },
    },
    format: 'geojson',
  },
  { payload: { ts: own.ts, values: { lat: 45.5, lon: -122.6 } }, format: 'thingsboard' },
  { payload: { state: { reported: { timestamp: own.ts, lat: 45.5, lon: -122.6 } } }, format: 'aws-shadow' },
  {
    payload: {
      ts: own.ts,
      'Vehicle.CurrentLocation.Latitude': 45.5,
      'Vehicle.CurrentLocation.Longitude': -122.6,
    },
    format: 'vss',
  },
])('examine() knows $format by its marks', ({ payload, format }) => {
  expect(look(payload)).toMatchObject({
    ...{ format, by: 'payload', rejections: [] },
    fixes: [{ at: 1_790_000_000, lat: 45.5, lng: -122.6 }],
  });
});

test('examine() says where a payload belongs that came on another’s topic, and which lines would let it stay', () => {
  expect(look(phone, 'fleet/a/device/v1/telemetry')).toMatchObject({
    ...{ fixes: [], device: 'v1', remedies: [expect.stringContaining('OwnTracks')] },
    settings: { profiles: { 'a/v1': 'owntracks' } },
  });
  expect(look(phone, 'traccar/v1')).toMatchObject({
    fixes: [],
    remedies: [expect.stringContaining('owntracks/+')],
  });
  expect(look(phone, 'phones/v1/up')).toMatchObject({
    rejections: [{ reason: 'topic' }],
    settings: { topics: { owntracks: ['owntracks/+/{device}/#', 'phones/{device}/up'] } },
  });
});

test('examine() does not blame a payload twice', () => {
  const encrypted = look({ _type: 'encrypted', data: 'x' }, 'owntracks/u/v1');
  expect(encrypted).toMatchObject({ rejections: [{ reason: 'format' }], remedies: [], settings: undefined });
  expect(look('hello')).toMatchObject({
    format: undefined,
    settings: undefined,
    remedies: [expect.any(String)],
  });
  expect(look({ stop: 's', kind: 'arrived', ts: 1 }, 'fleet/a/device/v/stops').notes).toHaveLength(1);
});

test.each([
  {
    payload: {
      unit: 8812,
      gps: { fixed_at: '2026-09-21T14:13:20Z', lat_deg: 45.5, Longitude: -122.6, groundSpeed: 36 },
    },
    topic: 'up/8812/gps',
  },
  { payload: { 'loc.v1': [{ p: '45.5,-122.6', when: 1_790_000_000, speed: 36 }] }, topic: 'up/8812/gps' },
])('examine() suggests a mapping that reads $payload', ({ payload, topic }) => {
  const { settings, fixes } = look(payload, topic);
  expect(fixes).toEqual([]);
  const checked = settingsOf(settings);
  if ('problems' in checked) return expect.fail(checked.problems.join());
  const heard = hear(topic, payload, { registry: new FormatRegistry(checked) });
  expect(heard.fixes).toEqual([{ at: 1_790_000_000, lat: 45.5, lng: -122.6, speed: 10, flags: 0 }]);
});
