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
  const best: Best = { count: 0, keys: new Float64Array(count), items: new Int32Array(count) };
  for (let i = 0; i < stopCount; i++) {
    const row = place[i]! * size;
    best.count = 0;
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
      keep(best, Math.min(after, before), j);
    }
    near.set(best.items, i * count);
  }
  return { count, near };
}

/** A neighbour's code among `Places.beside`: twice its node, plus this if the place is right before it. */
export const BEFORE = 1;

/** For every stop the places worth offering: right behind or right before one of its nearest, cheapest legs first. */
export type Places = {
  /** Places of stop i: `from[i]` … `from[i + 1]`. */
  readonly from: Int32Array;
  /** 2 × neighbour, plus `BEFORE`. */
  readonly beside: Int32Array;
};

/**
 * The `countMax` places of each stop with the cheapest legs, a share of the waiting they force included; only legs
 * that can be driven within both windows.
 */
export function placesOf(problem: Problem, countMax: number, waitWeight: number): Places {
  const { stopCount, size, place, open, close, service, cost, time } = problem;
  const from = new Int32Array(stopCount + 1);
  const beside = new Int32Array(stopCount * countMax);
  const best: Best = { count: 0, keys: new Float64Array(countMax), items: new Int32Array(countMax) };
  let filled = 0;
  for (let stop = 0; stop < stopCount; stop++) {
    best.count = 0;
    const row = place[stop]! * size;
    const done = close[stop]! + service[stop]!;
    const ready = open[stop]! + service[stop]!;
    for (let other = 0; other < stopCount; other++) {
      if (other === stop) continue;
      const onward = row + place[other]!;
      const into = place[other]! * size + place[stop]!;
      if (open[other]! + service[other]! + time[into]! <= close[stop]!) {
        const wait = Math.max(0, open[stop]! - close[other]! - service[other]! - time[into]!);
        keep(best, cost[into]! + waitWeight * wait, 2 * other);
      }
      if (ready + time[onward]! <= close[other]!) {
        const wait = Math.max(0, open[other]! - done - time[onward]!);
        keep(best, cost[onward]! + waitWeight * wait, 2 * other + BEFORE);
      }
    }
    from[stop] = filled;
    for (let k = 0; k < best.count; k++) beside[filled++] = best.items[k]!;
  }
  from[stopCount] = filled;
  return { from, beside };
}

/** The items with the smallest keys so far, in order. */
type Best = { count: number; readonly keys: Float64Array; readonly items: Int32Array };

function keep(best: Best, key: number, item: number): void {
  const { keys, items } = best;
  if (best.count === keys.length && key >= keys[best.count - 1]!) return;
  let k = best.count < keys.length ? best.count++ : best.count - 1;
  while (k > 0 && keys[k - 1]! > key) {
    keys[k] = keys[k - 1]!;
    items[k] = items[k - 1]!;
    k--;
  }
  keys[k] = key;
  items[k] = item;
}
