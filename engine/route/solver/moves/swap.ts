import type { Problem } from '../problem.ts';
import { addedTimeCost, beginAt, extend, joinTo, legCost, type Stretch } from '../segment.ts';
import { link, refreshTour, type Tours, unlink } from '../tours.ts';
import { canCarry } from './can-carry.ts';

const NEVER = Number.POSITIVE_INFINITY;

/** Let two stops of different tours change places. Returns what it adds to the cost, Infinity when it cannot be. */
export function evaluateSwap(problem: Problem, tours: Tours, stretch: Stretch, a: number, b: number): number {
  const { next, prev, tourOf, leg } = tours;
  const ours = tourOf[a]!;
  const theirs = tourOf[b]!;
  if (ours === theirs) return NEVER;
  const delta =
    legCost(problem, ours, prev[a]!, b) +
    legCost(problem, ours, b, next[a]!) +
    legCost(problem, theirs, prev[b]!, a) +
    legCost(problem, theirs, a, next[b]!) -
    (leg[prev[a]!]! + leg[a]! + leg[prev[b]!]! + leg[b]!);
  if (delta >= 0) return delta;
  if (!canCarry(problem, tours, theirs, a, a, b) || !canCarry(problem, tours, ours, b, b, a)) return NEVER;
  return delta + replaced(problem, tours, stretch, a, b) + replaced(problem, tours, stretch, b, a);
}

/** Cost of time when `b` stands in the place of `a`. */
function replaced(problem: Problem, tours: Tours, stretch: Stretch, a: number, b: number): number {
  beginAt(problem, tours, stretch, tours.prev[a]!);
  extend(problem, stretch, b);
  joinTo(problem, tours, stretch, tours.next[a]!);
  return addedTimeCost(problem, tours, stretch);
}

export function applySwap(problem: Problem, tours: Tours, a: number, b: number): void {
  const [ours, theirs] = [tours.tourOf[a]!, tours.tourOf[b]!];
  const [behindA, behindB] = [tours.prev[a]!, tours.prev[b]!];
  unlink(tours, a);
  unlink(tours, b);
  link(tours, b, behindA);
  link(tours, a, behindB);
  refreshTour(problem, tours, ours);
  refreshTour(problem, tours, theirs);
}
