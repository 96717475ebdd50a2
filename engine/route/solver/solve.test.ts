import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { check } from './check.ts';
import { pack } from './pack.ts';
import type { Plan } from './plan.ts';
import { UnsoundProblem } from './problem.ts';
import type { ProblemInput } from './problem-input.ts';
import { solve } from './solve.ts';
import { afterIterations, afterTime } from './stop-when.ts';
import { randomProblem, type Spice } from './testing/random-problem.ts';

const iterations = (count: number) => ({ seed: 1, stop: afterIterations(count) });

const spices = fc.record({
  isUniform: fc.boolean(),
  isAsymmetric: fc.boolean(),
  hasDurations: fc.boolean(),
  isRich: fc.boolean(),
  hasPickups: fc.boolean(),
  hasShipments: fc.boolean(),
  hasSkills: fc.boolean(),
  isOpen: fc.boolean(),
  mayBeLeftOut: fc.boolean(),
  hasDimensions: fc.boolean(),
}) satisfies fc.Arbitrary<Spice>;

/** The checker's objections other than that something could not be served, which must have its reason. */
function objections(input: ProblemInput, plan: Plan): readonly string[] {
  for (const { reason } of plan.unserved) expect(reason).not.toBe('');
  return check(input, plan).violations.filter(
    (violation) => !violation.endsWith('must be served and is not'),
  );
}

test('solve() gives a plan the checker accepts or names what it cannot serve, for any problem', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e9 }), spices, (seed, spice) => {
      const input = randomProblem(seed, spice);
      expect(objections(input, solve(input, iterations(80)).plan)).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

test('solve() counts all of a lateness, when the promise lies before anything can begin', () => {
  const base = randomProblem(3, {});
  const stops = base.stops.map(({ windows: _, ...stop }) => ({ ...stop, lateness: [{ after: 0, rate: 1 }] }));
  const vehicles = base.vehicles.map((vehicle) => ({ ...vehicle, shift: { from: 100, until: 5000 } }));
  const input = { ...base, stops, vehicles };
  expect(objections(input, solve(input, iterations(80)).plan)).toEqual([]);
});

test('solve() is never worse than the plan it starts from, and accepts it back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e9 }), spices, (seed, spice) => {
      const input = randomProblem(seed, spice);
      const first = solve(input, iterations(30));
      const from = input.vehicles.map(
        ({ id }) =>
          first.plan.routes
            .find(({ vehicle }) => vehicle === id)
            ?.steps.flatMap((step) => (step.id === undefined ? [] : [step.id])) ?? [],
      );
      const second = solve(input, { ...iterations(5), seed: 2, from });
      expect(second.score).toBeLessThanOrEqual(first.score + 1e-6);
    }),
    { numRuns: 40 },
  );
});

test('solve() gives the same plan from the same seed, and is done when told to be', () => {
  const input = randomProblem(7, { hasShipments: true, isRich: true });
  expect(solve(input, iterations(300))).toEqual(solve(input, iterations(300)));
  let clock = 0;
  const { iterations: count } = solve(input, { seed: 1, stop: afterTime(() => clock++, 20) });
  expect(count).toBeLessThan(20 * 16 + 1);
});

describe('pack() refuses what makes no sense, in a sentence', () => {
  const sound = randomProblem(3, {});
  const [vehicle] = sound.vehicles;
  const [stop] = sound.stops;
  if (!vehicle || !stop) throw new Error('the fixture has both');
  const profile = sound.profiles[0] ?? { distance: [], duration: [] };
  test.each<[string, Partial<ProblemInput>, RegExp]>([
    ['no vehicles', { vehicles: [] }, /no vehicles/],
    ['a matrix of the wrong size', { placeCount: sound.placeCount + 1 }, /need \d+ entries, got \d+/],
    [
      'NaN in a matrix',
      { profiles: [{ ...profile, duration: [...Array.from(profile.duration).fill(Number.NaN)] }] },
      /duration from 0 to 0: NaN/,
    ],
    [
      'a window that ends before it begins',
      { stops: [{ ...stop, windows: [{ from: 9, until: 3 }] }] },
      /stop s0: the window ends \(3\) before it begins \(9\)/,
    ],
    [
      'a negative window',
      { stops: [{ ...stop, windows: [{ from: -5, until: 3 }] }] },
      /window from: -5 is not/,
    ],
    ['an unknown skill', { stops: [{ ...stop, skills: ['fly'] }] }, /no vehicle has the skill “fly”/],
    ['an id used twice', { stops: [stop, stop] }, /stop s0: the id is used twice/],
    ['a place off the matrix', { stops: [{ ...stop, place: 999 }] }, /place 999 is not one of the/],
    ['NaN as capacity', { vehicles: [{ ...vehicle, capacity: [Number.NaN] }] }, /capacity: NaN is not/],
    ['loads of different dimensions', { stops: [{ ...stop, delivery: [1, 2] }] }, /has 2 dimensions/],
  ])('%s', (_name, change, expected) => {
    const broken = { ...sound, ...change };
    expect(() => pack(broken)).toThrow(UnsoundProblem);
    expect(() => pack(broken)).toThrow(expected);
  });
});

test('solve() says why a stop cannot be served', () => {
  const base = randomProblem(11, {});
  const [vehicle, ...vehicles] = base.vehicles;
  const [stop] = base.stops;
  if (!vehicle || !stop) throw new Error('the fixture has both');
  const input: ProblemInput = {
    ...base,
    stops: [
      { ...stop, id: 'heavy', delivery: [1000] },
      { ...stop, id: 'early', windows: [{ from: 0, until: 0 }], delivery: [1], service: 5 },
      { ...stop, id: 'special', skills: ['fly'], vehicles: ['v1'], delivery: [1] },
    ],
    vehicles: [{ ...vehicle, skills: ['fly'] }, ...vehicles],
  };
  const reasons = Object.fromEntries(
    solve(input, iterations(20)).plan.unserved.map(({ id, reason }) => [id, reason]),
  );
  expect(reasons).toMatchObject({
    heavy: 'it is larger than any vehicle that may serve it',
    special: 'no vehicle may serve it: none has all the skills it asks for',
  });
});
