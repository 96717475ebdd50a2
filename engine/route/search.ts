import { type Random, random } from '../../schemas/random.ts';
import { LATENESS_WEIGHT, type SequenceProblem, type TourCost, travelMatrix } from './problem.ts';

export type SearchInput = {
  readonly problem: SequenceProblem;
  readonly seed: string;
  /** Rounds of perturbing and improving: the same number gives the same answer on every machine. */
  readonly rounds: number;
};

export type Resequenced = {
  /** Stops (indexes into the problem) in the best order found; never worse than the running order. */
  readonly order: Int32Array;
  readonly before: TourCost;
  readonly after: TourCost;
};

/** Nearest stops that a move may connect a stop with. */
const NEAR = 12;
/** A move that drives this much longer is not looked at, whatever lateness it may save, seconds. */
const MORE_TRAVEL_MAX = 300;
/** Longest stretch moved as one. */
const STRETCH_MAX = 3;

/** Tour being searched: places 1 … n in order, with 0 before and n + 1 behind. */
type Search = {
  readonly problem: SequenceProblem;
  readonly n: number;
  readonly travel: Float64Array;
  readonly near: Int32Array[];
  tour: Int32Array;
  cost: number;
  /** Seconds late at windows, in all. */
  lateness: number;
};

/**
 * A better order of the remaining stops: 2-opt, or-opt and relocation between near neighbours, then
 * seeded kicks (a double bridge, Martin, Otto & Felten 1991, https://doi.org/10.1287/ijoc.3.1.87) as
 * long as there are rounds. Starts from the running order and from cheapest insertion; keeps the best.
 */
export function resequence({ problem, seed, rounds }: SearchInput): Resequenced {
  const n = problem.lng.length;
  const running = Int32Array.from({ length: n + 2 }, (_, i) => i);
  const travel = travelMatrix(problem);
  const search: Search = {
    problem,
    n,
    travel,
    near: nearest(travel, n),
    tour: running.slice(),
    cost: 0,
    lateness: 0,
  };
  const before = tourCost(search, running);
  take(search, running);
  improve(search);
  let best = search.tour;
  let bestCost = search.cost;
  const keep = (): void => {
    if (search.cost < bestCost - 1e-6) {
      best = search.tour;
      bestCost = search.cost;
    } else take(search, best);
  };
  take(search, insertion(search));
  improve(search);
  keep();
  const chance = random(seed);
  for (let round = 0; round < rounds && n - problem.committed >= 8; round++) {
    take(search, kicked(search, chance));
    improve(search);
    keep();
  }
  return { order: best.slice(1, n + 1).map((place) => place - 1), before, after: tourCost(search, best) };
}

function nearest(travel: Float64Array, n: number): Int32Array[] {
  const size = n + 2;
  return Array.from({ length: n + 1 }, (_, i) => {
    const others = Array.from({ length: n }, (_, k) => k + 1).filter((k) => k !== i);
    others.sort((a, b) => travel[i * size + a]! - travel[i * size + b]!);
    return Int32Array.from(others.slice(0, NEAR));
  });
}

/** Walks the tour: waits for windows that are not open, counts lateness at those that closed. */
function tourCost({ problem, travel, n }: Search, tour: Int32Array): TourCost {
  const size = n + 2;
  let t = problem.startAt;
  let lateness = 0;
  for (let k = 1; k <= n; k++) {
    const stop = tour[k]! - 1;
    t += travel[tour[k - 1]! * size + tour[k]!]!;
    if (t < problem.windowFrom[stop]!) t = problem.windowFrom[stop]!;
    if (t > problem.windowUntil[stop]!) lateness += t - problem.windowUntil[stop]!;
    t += problem.service[stop]!;
  }
  t += travel[tour[n]! * size + n + 1]!;
  const seconds = t - problem.startAt;
  return { seconds, lateness, cost: seconds + LATENESS_WEIGHT * lateness };
}

/** First improvement until no move between near neighbours helps. */
function improve(search: Search): void {
  const { n, problem } = search;
  const first = problem.committed + 1;
  const position = new Int32Array(n + 2);
  const index = (): void => {
    for (let k = 0; k < search.tour.length; k++) position[search.tour[k]!] = k;
  };
  index();
  for (let improved = true; improved; ) {
    improved = false;
    for (let k = first - 1; k <= n; k++) {
      for (const to of search.near[search.tour[k]!] ?? []) {
        const at = position[to]!;
        if (at < first) continue;
        if (reverse(search, k, at) || move(search, k, at)) {
          index();
          improved = true;
        }
      }
    }
  }
}

/**
 * 2-opt: makes `tour[at]` follow `tour[k]` by turning round what lies between. Travel is symmetric,
 * so only the two cut legs change; windows are looked at only when that promises something.
 */
function reverse(search: Search, k: number, at: number): boolean {
  if (at <= k + 1) return false;
  const { tour } = search;
  const delta =
    leg(search, k, at) + leg(search, k + 1, at + 1) - leg(search, k, k + 1) - leg(search, at, at + 1);
  if (!isPromising(search, delta)) return false;
  const next = tour.slice();
  next.subarray(k + 1, at + 1).reverse();
  return accept(search, next);
}

/** Or-opt and relocation: puts the stretch that begins at `at` (1 … 3 stops, either way) behind `tour[k]`. */
function move(search: Search, k: number, at: number): boolean {
  const { n } = search;
  const gap = leg(search, k, k + 1);
  for (let variant = 1; variant < 2 * STRETCH_MAX; variant++) {
    const length = (variant >> 1) + 1;
    // Turned, the stretch ends at `at`, which is then the stop that follows tour[k].
    const isTurned = variant % 2 === 0;
    const from = isTurned ? at - length + 1 : at;
    const until = isTurned ? at + 1 : at + length;
    if (from <= search.problem.committed || until > n + 1 || (k >= from - 1 && k < until)) continue;
    const taken = leg(search, from - 1, from) + leg(search, until - 1, until) - leg(search, from - 1, until);
    const head = isTurned ? until - 1 : from;
    const tail = isTurned ? from : until - 1;
    const given = leg(search, k, head) + leg(search, tail, k + 1) - gap;
    if (!isPromising(search, given - taken)) continue;
    if (accept(search, relocated(search.tour, { k, from, until, isTurned }))) return true;
  }
  return false;
}

/** Travel seconds between the places at two positions of the tour. */
function leg({ travel, tour, n }: Search, a: number, b: number): number {
  return travel[tour[a]! * (n + 2) + tour[b]!]!;
}

/** The tour with positions from … until taken out and put behind position k. */
function relocated(
  tour: Int32Array,
  { k, from, until, isTurned }: { k: number; from: number; until: number; isTurned: boolean },
): Int32Array {
  const next = tour.slice();
  const stretch = tour.slice(from, until);
  if (isTurned) stretch.reverse();
  if (k < from) {
    next.set(tour.subarray(k + 1, from), k + 1 + stretch.length);
    next.set(stretch, k + 1);
  } else {
    next.set(tour.subarray(until, k + 1), from);
    next.set(stretch, k + 1 - stretch.length);
  }
  return next;
}

/** Longer travel can only pay by saving lateness. */
function isPromising({ lateness }: Search, delta: number): boolean {
  return delta < Math.min(MORE_TRAVEL_MAX, LATENESS_WEIGHT * lateness) - 1e-6;
}

function accept(search: Search, next: Int32Array): boolean {
  const { cost, lateness } = tourCost(search, next);
  if (cost >= search.cost - 1e-6) return false;
  search.tour = next;
  search.cost = cost;
  search.lateness = lateness;
  return true;
}

function take(search: Search, tour: Int32Array): void {
  const { cost, lateness } = tourCost(search, tour);
  search.tour = tour;
  search.cost = cost;
  search.lateness = lateness;
}

/** Cheapest insertion by travel alone, behind the committed stops. */
function insertion({ travel, n, problem }: Search): Int32Array {
  const size = n + 2;
  const tour = [...Array.from({ length: problem.committed + 1 }, (_, i) => i), n + 1];
  for (let place = problem.committed + 1; place <= n; place++) {
    let best = tour.length - 1;
    let least = Number.POSITIVE_INFINITY;
    for (let k = problem.committed + 1; k < tour.length; k++) {
      const [a, b] = [tour[k - 1]!, tour[k]!];
      const extra = travel[a * size + place]! + travel[place * size + b]! - travel[a * size + b]!;
      if (extra < least) [least, best] = [extra, k];
    }
    tour.splice(best, 0, place);
  }
  return Int32Array.from(tour);
}

/** A double bridge over a window of the tour: four stretches, the middle two exchanged. */
function kicked({ tour, n, problem }: Search, chance: Random): Int32Array {
  const first = problem.committed + 1;
  const span = Math.min(30, n - first + 1);
  const from = first + chance.integer(n - first + 2 - span);
  const cuts = [0, 0, 0].map(() => from + chance.integer(span)).sort((a, b) => a - b);
  const [a = from, b = from, c = from] = cuts;
  return Int32Array.from([
    ...tour.subarray(0, a),
    ...tour.subarray(b, c),
    ...tour.subarray(a, b),
    ...tour.subarray(c),
  ]);
}
