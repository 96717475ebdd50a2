import type { Problem } from '../problem.ts';
import {
  addedTimeCost,
  beginAt,
  idleTime,
  joinTo,
  legCost,
  type Stretch,
  savedByIdling,
} from '../segment.ts';
import { link, refreshTour, type Tours, unlink } from '../tours.ts';

const NEVER = Number.POSITIVE_INFINITY;

/**
 * Let two tours exchange their tails so that `to` comes right behind `after`. Only between vehicles that nothing
 * tells apart. Returns what it adds to the cost, Infinity when it cannot be.
 */
export function evaluateTwoOptStar(
  problem: Problem,
  tours: Tours,
  stretch: Stretch,
  after: number,
  to: number,
): number {
  const { next, prev, tourOf, leg } = tours;
  const ours = tourOf[after]!;
  const theirs = tourOf[to]!;
  if (ours === theirs || problem.typeOf[ours] !== problem.typeOf[theirs]) return NEVER;
  const before = prev[to]!;
  const tail = next[after]!;
  let delta =
    legCost(problem, ours, after, to) + legCost(problem, ours, before, tail) - leg[after]! - leg[before]!;
  delta -= savedByIdling(problem, ours, before, tail);
  if (delta >= 0) return delta;
  beginAt(problem, tours, stretch, after);
  joinTo(problem, tours, stretch, to);
  delta += addedTimeCost(problem, tours, stretch);
  beginAt(problem, tours, stretch, before);
  joinTo(problem, tours, stretch, tail);
  const time = addedTimeCost(problem, tours, stretch);
  delta += before >= problem.stopCount && tail >= problem.stopCount ? idleTime(problem, tours, theirs) : time;
  if (delta >= 0 || !haveRoom(problem, tours, after, to)) return NEVER;
  return delta;
}

function haveRoom(problem: Problem, tours: Tours, after: number, to: number): boolean {
  const { dimensionCount, capacity, net, stopCount } = problem;
  const { next, prev, tourOf, load } = tours;
  for (let d = 0; d < dimensionCount; d++) {
    let head = 0;
    for (let node = after; node < stopCount; node = prev[node]!)
      head += Math.abs(net[node * dimensionCount + d]!);
    let tail = 0;
    for (let node = to; node < stopCount; node = next[node]!)
      tail += Math.abs(net[node * dimensionCount + d]!);
    const ours = tourOf[after]! * dimensionCount + d;
    const theirs = tourOf[to]! * dimensionCount + d;
    const both = load[ours]! + load[theirs]!;
    if (head + tail > capacity[ours]! || both - head - tail > capacity[theirs]!) return false;
  }
  return true;
}

export function applyTwoOptStar(problem: Problem, tours: Tours, after: number, to: number): void {
  const { stopCount } = problem;
  const { next, prev, tourOf } = tours;
  const [ours, theirs] = [tourOf[after]!, tourOf[to]!];
  const before = prev[to]!;
  const tails: number[][] = [[], []];
  for (let node = next[after]!; node < stopCount; node = next[node]!) tails[0]!.push(node);
  for (let node = to; node < stopCount; node = next[node]!) tails[1]!.push(node);
  for (const tail of tails) for (const stop of tail) unlink(tours, stop);
  for (const [tail, head] of [
    [tails[0]!, before],
    [tails[1]!, after],
  ] as const) {
    let behind = head;
    for (const stop of tail) {
      link(tours, stop, behind);
      behind = stop;
    }
  }
  refreshTour(problem, tours, ours);
  refreshTour(problem, tours, theirs);
}
