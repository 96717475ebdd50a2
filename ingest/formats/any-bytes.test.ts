import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Random, random } from '../../schemas/random.ts';
import { protobufFixes } from '../../simulator/device/encode/protobuf.ts';
import { loginPacket, teltonikaFrame } from '../../simulator/device/encode/teltonika-frames.ts';
import { ingestLimits } from '../config.ts';
import { decode } from '../decode/decode.ts';
import { responseOf } from '../teltonika/codec12.ts';
import { cut, newStream } from '../teltonika/stream.ts';
import { origin, received } from '../testing/foreign.ts';
import { sparkplugBytes } from '../testing/sparkplug-node.ts';
import { Assemblies } from './assemblies.ts';
import { understand } from './decode-foreign.ts';
import { deviceNamed, FormatRegistry } from './registry.ts';
import { settingsOf } from './settings.ts';
import { crc16 } from './teltonika-codec.ts';

const settings = settingsOf({
  mappings: [
    {
      name: 'acme',
      topics: ['acme/{device}/#'],
      each: 'a.0',
      device: 'id',
      fields: {
        ...{ ts: { path: 't' }, lat: { path: 'p', part: 0 }, lng: { path: '/p', part: 1 } },
        ...{ speed: { path: 'v', unit: 'mph', scale: 1e300 }, boot: { path: 'b' }, seq: { path: 'n' } },
      },
    },
  ],
});
const registry = new FormatRegistry('problems' in settings ? {} : settings);
const limits = { ...ingestLimits, fixesPerMessage: 50 };
const topics = [
  ...['owntracks/u/v1', 'owntracks/u/v1/event', 'traccar', 'traccar/v1', 'osmand/v1', 'geojson/v1'],
  ...['$aws/things/v1/shadow/update', 'teltonika/v1/data', 'flespi/message/gw/devices/v1', 'vss/v1'],
  ...['v1/devices/me/telemetry', 'vss/v1/Vehicle/Speed', 'vss/v1/Vehicle/CurrentLocation/Latitude'],
  ...['ovms/u/v1/metric/v/p/latitude', 'ovms/u/v1/metric/v/p/longitude', 'ovms/u/v1/metric/v/p/gpstime'],
  ...['teslamate/cars/v1/location', 'teslamate/cars/v1/heading', 'acme/v1/gps', 'protobuf/v1'],
  ...['spBv1.0/g/DBIRTH/e/v1', 'spBv1.0/g/DDATA/e/v1', 'spBv1.0/g/NDEATH/e', 'spBv1.0/g/NBIRTH/e'],
];
const fixtures = [
  '{"_type":"location","lat":48.8,"lon":2.2,"tst":1497349316,"acc":5,"vel":61,"cog":271,"t":"h","rty":3,"created_at":1497349320}',
  '{"_type":"transition","event":"enter","desc":"x","lat":48.8,"lon":2.2,"tst":1497349316}',
  '/?id=9&lat=42.5&lon=-88.25&timestamp=2014-06-04+09%3A10%3A11&speed=3&ignition=true',
  '{"device_id":"9","location":{"timestamp":"2021-07-21T08:06:34.444Z","coords":{"latitude":-6.1,"longitude":106.6,"speed":18.6,"heading":63}}}',
  '{"device":{"uniqueId":"v1"},"position":{"fixTime":1750000000000,"latitude":1,"longitude":2,"speed":3,"attributes":{"alarm":"sos","sat":4}}}',
  '{"state":{"reported":{"ts":1698922776030,"latlng":"52.3,4.8","alt":3,"ang":182,"sat":11,"sp":37,"evt":253,"239":1,"253":2,"254":43}}}',
  '[{"ident":"1","timestamp":1700000000.25,"position.latitude":43.9,"position.longitude":37.6,"position.speed":37}]',
  '{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[-122.6,45.5,12]},"properties":{"time":"2026-09-20T14:03:22.250Z"}}]}',
  '[{"ts":1695218602250,"values":{"latitude":45.52,"longitude":-122.67,"speed":37}}]',
  '{"timestamp":"2026-09-20 14:03:22.250000000","VIN":"V","location":{"latitude":1,"longitude":2},"speed":3}',
  '{"ts":1790000000000,"Vehicle":{"Speed":{"value":3},"CurrentLocation":{"Latitude":1,"Longitude":2}}}',
  '{"a":[[{"t":1790000000,"p":"1,2","v":3,"b":"x","n":4}]]}',
  '{"latitude":45.5,"longitude":-122.6}',
  '45.5',
  'yes',
].map((text) => Buffer.from(text));
const frame = Buffer.from(
  '000000000000002808010000018b8f6b90de011d2d75001f36f4700003' +
    '00b60b0025ef0302ef01f0010142366200000100000000',
  'hex',
);

const born = [
  { name: 'Position/Latitude', alias: 1, value: 45.5 },
  { name: 'Position/Longitude', alias: 2, value: -122.6, timestamp: 1_790_000_000_000 },
  { name: 'Speed', alias: 3, int: 36 },
];
const binary = [
  frame,
  teltonikaFrame([{ ts: 1_790_000_000_000, lat: 45.5, lng: -122.6, odometer: 5 }], 'codec8e'),
  teltonikaFrame([{ ts: 1_790_000_000_000, lat: 45.5, lng: -122.6, fuel: 0.5 }], 'codec16'),
  protobufFixes([
    { ts: 1_790_000_000_000, lat: 45.5, lng: -122.6, seq: 4, boot: 'b', events: [{ type: 'x', value: 3 }] },
  ]),
  sparkplugBytes(1_790_000_000_000, 0, born),
  sparkplugBytes(1_790_000_000_000, 1, [
    { alias: 1, value: 45.6, isHistorical: true },
    { alias: 2, value: 1 },
  ]),
].map((bytes) => Buffer.from(bytes));

/** How many mutated payloads: a million take some minutes (MUTATIONS=1000000). */
const mutations = Number(process.env.MUTATIONS ?? 2_000);

/** Whatever the bytes, each piece is a fix that the tables can hold, or has a reason, or is a note. */
function check(topic: string, payload: Uint8Array, assemblies = new Assemblies()): void {
  const { route } = registry.find(topic) ?? expect.fail(`no format has ${topic}`);
  deviceNamed(route, payload);
  const message = { payload, received, origin, limits };
  for (const one of understand(message, route, assemblies)) {
    if (one.kind === 'rejection') expect(one.rejection.detail).not.toBe('');
    if (one.kind !== 'fix') continue;
    const { at, lng, lat, key, flags, events, received: _, ...rest } = one.fix;
    const isPlace = Math.abs(lat) <= 90 && Math.abs(lng) <= 180 && at >= 0 && at < 4_102_444_800;
    if (!isPlace || !Number.isSafeInteger(key) || !Number.isSafeInteger(flags))
      expect.fail(JSON.stringify(one));
    for (const value of Object.values(rest)) {
      if (typeof value === 'number' && !Number.isFinite(value)) expect.fail(JSON.stringify(one));
    }
    // What is stored is what our own decoder takes, so it goes through every check of it.
    if (events !== undefined) expect(ownTakes({ ts: at * 1000, lat, lng, events })).toBe(true);
  }
}

function ownTakes(message: object): boolean {
  const payload = Buffer.from(JSON.stringify(message));
  return decode({ channel: 'telemetry', payload, received }, origin, limits).fixes.length === 1;
}

/** A fixture with a few bytes changed, lost, repeated, or with another in the middle. */
function mutated(fixture: Buffer, chance: Random): Buffer {
  let bytes = Buffer.from(fixture);
  for (let changes = 1 + chance.integer(4); changes > 0; changes--) {
    const at = chance.integer(bytes.length + 1);
    const until = Math.min(bytes.length, at + 1 + chance.integer(8));
    const [head, cut, tail] = [bytes.subarray(0, at), bytes.subarray(at, until), bytes.subarray(until)];
    const odd = Buffer.from(
      chance.pick(['null', '1e999', '-', '""', '[]', '{}', '\\u0000', '9'.repeat(20), '\0']),
    );
    const other = chance.pick(fixtures);
    bytes = Buffer.concat(
      chance.pick([
        [head, tail],
        [head, cut, cut, tail],
        [head, odd, tail],
        [head, other.subarray(0, 40), tail],
      ]),
    );
    if (bytes.length > 0 && chance.chance(0.3)) bytes[chance.integer(bytes.length)] = chance.integer(256);
  }
  return bytes;
}

/** A damaged frame whose checksum is right all the same, so that what is behind it is read. */
function withRightChecksum(bytes: Buffer): Buffer {
  if (bytes.length < 13 || bytes.readUInt32BE() !== 0) return bytes;
  const right = Buffer.from(bytes);
  right.writeUInt32BE(bytes.length - 12, 4);
  right.writeUInt32BE(crc16(right.subarray(8, -4)), bytes.length - 4);
  return right;
}

/** The same bytes as the Teltonika server meets them, in two segments behind a log-in. */
function passAlong(bytes: Buffer, chance: Random): void {
  const at = chance.integer(bytes.length + 1);
  let { state } = cut(newStream, loginPacket('352093081452251'));
  for (const segment of [bytes.subarray(0, at), bytes.subarray(at)]) {
    const result = cut(state, segment);
    state = result.state;
    for (const piece of result.pieces) if (piece.kind === 'frame') responseOf(piece.bytes);
  }
}

test('understand() makes of any bytes on any topic fixes that can be stored, or reasons', () => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.json({ maxDepth: 5 }).map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(fc.constantFrom(...topics), anyBytes, (topic, payload) => check(topic, payload)),
    {
      numRuns: 1_000,
    },
  );
});

test(`understand() survives ${mutations} mutated fixtures`, { timeout: 60_000 + mutations }, () => {
  const chance = random('mutated fixtures');
  const assemblies = new Assemblies();
  for (let i = 0; i < mutations; i++) {
    const payload = mutated(chance.pick([...fixtures, ...binary]), chance);
    check(chance.pick(topics), payload, assemblies);
    check('teltonika/v1/data', withRightChecksum(payload), assemblies);
    passAlong(payload, chance);
  }
});

test.each([
  { what: 'nested deeper than the stack', payload: Buffer.from('['.repeat(100_000) + ']'.repeat(100_000)) },
  { what: 'nested objects', payload: Buffer.from(`${'{"a":'.repeat(30_000)}1${'}'.repeat(30_000)}`) },
  { what: 'more than the limit of fixes', payload: Buffer.from(`[${'{},'.repeat(60)}{}]`) },
  { what: 'larger than the limit', payload: Buffer.alloc(ingestLimits.messageBytes + 1, 32) },
])('understand() refuses what is $what', ({ payload }) => {
  for (const topic of topics) check(topic, payload);
});
