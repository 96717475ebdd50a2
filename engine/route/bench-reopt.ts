import { random } from '../../schemas/random.ts';
import { check } from './solver/check.ts';
import type { ProblemInput, StopInput, VehicleInput } from './solver/problem-input.ts';
import { solve } from './solver/solve.ts';
import { afterIterations, afterTime } from './solver/stop-when.ts';

const VANS = 8;
const STOPS = 600;
/** Of the 500 ms from event to plan: what packing, checking and unpacking leave for the search. */
const SEARCH_MS = 400;

/**
 * From an event to a checked plan: eight vans share 600 stops, one breaks down, and the other seven take what
 * they can. Returns the milliseconds of each repetition by the wall clock.
 */
export function reoptimizations(
  count: number,
  wall: () => number,
): { times: number[]; areFeasible: boolean } {
  const before = town();
  const planned = solve(before, { seed: 1, stop: afterIterations(20_000) }).plan;
  const orders = before.vehicles.map(
    ({ id }) =>
      planned.routes
        .find(({ vehicle }) => vehicle === id)
        ?.steps.flatMap((step) => (step.id === undefined ? [] : [step.id])) ?? [],
  );
  const times: number[] = [];
  let areFeasible = true;
  for (let k = 0; k < count; k++) {
    const begin = wall();
    const broken = k % VANS;
    const vehicles = before.vehicles.filter((_, v) => v !== broken);
    const after = { ...before, vehicles };
    const from = orders.filter((_, v) => v !== broken);
    const { plan } = solve(after, { seed: k, stop: afterTime(wall, SEARCH_MS), from });
    areFeasible &&= check(after, plan).violations.length === 0;
    times.push(wall() - begin);
  }
  return { times, areFeasible };
}

/** Eight quarters of 75 stops; two thirds of a day's work, so that seven vans can nearly do it. */
function town(): ProblemInput {
  const dice = random('bench town');
  const points = Array.from({ length: STOPS + 1 }, (_, k) =>
    k === 0 ? ([6_000, 6_000] as const) : ([dice.integer(12_000), dice.integer(12_000)] as const),
  );
  const distance = new Int32Array(points.length ** 2);
  for (const [i, [x, y]] of points.entries()) {
    for (const [j, [toX, toY]] of points.entries()) {
      distance[i * points.length + j] = Math.round(1.28 * Math.hypot(toX - x, toY - y));
    }
  }
  const stops = points.slice(1).map((_, index): StopInput => {
    const from = 3_600 * (1 + dice.integer(6));
    return {
      id: `stop ${index}`,
      place: index + 1,
      service: 60 + dice.integer(80),
      delivery: [1],
      unservedCost: 100_000,
      ...(dice.chance(0.1) && { windows: [{ from, until: from + 7_200 }] }),
    };
  });
  const vehicles = Array.from(
    { length: VANS },
    (_, v): VehicleInput => ({
      id: `van ${v}`,
      start: 0,
      end: 0,
      capacity: [110],
      shift: { from: 0, until: 9 * 3_600 },
      costs: { fixed: 0, perDistance: 1, perTravelTime: 1 },
    }),
  );
  const duration = distance.map((metres) => Math.round(metres / 7));
  return { name: 'town', placeCount: points.length, profiles: [{ distance, duration }], stops, vehicles };
}
