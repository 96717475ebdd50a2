import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fixAt, packFixes, unpackColumns } from './batch.ts';
import type { Fix } from './fix.ts';

const number = fc.double({ noNaN: true, noDefaultInfinity: true });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const anyFix: fc.Arbitrary<Fix> = fc.record({
  fleetId: fc.nat(),
  vehicleId: fc.nat(),
  deviceId: fc.nat(),
  at: number,
  key: fc.maxSafeInteger(),
  received: number,
  lng: number,
  lat: number,
  speed: maybe(number),
  heading: maybe(number),
  accuracy: maybe(number),
  altitude: maybe(number),
  satellites: maybe(fc.nat()),
  ignition: maybe(fc.boolean()),
  odometer: maybe(number),
  fuel: maybe(number),
  soc: maybe(number),
  rpm: maybe(number),
  door: maybe(fc.boolean()),
  belt: maybe(fc.boolean()),
  seq: maybe(fc.nat()),
  sent: maybe(number),
  buffered: maybe(fc.boolean()),
  flags: fc.nat(),
});

test('unpackColumns() gives back what packFixes() took, when read from any byte offset', () => {
  fc.assert(
    fc.property(fc.array(anyFix, { maxLength: 20 }), fc.nat({ max: 7 }), (fixes, shift) => {
      const packed = packFixes(fixes);
      // As a database driver gives it.
      const shifted = Buffer.alloc(packed.length + shift);
      shifted.set(packed, shift);
      const columns = unpackColumns(shifted.subarray(shift));
      expect(Array.from({ length: columns.count }, (_, i) => fixAt(columns, i))).toEqual(fixes);
    }),
  );
});

test.each([
  { bytes: new Uint8Array(3), says: 'PLB1' },
  { bytes: packFixes([]).map((byte, i) => (i === 4 ? 9 : byte)), says: '9 fixes' },
])('unpackColumns() refuses what is no batch, saying $says', ({ bytes, says }) => {
  expect(() => unpackColumns(bytes)).toThrow(says);
});
