import { expect, test } from 'vitest';
import { compare } from './audit.ts';

test('compare() names what was acknowledged and is missing, what stands twice and what nobody offered', () => {
  // Seq 3 was offered and not acknowledged: there or not, it is no fault.
  const acknowledged = Uint8Array.of(1, 1, 1, 0);
  expect(compare(acknowledged, [0, 1, 2])).toEqual({ lost: 0, duplicated: 0, unoffered: 0 });
  expect(compare(acknowledged, [2, 3, 0, 1])).toEqual({ lost: 0, duplicated: 0, unoffered: 0 });
  expect(compare(acknowledged, [0, 0, 2, 4, 2])).toEqual({ lost: 1, duplicated: 2, unoffered: 1 });
});
