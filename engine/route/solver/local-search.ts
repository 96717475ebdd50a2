import { applyRelocate, evaluateRelocate } from './moves/relocate.ts';
import { applySwap, evaluateSwap } from './moves/swap.ts';
import { applyTwoOpt, evaluateTwoOpt } from './moves/two-opt.ts';
import { applyTwoOptStar, evaluateTwoOptStar } from './moves/two-opt-star.ts';
import { lookAround, type Neighbours } from './neighbours.ts';
import type { Problem } from './problem.ts';
import { type Touched, touch } from './ruin.ts';
import type { Stretch } from './segment.ts';
import type { Tours } from './tours.ts';

/** Less than any difference that matters. */
const EPSILON = 1e-6;
const CHAIN_MAX = 3;

/** Whether the moves can judge this problem: they know windows, durations and loads that add up. */
export function hasLocalSearch({ traits, home }: Problem): boolean {
  return (
    !traits.isRich && !traits.hasMixedLoad && !traits.hasShipments && !home.some((vehicle) => vehicle >= 0)
  );
}

/**
 * Granular local search (Toth & Vigo 2003) on the tours `touched` so far, to a local optimum: a stop is moved only to
 * behind one of its nearest, or until time is over. The tours it changes are touched as well.
 */
export function improve(
  problem: Problem,
  tours: Tours,
  touched: Touched,
  neighbours: Neighbours,
  stretch: Stretch,
  nearMax: number,
  isOver: () => boolean,
): void {
  const { stopCount } = problem;
  const { next, tourOf } = tours;
  const { count, near } = neighbours;
  const width = Math.min(count, nearMax);
  let looked = 0;
  let isChanged = true;
  while (isChanged) {
    isChanged = false;
    for (let k = 0; k < touched.count; k++) {
      const start = stopCount + touched.vehicles[k]!;
      let stop = next[start]!;
      while (stop < stopCount) {
        // From a poor plan there may be more to gain than there is time.
        if (++looked % 32 === 0 && isOver()) return;
        lookAround(problem, neighbours, stop);
        let following = next[stop]!;
        for (let j = stop * count; j < stop * count + width; j++) {
          const other = near[j]!;
          const theirs = tourOf[other]!;
          if (theirs < 0 || !tryPair(problem, tours, stretch, stop, other)) continue;
          touch(touched, theirs);
          isChanged = true;
          // The tour has changed under us: take it from the front again.
          following = next[start]!;
          break;
        }
        stop = following;
      }
    }
  }
}

/** Try all moves that make `stop` and `other` neighbours; take the first that pays. */
function tryPair(problem: Problem, tours: Tours, stretch: Stretch, stop: number, other: number): boolean {
  const { next, prev } = tours;
  if (next[other] !== stop && tryBehind(problem, tours, stretch, stop, other)) return true;
  // The same with `stop` before `other`: behind whatever is before it, the depot included.
  const before = prev[other]!;
  return before !== stop && before >= problem.stopCount && tryBehind(problem, tours, stretch, stop, before);
}

function tryBehind(problem: Problem, tours: Tours, stretch: Stretch, stop: number, after: number): boolean {
  for (let length = 1; length <= CHAIN_MAX; length++) {
    for (let turn = 0; turn < (length > 1 ? 2 : 1); turn++) {
      if (evaluateRelocate(problem, tours, stretch, stop, length, after, turn === 1) > -EPSILON) continue;
      applyRelocate(problem, tours, stop, length, after, turn === 1);
      return true;
    }
  }
  const theirs = tours.next[after]!;
  if (theirs < problem.stopCount && evaluateSwap(problem, tours, stretch, stop, theirs) < -EPSILON) {
    applySwap(problem, tours, stop, theirs);
    return true;
  }
  if (tours.tourOf[after] === tours.tourOf[stop]) {
    if (evaluateTwoOpt(problem, tours, stretch, after, stop) > -EPSILON) return false;
    applyTwoOpt(problem, tours, after, stop);
    return true;
  }
  if (evaluateTwoOptStar(problem, tours, stretch, after, stop) > -EPSILON) return false;
  applyTwoOptStar(problem, tours, after, stop);
  return true;
}
