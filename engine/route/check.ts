import { distance } from '../../schemas/position.ts';
import { LATENESS_WEIGHT, type SequenceProblem } from './problem.ts';
import type { Resequenced } from './search.ts';

/**
 * Judges a new order from the problem alone, sharing nothing with the search: what is wrong with it,
 * or nothing.
 */
export function violations(problem: SequenceProblem, { order, before, after }: Resequenced): string[] {
  const found: string[] = [];
  const n = problem.lng.length;
  const served = new Set(order);
  if (order.length !== n || served.size !== n) found.push(`serves ${served.size} of ${n} stops`);
  for (const stop of served) if (stop < 0 || stop >= n) found.push(`stop ${stop} is none of the route`);
  for (let k = 0; k < problem.committed; k++) {
    if (order[k] !== k) found.push(`committed stop ${k} is not at its place`);
  }
  if (found.length > 0) return found;
  const running = walk(
    problem,
    [...served].sort((a, b) => a - b),
  );
  const proposed = walk(problem, [...order]);
  const isOff = (a: number, b: number) => Math.abs(a - b) > 0.01;
  if (isOff(running, before.cost)) found.push(`the running order costs ${running}, not ${before.cost}`);
  if (isOff(proposed, after.cost)) found.push(`the new order costs ${proposed}, not ${after.cost}`);
  if (proposed > running + 0.01) found.push('the new order is worse than the running one');
  return found;
}

function walk(problem: SequenceProblem, order: readonly number[]): number {
  let here = problem.start;
  let t = problem.startAt;
  let lateness = 0;
  for (const stop of order) {
    const place = { lng: problem.lng[stop] ?? 0, lat: problem.lat[stop] ?? 0 };
    const arrival = t + distance(here, place) * problem.perMetre;
    const begins = Math.max(arrival, problem.windowFrom[stop] ?? 0);
    lateness += Math.max(0, begins - (problem.windowUntil[stop] ?? 0));
    t = begins + (problem.service[stop] ?? 0);
    here = place;
  }
  t += distance(here, problem.depot) * problem.perMetre;
  return t - problem.startAt + LATENESS_WEIGHT * lateness;
}
