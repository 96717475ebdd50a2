import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Fix } from '../schemas/fix.ts';
import { fixFlags } from '../schemas/reasons.ts';
import type { Delivery } from './broker/delivery.ts';
import { tallyFromText, tallyText, Uncounted } from './store/uncounted.ts';
import { tally } from './tally.ts';

const aFix = (fields: Partial<Fix> = {}): Fix => ({
  ...{ fleetId: 1, vehicleId: 1, deviceId: 1, at: 100, key: 1, received: 200, lng: 1, lat: 1, flags: 0 },
  ...fields,
});

const delivery = (...fixes: readonly Fix[]): Delivery => ({
  ...{ topic: 't', received: 200, fleetId: 1, deviceId: fixes[0]?.deviceId ?? 1, knock: undefined, bytes: 1 },
  ...{ fixes, reports: [], rejections: [], acknowledge() {} },
});

test.each([
  { before: 100, ats: [101, 99, 102], late: 1 },
  { before: 100, ats: [100], late: 0 },
  { before: undefined, ats: [3, 2, 1], late: 2 },
])('tally() counts $late late, when $ats come after $before', ({ before, ats, late }) => {
  const { devices, newest } = tally(
    [delivery(...ats.map((at) => aFix({ at })))],
    () => true,
    () => before,
  );
  expect(devices).toMatchObject([{ late, accepted: ats.length }]);
  expect(newest.get(1)).toBe(before === Math.max(...ats) ? undefined : Math.max(...ats));
});

test('tally() lets a clock that is ahead make nothing late, and a duplicate move nothing', () => {
  const ahead = aFix({ at: 9_000, flags: fixFlags.clock_future });
  const { devices, newest } = tally(
    [delivery(ahead, aFix({ at: 500 }), aFix({ at: 400 }))],
    (n) => n !== 1,
    () => undefined,
  );
  expect(devices).toMatchObject([{ accepted: 2, duplicate: 1, filtered: 1, late: 0, lastAt: 400 }]);
  expect(newest.get(1)).toBe(400);
});

const anyFix = fc
  .record({
    deviceId: fc.integer({ min: 1, max: 3 }),
    at: fc.nat(50),
    seq: fc.nat(50),
    boot: fc.constantFrom('a', 'b'),
  })
  .map((fields) => aFix({ ...fields, vehicleId: fields.deviceId }));

test('Uncounted gives the same sums, however the fixes were split over commits and kept as text between', () => {
  fc.assert(
    fc.property(fc.array(fc.array(anyFix, { minLength: 1, maxLength: 6 }), { maxLength: 6 }), (commits) => {
      const never = () => undefined;
      const parts = new Uncounted();
      for (const fixes of commits) {
        const part = tally(
          fixes.map((fix) => delivery(fix)),
          () => true,
          never,
        );
        parts.add(tallyFromText(tallyText(part)));
      }
      const whole = new Uncounted();
      whole.add(
        tally(
          commits.flat().map((fix) => delivery(fix)),
          () => true,
          never,
        ),
      );
      // Late depends on what was known before, which this test leaves out.
      const withoutLate = (sums: Uncounted) =>
        sums.columns().map((column, i) => (i === 4 ? [] : [...column].sort()));
      expect(withoutLate(parts)).toEqual(withoutLate(whole));
    }),
  );
});
