import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OwnMessage } from '../../../schemas/fix.ts';
import { NUMBER_BYTES, writeDecimal, writeQuoted, writeWhole } from './bytes.ts';
import { ownPayload } from './own.ts';

/** Written between other bytes, which have to stay. */
function written(bytesMax: number, write: (to: Buffer, at: number) => number): string {
  const to = Buffer.alloc(bytesMax + 2, '#');
  const end = write(to, 1);
  expect(end).toBeLessThanOrEqual(bytesMax + 1);
  expect([to[0], to[end]]).toEqual([35, 35]);
  return to.toString('utf8', 1, end);
}

/** As receivers say them, and as they hopefully never do. */
const decimals = (places: number) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: -2e9, max: 2e9 }).map((scaled) => scaled / 10 ** places) },
    fc.integer({ min: -200, max: 200 }).map((scaled) => scaled / 10 ** places),
    fc.double(),
    fc.constantFrom(0, -0, 1e-7, -1e-6, 2e-6, 1e21, 180, -180, 2_147_483_647, 2_147_483_648, 2 ** 53),
  );
const whole = fc.oneof(
  fc.integer({ min: 0, max: 2e9 }),
  fc.maxSafeInteger(),
  fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }),
  fc.double(),
);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const known = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });

test('numbers and text are the bytes of JSON.stringify', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 7 }).chain((places) => fc.tuple(fc.constant(places), decimals(places))),
      ([places, value]) => {
        expect(written(NUMBER_BYTES, (to, at) => writeDecimal(to, at, value, places))).toBe(
          JSON.stringify(value),
        );
      },
    ),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(whole, (value) => {
      expect(written(NUMBER_BYTES, (to, at) => writeWhole(to, at, value))).toBe(JSON.stringify(value));
    }),
    { numRuns: 1000 },
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(written(6 * text.length + 2, (to, at) => writeQuoted(to, at, text))).toBe(JSON.stringify(text));
    }),
  );
});

/** Members in the order in which devices make them. */
const message = fc.record(
  {
    ts: whole,
    lat: decimals(7),
    lng: decimals(7),
    speed: optional(known(decimals(2))),
    heading: optional(known(decimals(1))),
    accuracy: optional(known(decimals(1))),
    altitude: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, decimals(1)),
    satellites: optional(known(whole)),
    seq: optional(known(whole)),
    boot: optional(known(fc.string({ unit: 'binary', maxLength: 70 }))),
    ignition: optional(known(fc.boolean())),
    odometer: optional(known(decimals(1))),
    soc: optional(known(decimals(4))),
    fuel: optional(known(decimals(4))),
    rpm: optional(known(whole)),
    door: optional(known(fc.boolean())),
    belt: optional(known(fc.boolean())),
    buffered: optional(known(fc.boolean())),
  },
  { noNullPrototype: true },
);

test('an own message is the bytes of JSON.stringify, whatever its members are', () => {
  fc.assert(
    fc.property(message, whole, (own, sent) => {
      const payload = ownPayload(own as OwnMessage, () => sent);
      const text = typeof payload === 'string' ? payload : written(payload.bytesMax, payload.write);
      expect(text).toBe(JSON.stringify({ ...own, sent }));
    }),
    { numRuns: 2000 },
  );
});
