import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frame } from '../../schemas/position.ts';
import { random } from '../../schemas/random.ts';
import { violations } from './check.ts';
import type { SequenceProblem } from './problem.ts';
import { resequence } from './search.ts';

const plane = frame({ lng: -83, lat: 40 });

function aProblem(seed: number, n: number, windowShare: number): SequenceProblem {
  const chance = random(seed);
  const places = Array.from({ length: n }, () =>
    plane.position(chance.between(-2000, 2000), chance.between(-2000, 2000)),
  );
  const windows = places.map(() => (chance.chance(windowShare) ? chance.between(600, 9000) : undefined));
  return {
    start: plane.position(-2500, 0),
    startAt: 1000,
    depot: plane.position(-2500, -500),
    lng: Float64Array.from(places, ({ lng }) => lng),
    lat: Float64Array.from(places, ({ lat }) => lat),
    service: Float64Array.from(places, () => chance.between(30, 200)),
    windowFrom: Float64Array.from(windows, (from) => from ?? Number.NEGATIVE_INFINITY),
    windowUntil: Float64Array.from(windows, (from) => (from ?? Number.POSITIVE_INFINITY) + 1800),
    perMetre: 0.19,
    committed: Math.min(n, 1 + chance.integer(2)),
  };
}

test('resequence() gives an order that the checker accepts, whatever the problem', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e6 }),
      fc.integer({ min: 0, max: 40 }),
      fc.constantFrom(0, 0.1, 1),
      (seed, n, windowShare) => {
        const problem = aProblem(seed, n, windowShare);
        expect(violations(problem, resequence({ problem, seed: 's', rounds: 3 }))).toEqual([]);
      },
    ),
    { numRuns: 60, seed: 5 },
  );
});

test('resequence() finds the obvious order, when stops along a line are visited at random', () => {
  const line = [7, 2, 9, 4, 1, 8, 3, 6, 5];
  const places = line.map((x) => plane.position(x * 100, 0));
  const blank = aProblem(1, line.length, 0);
  const problem = {
    ...blank,
    start: plane.position(0, 0),
    depot: plane.position(1000, 0),
    lng: Float64Array.from(places, ({ lng }) => lng),
    lat: Float64Array.from(places, ({ lat }) => lat),
    committed: 0,
  };
  const { order } = resequence({ problem, seed: 's', rounds: 5 });
  expect(Array.from(order, (i) => line[i])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('violations() names what is wrong, when an order is tampered with', () => {
  const problem = aProblem(2, 6, 0);
  const fine = resequence({ problem, seed: 's', rounds: 1 });
  const twice = { ...fine, order: Int32Array.from([0, 1, 2, 3, 4, 4]) };
  expect(violations(problem, twice)).toEqual(['serves 5 of 6 stops']);
  expect(violations(problem, { ...fine, after: { ...fine.after, cost: 1 } })).toHaveLength(1);
});
