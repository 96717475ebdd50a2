import type { Problem } from './problem.ts';
import type { Tours } from './tours.ts';

/**
 * A stretch of tour being put together: a vehicle's departure up to `node`, summarised so that one more
 * stop, or the whole rest of a tour, is added in constant time (Vidal et al. 2013, section 3.3).
 */
export type Stretch = {
  vehicle: number;
  node: number;
  /** Earliest instant everything so far is done. */
  done: number;
  /** Least time from departure to then; `last` is the latest departure that keeps all windows. */
  span: number;
  last: number;
  /** Whether all windows so far are kept. */
  fits: boolean;
};

export function emptyStretch(): Stretch {
  return { vehicle: 0, node: 0, done: 0, span: 0, last: 0, fits: true };
}

/** Begin with what a tour has up to and including `node`. */
export function beginAt(problem: Problem, tours: Tours, stretch: Stretch, node: number): void {
  stretch.vehicle = tours.tourOf[node]!;
  stretch.node = node;
  stretch.done = tours.ready[node]!;
  stretch.fits = true;
  if (!problem.traits.hasDuration) return;
  stretch.span = tours.span[node]!;
  stretch.last = tours.latest[node]!;
}

/** Go on to one more stop. */
export function extend(problem: Problem, stretch: Stretch, stop: number): void {
  const travel = travelTime(problem, stretch.vehicle, stretch.node, stop);
  const open = problem.open[stop]!;
  const close = problem.close[stop]!;
  const begin = Math.max(stretch.done + travel, open);
  if (begin > close) stretch.fits = false;
  stretch.done = begin + problem.service[stop]!;
  stretch.node = stop;
  if (!problem.traits.hasDuration) return;
  const moved = stretch.span + travel;
  const wait = Math.max(0, open - moved - stretch.last);
  stretch.last = Math.min(stretch.last, close - moved);
  stretch.span = moved + wait + problem.service[stop]!;
}

/** Go on with all that a tour has from `node` on. Afterwards `span` is that of the whole tour. */
export function joinTo(problem: Problem, tours: Tours, stretch: Stretch, node: number): void {
  const travel = travelTime(problem, stretch.vehicle, stretch.node, node);
  if (stretch.done + travel > tours.late[node]!) stretch.fits = false;
  if (!problem.traits.hasDuration) return;
  const moved = stretch.span + travel;
  stretch.span = moved + Math.max(0, tours.soonest[node]! - moved - stretch.last) + tours.spanTo[node]!;
  if (stretch.span > problem.durationMax[stretch.vehicle]!) stretch.fits = false;
}

/** What the finished stretch's time costs beyond what its vehicle's present tour does; Infinity if it does not fit. */
export function addedTimeCost(problem: Problem, tours: Tours, { vehicle, span, fits }: Stretch): number {
  if (!fits) return Number.POSITIVE_INFINITY;
  if (!problem.traits.hasDuration) return 0;
  const now = tours.span[problem.stopCount + problem.vehicleCount + vehicle]!;
  return problem.perDuration[vehicle]! * (span - now);
}

export function travelTime(problem: Problem, vehicle: number, from: number, to: number): number {
  const { size, place, time } = problem;
  return time[problem.timeBase[vehicle]! + place[from]! * size + place[to]!]!;
}

export function legCost(problem: Problem, vehicle: number, from: number, to: number): number {
  const { size, place, cost } = problem;
  return cost[problem.costBase[vehicle]! + place[from]! * size + place[to]!]!;
}

/** What is saved, besides legs, when a tour that is left with the leg `from` → `to` alone is not driven at all. */
export function savedByIdling(problem: Problem, vehicle: number, from: number, to: number): number {
  if (from < problem.stopCount || to < problem.stopCount) return 0;
  return problem.fixedCost[vehicle]! + legCost(problem, vehicle, from, to);
}

/** What the time of a tour that is not driven any more costs beyond its present tour: nothing, so all of it is saved. */
export function idleTime({ traits }: Problem, { timing }: Tours, vehicle: number): number {
  return traits.hasDuration ? -timing[vehicle]! : 0;
}

/** Whether `earlier` comes before `later` in the tour of both. */
export function isBefore({ stopCount }: Problem, { next }: Tours, earlier: number, later: number): boolean {
  let node = earlier;
  do {
    node = next[node]!;
    if (node === later) return true;
  } while (node < stopCount);
  return false;
}
