import type { Problem } from '../problem.ts';
import { addedTimeCost, beginAt, extend, joinTo, legCost, type Stretch } from '../segment.ts';
import { refreshTour, type Tours } from '../tours.ts';

const NEVER = Number.POSITIVE_INFINITY;

/**
 * Drive the stops behind `after` up to `last` the other way round, so that `last` comes right behind `after`.
 * Returns what it adds to the cost, Infinity when it cannot be (or `last` is not behind `after`).
 */
export function evaluateTwoOpt(
  problem: Problem,
  tours: Tours,
  stretch: Stretch,
  after: number,
  last: number,
): number {
  const { next, prev, tourOf, leg } = tours;
  const vehicle = tourOf[last]!;
  const first = next[after]!;
  if (first === last || tourOf[after] !== vehicle) return NEVER;
  const behind = next[last]!;
  let delta = legCost(problem, vehicle, after, last) + legCost(problem, vehicle, first, behind);
  delta -= leg[after]! + leg[last]!;
  if (delta >= 0) return delta;
  beginAt(problem, tours, stretch, after);
  for (let node = last; ; node = prev[node]!) {
    // The depot on the way back: `last` comes before `after`.
    if (node >= problem.stopCount) return NEVER;
    extend(problem, stretch, node);
    if (!stretch.fits) return NEVER;
    if (node === first) break;
    const before = prev[node]!;
    if (before < problem.stopCount) delta += legCost(problem, vehicle, node, before) - leg[before]!;
  }
  joinTo(problem, tours, stretch, behind);
  return delta + addedTimeCost(problem, tours, stretch);
}

export function applyTwoOpt(problem: Problem, tours: Tours, after: number, last: number): void {
  const { next, prev } = tours;
  const behind = next[last]!;
  let node = last;
  let to = after;
  // Walk back from `last`, hanging each stop behind the one before; its own `prev` is read before it is changed.
  while (node !== after) {
    const before = prev[node]!;
    next[to] = node;
    prev[node] = to;
    to = node;
    node = before;
  }
  next[to] = behind;
  prev[behind] = to;
  refreshTour(problem, tours, tours.tourOf[last]!);
}
