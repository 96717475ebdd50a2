import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Fix } from '../../schemas/fix.ts';
import { ingestLimits } from '../config.ts';
import { decode } from './decode.ts';
import { scanFixes } from './scan-own-message.ts';

const origin = { fleetId: 1, vehicleId: 2, deviceId: 3 };
const received = 1_790_000_010;
const limits = { ...ingestLimits, messageBytes: 2_000, fixesPerMessage: 5 };
const making = { origin, received, lastBoot: 'b1' };

/** The fixes that the scanner finds in a payload that has something before and behind it; undefined: not for it. */
function scanned(payload: Uint8Array): Fix[] | undefined {
  const bytes = Buffer.concat([Buffer.from('7}'), payload, Buffer.from('}]1')]);
  const into = [{ flags: -1 } as Fix];
  const isTaken = scanFixes({ bytes, start: 2, end: 2 + payload.length }, into, making, limits);
  expect(into.shift()).toEqual({ flags: -1 });
  if (!isTaken) expect(into).toEqual([]);
  return isTaken ? into : undefined;
}

function check(payload: Uint8Array): boolean {
  const fixes = scanned(payload);
  if (fixes === undefined) return false;
  const told = decode({ channel: 'telemetry', payload, received }, origin, limits);
  expect({ fixes, reports: [], rejections: [] }).toEqual(told);
  return true;
}

const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${length}}$`));
/** What stands where a number is expected: numbers in every spelling, and what only looks like one. */
const numberText = fc.oneof(
  fc.integer().map(String),
  fc.double().map(String),
  fc.tuple(fc.constantFrom('', '-'), digits(17), digits(17)).map(([sign, a, b]) => `${sign}${a}.${b}`),
  fc.constantFrom(
    '0',
    '-0',
    '-0.0',
    '00',
    '1.',
    '.5',
    '-',
    '1e3',
    '1E-3',
    '+1',
    '9007199254740993',
    '32768',
    'NaN',
  ),
);
const otherText = fc.oneof(
  fc.constantFrom(
    'null',
    'true',
    'false',
    'tru',
    'nul',
    'falsehood',
    '"',
    '""',
    '"b1"',
    '"b"',
    '"b12"',
    '[]',
    '{}',
  ),
  fc.json({ maxDepth: 1 }),
  fc.string({ maxLength: 70 }).map((text) => JSON.stringify(text)),
);
const key = fc.constantFrom(
  ...[
    'seq',
    'boot',
    'speed',
    'heading',
    'accuracy',
    'altitude',
    'satellites',
    'ignition',
    'odometer',
    'fuel',
  ],
  ...[
    'soc',
    'rpm',
    'door',
    'belt',
    'sent',
    'buffered',
    'events',
    'ts',
    'lat',
    'sed',
    '',
    's',
    'x'.repeat(12),
  ],
);
const space = fc.constantFrom('', '', '', ' ', '  ', '\t', '\n');
const field = fc
  .tuple(space, key, space, fc.oneof(numberText, otherText), space)
  .map(([a, name, b, value, c]) => `${a}"${name}":${b}${value}${c}`);
const object = fc
  .tuple(
    fc.array(field, { maxLength: 8 }),
    fc.double({ min: -91, max: 91 }),
    fc.integer({ min: -5, max: 2e12 }),
  )
  .map(
    ([fields, lat, ts]) => `{"ts":${ts},"lat":${lat.toFixed(6)},${[...fields, '"lng":-122.5'].join(',')}}`,
  );
const message = fc.oneof(
  object,
  fc.tuple(space, fc.array(object, { maxLength: 7 })).map(([a, all]) => `[${all.join(`,${a}`)}]`),
);

test('scanFixes() finds what decode() does in whatever it takes, and takes nothing that decode() refuses', () => {
  fc.assert(
    fc.property(message, (text) => void check(Buffer.from(text))),
    { numRuns: 5_000 },
  );
});

test('scanFixes() is not misled by a message with a byte changed, put in or left out', () => {
  const whole = fc.oneof(fc.constant(typical()), message);
  fc.assert(
    fc.property(whole, fc.nat(), fc.nat(255), fc.nat(2), (text, at, byte, removed) => {
      const bytes = Buffer.from(text);
      const i = at % bytes.length;
      check(Buffer.concat([bytes.subarray(0, i), Buffer.of(byte), bytes.subarray(i + removed)]));
      check(bytes.subarray(0, i));
    }),
    { numRuns: 5_000 },
  );
});

test('scanFixes() reads every decimal as JSON does', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999_999 }), fc.nat(8), (units, decimals) => {
      const text = (units / 10 ** decimals).toFixed(decimals);
      const [fix] = scanned(Buffer.from(`{"ts":1,"lat":1,"lng":1,"odometer":-${text}}`)) ?? [];
      expect(fix?.odometer).toBe(JSON.parse(`-${text}`));
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  typical(),
  typical().replaceAll(':', ': ').replaceAll(',', ', '),
  `[${typical()},${typical()}]`,
  '{"ts":1790000000000,"lat":-45.5,"lng":0,"altitude":-12.25,"satellites":11,"fuel":0.62,"soc":null,"rpm":1500,' +
    '"door":false,"belt":true,"buffered":true,"ignition":false,"speed":-1}',
])('scanFixes() takes what devices say all day: %s', (text) => {
  expect(check(Buffer.from(text))).toBe(true);
});

test.each([
  '{"ts":1790000000000,"lat":45,"lng":-122,"events":[{"type":"harsh_braking"}]}',
  '{"ts":1790000000000,"lat":45,"lng":-122,"unknown":1}',
  '{"ts":1790000000000,"lat":45,"lng":-122,"lat":46}',
  '{"ts":1790000000000,"lat":45,"lng":-122,"boot":"\\u0041"}',
  '{"ts":1790000000000,"lat":45,"lng":-122,"boot":"é"}',
  '{"ts":1.79e12,"lat":45,"lng":-122}',
  '{"ts":1790000000000,"lat":95,"lng":-122}',
  `[${Array(6).fill('{"ts":1,"lat":45,"lng":-122}').join(',')}]`,
  '[]',
  '',
])('scanFixes() leaves to decode() what is seldom: %s', (text) => {
  expect(scanned(Buffer.from(text))).toBeUndefined();
});

function typical(): string {
  return JSON.stringify({
    ...{
      ts: 1_790_000_000_000,
      lat: 45.5231,
      lng: -122.6765,
      seq: 481,
      boot: 'b1',
      speed: 10.4,
      heading: 182,
    },
    ...{ accuracy: 5, ignition: true, odometer: 123_456.7, sent: 1_790_000_000_700 },
  });
}
