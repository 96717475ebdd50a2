import type { Problem } from '../problem.ts';
import {
  addedTimeCost,
  beginAt,
  extend,
  idleTime,
  isBefore,
  joinTo,
  legCost,
  type Stretch,
  savedByIdling,
} from '../segment.ts';
import { link, refreshTour, type Tours, unlink } from '../tours.ts';
import { canCarry } from './can-carry.ts';

const NEVER = Number.POSITIVE_INFINITY;

/**
 * Take `length` stops from `first` on and put them behind `after`, in the same or another tour, perhaps in
 * reverse (Or-opt). Returns what it adds to the cost; Infinity when it cannot be. Gives up as soon as the legs
 * alone save nothing.
 */
export function evaluateRelocate(
  problem: Problem,
  tours: Tours,
  stretch: Stretch,
  first: number,
  length: number,
  after: number,
  reversed: boolean,
): number {
  const { stopCount } = problem;
  const { next, prev, tourOf, leg } = tours;
  let last = first;
  for (let k = 1; k < length; k++) {
    if (last === after) return NEVER;
    last = next[last]!;
    if (last >= stopCount) return NEVER;
  }
  const before = prev[first]!;
  if (last === after || after === before) return NEVER;
  const behind = next[last]!;
  const following = next[after]!;
  const from = tourOf[first]!;
  const to = tourOf[after]!;
  const head = reversed ? last : first;
  const tail = reversed ? first : last;

  let delta = legCost(problem, from, before, behind) - leg[before]! - leg[last]!;
  delta += legCost(problem, to, after, head) + legCost(problem, to, tail, following) - leg[after]!;
  if (from !== to) delta -= savedByIdling(problem, from, before, behind);
  if (delta >= 0) return delta;
  if (reversed || problem.costBase[from] !== problem.costBase[to]) {
    delta += turned(problem, tours, first, last, to, reversed);
  }
  if (from !== to) {
    if (!canCarry(problem, tours, to, first, last, -1)) return NEVER;
    beginAt(problem, tours, stretch, before);
    joinTo(problem, tours, stretch, behind);
    delta +=
      before >= stopCount && behind >= stopCount
        ? idleTime(problem, tours, from)
        : addedTimeCost(problem, tours, stretch);
    beginAt(problem, tours, stretch, after);
    extendAlong(problem, tours, stretch, head, tail, reversed);
    joinTo(problem, tours, stretch, following);
    return delta + addedTimeCost(problem, tours, stretch);
  }
  if (isBefore(problem, tours, after, first)) {
    beginAt(problem, tours, stretch, after);
    extendAlong(problem, tours, stretch, head, tail, reversed);
    extendAlong(problem, tours, stretch, following, before, false);
    joinTo(problem, tours, stretch, behind);
  } else {
    beginAt(problem, tours, stretch, before);
    extendAlong(problem, tours, stretch, behind, after, false);
    extendAlong(problem, tours, stretch, head, tail, reversed);
    joinTo(problem, tours, stretch, following);
  }
  return delta + addedTimeCost(problem, tours, stretch);
}

/** Legs within the chain as it will be driven, less as it is. */
function turned(
  problem: Problem,
  { next, leg }: Tours,
  first: number,
  last: number,
  to: number,
  reversed: boolean,
): number {
  let delta = 0;
  for (let node = first; node !== last; node = next[node]!) {
    const following = next[node]!;
    delta -= leg[node]!;
    delta += reversed ? legCost(problem, to, following, node) : legCost(problem, to, node, following);
  }
  return delta;
}

function extendAlong(
  problem: Problem,
  { next, prev }: Tours,
  stretch: Stretch,
  head: number,
  tail: number,
  backwards: boolean,
): void {
  for (let node = head; ; node = backwards ? prev[node]! : next[node]!) {
    extend(problem, stretch, node);
    if (node === tail || !stretch.fits) return;
  }
}

export function applyRelocate(
  problem: Problem,
  tours: Tours,
  first: number,
  length: number,
  after: number,
  reversed: boolean,
): void {
  const from = tours.tourOf[first]!;
  const chain: number[] = [];
  for (let k = 0, node = first; k < length; k++, node = tours.next[node]!) chain.push(node);
  for (const stop of chain) unlink(tours, stop);
  let behind = after;
  for (const stop of reversed ? chain.reverse() : chain) {
    link(tours, stop, behind);
    behind = stop;
  }
  refreshTour(problem, tours, from);
  if (tours.tourOf[after] !== from) refreshTour(problem, tours, tours.tourOf[after]!);
}
