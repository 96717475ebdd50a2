import type { Problem } from './problem.ts';

/** For every stop the others worth visiting right before or after it, nearest first. */
export type Neighbours = {
  /** How many each stop has. */
  readonly count: number;
  /** `count` per stop. */
  readonly near: Int32Array;
};

/**
 * Nearness is the cost of the leg plus a share of the waiting and lateness its windows force, after
 * Vidal et al. 2013, section 4.5.1. A bounded insertion sort keeps this at size² steps and no memory.
 */
export function neighboursOf(
  problem: Problem,
  { countMax, waitWeight, lateWeight }: { countMax: number; waitWeight: number; lateWeight: number },
): Neighbours {
  const { stopCount, size, place, open, close, service, cost, time } = problem;
  const count = Math.min(countMax, stopCount - 1);
  const near = new Int32Array(stopCount * count);
  const key = new Float64Array(count);
  for (let i = 0; i < stopCount; i++) {
    const row = place[i]! * size;
    const base = i * count;
    let filled = 0;
    for (let j = 0; j < stopCount; j++) {
      if (j === i) continue;
      const to = row + place[j]!;
      const back = place[j]! * size + place[i]!;
      const there = service[i]! + time[to]!;
      const here = service[j]! + time[back]!;
      const after =
        cost[to]! +
        waitWeight * Math.max(0, open[j]! - there - close[i]!) +
        lateWeight * Math.max(0, open[i]! + there - close[j]!);
      const before =
        cost[back]! +
        waitWeight * Math.max(0, open[i]! - here - close[j]!) +
        lateWeight * Math.max(0, open[j]! + here - close[i]!);
      const distance = Math.min(after, before);
      if (filled === count && distance >= key[count - 1]!) continue;
      let k = filled < count ? filled++ : count - 1;
      while (k > 0 && key[k - 1]! > distance) {
        key[k] = key[k - 1]!;
        near[base + k] = near[base + k - 1]!;
        k--;
      }
      key[k] = distance;
      near[base + k] = j;
    }
  }
  return { count, near };
}
