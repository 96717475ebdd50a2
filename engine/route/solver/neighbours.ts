import type { Problem } from './problem.ts';

/**
 * For every stop the others worth visiting right before or after it, nearest first; `near` has `count` per stop. A
 * stop's are worked out when first asked for, by `lookAround`: with thousands of stops and a short budget, not all are.
 */
export type Neighbours = {
  readonly count: number;
  readonly near: Int32Array;
  readonly known: Uint8Array;
  readonly weights: Weights;
  readonly best: Best;
};

/** How much of the waiting and of the lateness that two windows force counts as distance. */
export type Weights = { readonly wait: number; readonly late: number };

export function openNeighbours({ stopCount }: Problem, countMax: number, weights: Weights): Neighbours {
  const count = Math.max(0, Math.min(countMax, stopCount - 1));
  return {
    count,
    near: new Int32Array(stopCount * count),
    known: new Uint8Array(stopCount),
    weights,
    best: noneYet(count),
  };
}

/**
 * Nearness is the cost of the leg plus a share of the waiting and lateness its windows force, after
 * Vidal et al. 2013, section 4.5.1.
 */
export function lookAround(
  problem: Problem,
  { count, near, known, weights, best }: Neighbours,
  i: number,
): void {
  if (known[i] !== 0) return;
  known[i] = 1;
  const { stopCount, size, place, open, close, service, cost, costInto, time, timeInto } = problem;
  const row = place[i]! * size;
  best.count = 0;
  for (let j = 0; j < stopCount; j++) {
    if (j === i) continue;
    const k = row + place[j]!;
    const there = service[i]! + time[k]!;
    const here = service[j]! + timeInto[k]!;
    const after =
      cost[k]! +
      weights.wait * Math.max(0, open[j]! - there - close[i]!) +
      weights.late * Math.max(0, open[i]! + there - close[j]!);
    const before =
      costInto[k]! +
      weights.wait * Math.max(0, open[i]! - here - close[j]!) +
      weights.late * Math.max(0, open[j]! + here - close[i]!);
    keep(best, Math.min(after, before), j);
  }
  near.set(best.items, i * count);
}

/** A neighbour's code among `Places.beside`: twice its node, plus this if the place is right before it. */
export const BEFORE = 1;

/**
 * For every stop the places worth offering: right behind or right before one of its nearest, cheapest legs first.
 * Worked out when first asked for, by `lookBeside`.
 */
export type Places = {
  readonly countMax: number;
  /** How many a stop has; −1: not worked out. */
  readonly count: Int32Array;
  /** `countMax` per stop: 2 × neighbour, plus `BEFORE`. */
  readonly beside: Int32Array;
  readonly waitWeight: number;
  readonly best: Best;
};

export function openPlaces({ stopCount }: Problem, countMax: number, waitWeight: number): Places {
  return {
    countMax,
    count: new Int32Array(stopCount).fill(-1),
    beside: new Int32Array(stopCount * countMax),
    waitWeight,
    best: noneYet(countMax),
  };
}

/** Those with the cheapest legs, a share of the waiting they force included; only legs that both windows allow. */
export function lookBeside(
  problem: Problem,
  { countMax, count, beside, waitWeight, best }: Places,
  stop: number,
): void {
  if (count[stop]! >= 0) return;
  const { stopCount, size, place, open, close, service, cost, costInto, time, timeInto } = problem;
  const row = place[stop]! * size;
  best.count = 0;
  for (let other = 0; other < stopCount; other++) {
    if (other === stop) continue;
    const k = row + place[other]!;
    const into = service[other]! + timeInto[k]!;
    if (open[other]! + into <= close[stop]!) {
      const wait = Math.max(0, open[stop]! - close[other]! - into);
      keep(best, costInto[k]! + waitWeight * wait, 2 * other);
    }
    const onward = service[stop]! + time[k]!;
    if (open[stop]! + onward <= close[other]!) {
      const wait = Math.max(0, open[other]! - close[stop]! - onward);
      keep(best, cost[k]! + waitWeight * wait, 2 * other + BEFORE);
    }
  }
  count[stop] = best.count;
  beside.set(best.items, stop * countMax);
}

/** The items with the smallest keys so far, in order. */
type Best = { count: number; readonly keys: Float64Array; readonly items: Int32Array };

function noneYet(countMax: number): Best {
  return { count: 0, keys: new Float64Array(countMax), items: new Int32Array(countMax) };
}

/** A bounded insertion sort: most items are turned away by one comparison. */
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
