import { expect, test } from 'vitest';
import { check } from './check.ts';
import type { Plan, Step } from './plan.ts';
import type { ProblemInput } from './problem-input.ts';

/** One van, two stops on a line: depot at 0, a at 10, b at 20. A unit of distance takes a unit of time. */
const problem: ProblemInput = {
  name: 'line',
  placeCount: 3,
  profiles: [{ distance: [0, 10, 20, 10, 0, 10, 20, 10, 0], duration: [0, 10, 20, 10, 0, 10, 20, 10, 0] }],
  stops: [
    { id: 'a', place: 1, service: 5, windows: [{ from: 12, until: 30 }], delivery: [2] },
    { id: 'b', place: 2, service: 5, delivery: [2] },
  ],
  vehicles: [
    {
      id: 'van',
      start: 0,
      end: 0,
      capacity: [4],
      shift: { from: 0, until: 100 },
      costs: { fixed: 7, perDistance: 1, perTravelTime: 0 },
    },
  ],
};

// Depart 2, reach a at 12, done 17, b at 27, done 32, back at 52: 7 fixed + 40 driven.
const start: Step = { kind: 'start', place: 0, arrival: 2, begin: 2, done: 2 };
const a: Step = { kind: 'stop', id: 'a', place: 1, arrival: 12, begin: 12, done: 17 };
const b: Step = { kind: 'stop', id: 'b', place: 2, arrival: 27, begin: 27, done: 32 };
const end: Step = { kind: 'end', place: 0, arrival: 52, begin: 52, done: 52 };
const planned = (steps: readonly Step[], cost = 47): Plan => ({
  cost,
  routes: [{ vehicle: 'van', steps }],
  unserved: [],
});

test('check() accepts a plan whose arithmetic is right', () => {
  expect(check(problem, planned([start, a, b, end]))).toEqual({ feasible: true, violations: [], cost: 47 });
});

test.each<[string, ProblemInput, Plan, RegExp]>([
  ['a wrong cost', problem, planned([start, a, b, end], 40), /says it costs 40, it costs 47/],
  [
    'a stop left out in silence',
    problem,
    planned([start, a, { ...end, arrival: 27, begin: 27, done: 27 }], 27),
    /b is neither/,
  ],
  ['a stop served twice', problem, planned([start, a, a, b, end]), /a is served more than once/],
  [
    'an arrival too good to be true',
    problem,
    planned([start, { ...a, arrival: 11 }, b, end]),
    /reaches a at 11, not at 12/,
  ],
  [
    'a service outside its window',
    problem,
    planned([start, { ...a, begin: 31, done: 36 }, b, end]),
    /outside its windows/,
  ],
  [
    'an overloaded van',
    { ...problem, vehicles: problem.vehicles.map((van) => ({ ...van, capacity: [3] })) },
    planned([start, a, b, end]),
    /leaves with 4 of 3/,
  ],
  [
    'a long day',
    { ...problem, vehicles: problem.vehicles.map((van) => ({ ...van, durationMax: 49 })) },
    planned([start, a, b, end]),
    /out for 50, too long/,
  ],
  [
    'a late return',
    { ...problem, vehicles: problem.vehicles.map((van) => ({ ...van, shift: { from: 0, until: 51 } })) },
    planned([start, a, b, end]),
    /back at 52, after its shift/,
  ],
  [
    'a missed break',
    {
      ...problem,
      vehicles: problem.vehicles.map((van) => ({
        ...van,
        breaks: [{ window: { from: 20, until: 30 }, duration: 5 }],
      })),
    },
    planned([start, a, b, end]),
    /misses its break/,
  ],
  [
    'an unknown van',
    problem,
    { ...planned([start, a, b, end]), routes: [{ vehicle: 'ghost', steps: [start, end] }] },
    /no vehicle ghost/,
  ],
])('check() finds %s', (_name, input, plan, expected) => {
  const { feasible, violations } = check(input, plan);
  expect(feasible).toBe(false);
  expect(violations.join('\n')).toMatch(expected);
});
