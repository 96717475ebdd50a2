import fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { expect, test } from 'vitest';
import { OwnMessage, StopReport } from '../../schemas/fix.ts';
import { fixFlags } from '../../schemas/reasons.ts';
import { addressOf } from '../broker/delivery.ts';
import { ingestLimits } from '../config.ts';
import { contentKey } from './content-key.ts';
import { decode } from './decode.ts';

const origin = { fleetId: 1, vehicleId: 2, deviceId: 3 };
const received = 1_790_000_010;
const limits = { ...ingestLimits, messageBytes: 10_000, fixesPerMessage: 20 };
const beyondShape = new Set(['position', 'instant', 'range']);

const decodeJson = (json: unknown, channel: 'telemetry' | 'stops' = 'telemetry') =>
  decode({ channel, payload: Buffer.from(JSON.stringify(json)), received }, origin, limits);
const aFix = { ts: 1_790_000_000_000, lat: 45, lng: -122 };

/** Values near the edges of every rule. */
const anyValue = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    '',
    'x',
    'x'.repeat(64),
    '😀'.repeat(64),
    '😀'.repeat(65),
    'x'.repeat(129),
    '\0',
  ),
  fc.constantFrom(0, -0, -1, 1.5, 32_767, 32_768, 1e39, 1e300, 2 ** 53, 91, 181, 1_790_000_000_000),
  fc.constantFrom(
    'arrived',
    'delivered',
    [],
    {},
    [{ type: 'x' }],
    [{ type: '' }],
    [{ type: 'x', value: 'y' }],
    [[]],
  ),
  fc.jsonValue({ maxDepth: 3 }),
);
const someOf = (fields: readonly string[], required: object) =>
  fc
    .record(Object.fromEntries(fields.map((field) => [field, anyValue])), { requiredKeys: [] })
    .map((extra) => ({ ...required, ...extra }));

test.each([
  {
    channel: 'telemetry' as const,
    schema: Compile(OwnMessage),
    fields: Object.keys(OwnMessage.properties),
    base: aFix,
  },
  {
    channel: 'stops' as const,
    schema: Compile(StopReport),
    fields: Object.keys(StopReport.properties),
    base: { ts: 1_790_000_000_000, stop: 'S', kind: 'arrived' },
  },
])(
  'decode() takes for the right shape exactly what the schema does, on $channel',
  ({ channel, schema, fields, base }) => {
    const check = (json: unknown) => {
      const { fixes, reports, rejections } = decodeJson([json], channel);
      const isShape = fixes.length + reports.length === 1 || beyondShape.has(rejections[0]?.reason ?? '');
      // Through JSON, as it arrives: what JSON cannot say is not the decoder's business.
      expect(isShape, rejections[0]?.detail).toBe(schema.Check(JSON.parse(JSON.stringify(json))));
    };
    fc.assert(fc.property(someOf(fields, base), check), { numRuns: 2_000 });
    fc.assert(fc.property(fc.jsonValue(), check));
  },
);

test('decode() makes of any bytes on any topic fixes or rejections, and never throws', () => {
  const topic = fc.oneof(
    fc.string(),
    fc.constantFrom('fleet/a/device/b/telemetry', 'fleet/a/device/b/stops'),
  );
  const json = fc.json().map((text) => Buffer.from(text));
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    json,
    fc.constant(Buffer.from('['.repeat(9_000))),
  );
  fc.assert(
    fc.property(topic, bytes, (text, payload) => {
      const channel = addressOf(text)?.channel ?? 'telemetry';
      const { fixes, reports, rejections } = decode({ channel, payload, received }, origin, limits);
      const isEmptyArray = /^\s*\[\s*\]\s*$/.test(Buffer.from(payload).toString());
      expect(fixes.length + reports.length + rejections.length > 0 || isEmptyArray).toBe(true);
    }),
  );
});

test('decode() keeps the good fixes of a message, and says of each bad one where it stands and why', () => {
  const { fixes, rejections } = decodeJson([
    aFix,
    { ...aFix, lat: 'x' },
    { ...aFix, lng: 181 },
    { ...aFix, seq: 4 },
  ]);
  expect(fixes.map(({ seq }) => seq)).toEqual([undefined, 4]);
  expect(rejections.map(({ reason, detail }) => `${reason}: ${detail}`)).toEqual([
    'shape: element 1 of 4: lat: must be a number',
    'position: element 2 of 4: lat 45, lng 181 is no place on Earth',
  ]);
});

test.each([
  { payload: 'nope', reason: 'json' },
  { payload: '{"ts":1e999,"lat":1,"lng":1}', reason: 'shape' },
  { payload: JSON.stringify({ ...aFix, ts: -1 }), reason: 'instant' },
  { payload: JSON.stringify({ ...aFix, ts: 5e12 }), reason: 'instant' },
  { payload: JSON.stringify({ ...aFix, speed: 1e39 }), reason: 'range' },
  { payload: JSON.stringify({ ...aFix, satellites: 40_000 }), reason: 'range' },
  { payload: JSON.stringify({ ...aFix, boot: 'a\0b' }), reason: 'range' },
  { payload: JSON.stringify({ ...aFix, events: [{ type: '\ud800' }] }), reason: 'range' },
  { payload: JSON.stringify(Array(21).fill(aFix)), reason: 'too_many' },
  { payload: ' '.repeat(10_001), reason: 'too_large' },
])('decode() rejects $payload as $reason', ({ payload, reason }) => {
  const { fixes, rejections } = decode(
    { channel: 'telemetry', payload: Buffer.from(payload), received },
    origin,
    limits,
  );
  expect(fixes).toEqual([]);
  expect(rejections).toMatchObject([{ reason }]);
});

test.each([
  { fields: {}, flags: 0 },
  { fields: { lat: 0, lng: 0 }, flags: fixFlags.zero },
  { fields: { accuracy: 200 }, flags: 0 },
  { fields: { accuracy: 201 }, flags: fixFlags.accuracy },
  { fields: { ts: Date.UTC(2014, 11, 31) }, flags: fixFlags.clock_past },
  { fields: { ts: (received + 60) * 1000 }, flags: 0 },
  {
    fields: { ts: (received + 61) * 1000, accuracy: 1e6 },
    flags: fixFlags.clock_future | fixFlags.accuracy,
  },
])('decode() flags $fields as $flags and keeps it', ({ fields, flags }) => {
  expect(decodeJson({ ...aFix, ...fields }).fixes).toMatchObject([{ flags }]);
});

test('decode() rounds to the millisecond and takes a negative speed for unknown', () => {
  expect(decodeJson({ ...aFix, ts: 1_790_000_000_000.6, speed: -1 }).fixes).toMatchObject([
    { at: 1_790_000_000.001, speed: undefined },
  ]);
});

test('contentKey() is the same whatever says nothing about the van, and differs when a measured value does', () => {
  const key = (fields: object) => decodeJson({ ...aFix, ...fields }).fixes[0]?.key;
  const plain = key({});
  for (const fields of [{ sent: 1 }, { buffered: true }, { boot: 'b' }, { speed: null }, { events: null }]) {
    expect(key(fields), JSON.stringify(fields)).toBe(plain);
  }
  const measured = [
    ...[{ lat: 45.000001 }, { lng: -122.1 }, { speed: 0 }, { heading: 0 }, { accuracy: 0 }, { altitude: 0 }],
    ...[{ satellites: 0 }, { ignition: false }, { ignition: true }, { odometer: 0 }, { fuel: 0 }, { soc: 0 }],
    ...[
      { speed: -3 },
      { speed: -1 },
      { rpm: 0 },
      { door: false },
      { belt: false },
      { events: [] },
      { events: [{ type: 'x' }] },
    ],
  ];
  const keys = measured.map(key);
  expect(new Set([plain, ...keys]).size).toBe(measured.length + 1);
  for (const each of keys) expect(each).toBeLessThan(0);
  // Part of what is stored: a change of the hash would store every fix again.
  expect(contentKey({ lng: -122, lat: 45, speed: 10.5 }, '')).toMatchInlineSnapshot(`-4047943514840095`);
});
