import type { Halt, StopVisit } from '../../schemas/event.ts';
import { distanceOf } from '../../schemas/position.ts';
import type { RoutePlan } from '../pace/route-plan.ts';
import { type Report, reportedVisits } from './reported-visit.ts';
import { type Pair, shareHalts } from './shared-halt.ts';
import { REACH, visitWindow } from './visit-window.ts';

/** Per axis, metres: where vans park against the stop's own position, and the receiver's noise. */
const SIGMA = 17;
/** ln of how much likelier a halt at the very stop serves it than any halt within reach does. */
const AT_THE_STOP = REACH ** 2 / (2 * SIGMA ** 2);
/** What a match out of the running order must be worth beyond one in it. */
const OUT_OF_ORDER_PRICE = 3;
/**
 * Which stops of a route were served, and when: a function of the vehicle's halts, its driver's
 * reports and the running order, so nothing depends on what was known when.
 *
 * Reports win. Of the rest, each halt serves one stop: first the most plausible assignment
 * that keeps the running order (a longest increasing subsequence weighted by log-likelihood), then
 * what is left over, nearest first, as visits out of sequence. Last, neighbours in the running order that
 * were served from where the van stood already.
 */
export function matchVisits(plan: RoutePlan, halts: Iterable<Halt>, reports: Iterable<Report>): StopVisit[] {
  const own = haltsWithin(plan, halts);
  const reported = reportedVisits(plan, own, reports);
  const taken: Taken = { halts: new Uint8Array(own.length), stops: new Uint8Array(plan.count) };
  for (const [stop, { halt }] of reported) {
    taken.stops[stop] = 1;
    if (halt !== undefined) taken.halts[halt] = 1;
  }
  const byHalt = candidatePairs(own, plan);
  const pairs: Pair[] = [];
  for (const near of byHalt) for (const pair of near) if (isFree(taken, pair)) pairs.push(pair);
  const inOrder = swapped(bestIncreasing(pairs, plan.count), byHalt);
  for (const { pair } of inOrder) take(taken, pair);
  const leftOver = pairs
    .filter((pair) => pair.worth > OUT_OF_ORDER_PRICE && isFree(taken, pair))
    .sort((a, b) => b.worth - a.worth || a.halt - b.halt || a.stop - b.stop)
    .filter((pair) => {
      const isStillFree = isFree(taken, pair);
      if (isStillFree) take(taken, pair);
      return isStillFree;
    });
  const rivals = rivalsOf(pairs, own.length);
  const stays = joined(own, taken.halts);
  const visits = Array.from(reported.values(), ({ visit }) => visit);
  for (const { pair, isOutOfOrder } of inOrder) visits.push(visitOf(plan, stays, pair, rivals, isOutOfOrder));
  for (const pair of leftOver) visits.push(visitOf(plan, stays, pair, rivals, true));
  const serves = [...inOrder.map(({ pair }) => pair), ...leftOver];
  shareHalts(plan, stays, serves, { visits, byHalt, isServed: (stop) => taken.stops[stop] === 1 });
  return visits.sort((a, b) => a.arrivedAt - b.arrivedAt || a.stopId - b.stopId);
}

/** By index, 1 for each halt that serves a stop already, and for each stop that is served. */
type Taken = { readonly halts: Uint8Array; readonly stops: Uint8Array };

const isFree = ({ halts, stops }: Taken, { halt, stop }: Pair): boolean =>
  halts[halt] === 0 && stops[stop] === 0;

function take({ halts, stops }: Taken, { halt, stop }: Pair): void {
  halts[halt] = 1;
  stops[stop] = 1;
}

/** The halts in which the route's stops can have been served, by start. */
function haltsWithin(plan: RoutePlan, halts: Iterable<Halt>): Halt[] {
  const { from, until } = visitWindow(plan);
  const own: Halt[] = [];
  let isSorted = true;
  for (const halt of halts) {
    const { startedAt, endedAt } = halt;
    if (startedAt > until || (endedAt ?? until) < from) continue;
    if (own.length > 0 && own[own.length - 1]!.startedAt > startedAt) isSorted = false;
    own.push(halt);
  }
  return isSorted ? own : own.sort((a, b) => a.startedAt - b.startedAt);
}

/** For each halt the stops within reach, with what the match is worth; by stop. */
function candidatePairs(halts: readonly Halt[], plan: RoutePlan): (readonly Pair[])[] {
  const reach = reachOf(plan);
  const { near, byBand } = reach;
  reach.near = halts.map((halt, index) => {
    const known = near[index];
    return known?.of === halt ? known : { of: halt, pairs: stopsNear(halt, index, plan, byBand) };
  });
  return reach.near.map(({ pairs }) => pairs);
}

type Shown = {
  readonly pair: Pair;
  readonly stay: Halt;
  readonly rival: number;
  readonly isOutOfSequence: boolean;
  readonly visit: StopVisit;
};

/** What was found out about a plan, to be used again: it is as true as its arguments are the same. */
type Reach = {
  /** Stops by latitude band, so that a halt meets only its neighbours. */
  readonly byBand: ReadonlyMap<number, readonly number[]>;
  /** What was last found for each halt, in their order. */
  near: readonly { readonly of: Halt; readonly pairs: readonly Pair[] }[];
  /** By stop, the visit last made of a pair. */
  readonly shown: (Shown | undefined)[];
};

const reaches = new WeakMap<RoutePlan, Reach>();

function reachOf(plan: RoutePlan): Reach {
  const known = reaches.get(plan);
  if (known) return known;
  const byBand = new Map<number, number[]>();
  for (let i = 0; i < plan.count; i++) {
    const band = bandOf(plan.lat[i]!);
    const others = byBand.get(band);
    if (others) others.push(i);
    else byBand.set(band, [i]);
  }
  const reach: Reach = { byBand, near: [], shown: [] };
  reaches.set(plan, reach);
  return reach;
}

function stopsNear(
  { position, startedAt, endedAt }: Halt,
  halt: number,
  { lng, lat }: RoutePlan,
  byBand: Reach['byBand'],
): Pair[] {
  const found: Pair[] = [];
  const seconds = (endedAt ?? startedAt + 30) - startedAt;
  const lasting = Math.min(2, Math.log(Math.max(15, seconds) / 30));
  const band = bandOf(position.lat);
  for (let b = band - 1; b <= band + 1; b++) {
    for (const stop of byBand.get(b) ?? []) {
      if (Math.abs(lng[stop]! - position.lng) > FAR_DEGREES) continue;
      const metres = distanceOf(position.lng, position.lat, lng[stop]!, lat[stop]!);
      if (metres > REACH) continue;
      const worth = AT_THE_STOP - metres ** 2 / (2 * SIGMA ** 2) + lasting;
      if (worth > 0) found.push({ halt, stop, worth });
    }
  }
  return found.sort((x, y) => x.stop - y.stop);
}

const bandOf = (lat: number): number => Math.floor(lat / BAND_DEGREES);

/** Degrees of latitude, a little more than the reach. */
const BAND_DEGREES = 0.001;
/** Degrees of longitude that are farther than the reach wherever people live. */
const FAR_DEGREES = 0.01;

/**
 * The subset of pairs that increases strictly in both halt and stop and is worth the most: for each
 * pair, the best chain that ends in it extends the best chain over all smaller stops (a Fenwick tree
 * of maxima, https://doi.org/10.1002/spe.4380240306) of earlier halts.
 */
function bestIncreasing(pairs: readonly Pair[], stopCount: number): Pair[] {
  const tree = new Int32Array(stopCount + 1).fill(-1);
  const total = new Float64Array(pairs.length);
  const previous = new Int32Array(pairs.length).fill(-1);
  const better = (a: number, b: number) => (a < 0 ? b : b < 0 || total[a]! >= total[b]! ? a : b);
  let best = -1;
  for (let start = 0; start < pairs.length; ) {
    let end = start;
    // Pairs of one halt must not extend one another: look all up first, then enter them.
    for (; end < pairs.length && pairs[end]!.halt === pairs[start]!.halt; end++) {
      let before = -1;
      for (let k = pairs[end]!.stop; k > 0; k -= k & -k) before = better(before, tree[k]!);
      previous[end] = before;
      total[end] = pairs[end]!.worth + (before < 0 ? 0 : total[before]!);
    }
    for (let i = start; i < end; i++) {
      best = better(best, i);
      for (let k = pairs[i]!.stop + 1; k <= stopCount; k += k & -k) tree[k] = better(tree[k]!, i);
    }
    start = end;
  }
  const chain: Pair[] = [];
  for (let i = best; i >= 0; i = previous[i]!) chain.push(pairs[i]!);
  return chain.reverse();
}

/**
 * Halts as the visits show them: noise may break one stay into pieces, of which one matched a stop;
 * pieces without a stop of their own that touch it in time and place are part of it.
 */
function joined(halts: readonly Halt[], isTaken: Uint8Array): Halt[] {
  const stays = [...halts];
  for (let i = 0; i < halts.length; i++) {
    if (isTaken[i] === 0) continue;
    for (let k = i - 1; k >= 0 && isTaken[k] === 0 && touches(halts[k]!, halts[k + 1]!); k--) {
      stays[i] = { ...stays[i]!, startedAt: halts[k]!.startedAt };
    }
    for (let k = i + 1; k < halts.length && isTaken[k] === 0 && touches(halts[k - 1]!, halts[k]!); k++) {
      stays[i] = { ...stays[i]!, endedAt: halts[k]!.endedAt };
    }
  }
  return stays;
}

/** Whether one halt goes on where the one before it broke off. */
function touches(before: Halt, after: Halt): boolean {
  if (before.endedAt === undefined || after.startedAt - before.endedAt > JOIN_SECONDS) return false;
  const [a, b] = [before.position, after.position];
  return distanceOf(a.lng, a.lat, b.lng, b.lat) <= JOIN_METRES;
}

const JOIN_SECONDS = 90;
const JOIN_METRES = 30;

/** Per halt: its best stop, what that is worth, and the worth of the second best. */
type Rivals = { readonly stop: Int32Array; readonly first: Float64Array; readonly second: Float64Array };

function rivalsOf(pairs: readonly Pair[], haltCount: number): Rivals {
  const stop = new Int32Array(haltCount).fill(-1);
  const first = new Float64Array(haltCount);
  const second = new Float64Array(haltCount);
  for (const pair of pairs) {
    if (pair.worth > first[pair.halt]!) {
      second[pair.halt] = first[pair.halt]!;
      first[pair.halt] = pair.worth;
      stop[pair.halt] = pair.stop;
    } else if (pair.worth > second[pair.halt]!) second[pair.halt] = pair.worth;
  }
  return { stop, first, second };
}

/**
 * Neighbours taken the other way round: where the running order makes two halts fit their stops much
 * worse than exchanged, the driver exchanged them.
 */
function swapped(
  chain: readonly Pair[],
  byHalt: readonly (readonly Pair[])[],
): { pair: Pair; isOutOfOrder: boolean }[] {
  const pairOf = (halt: number, stop: number) => byHalt[halt]!.find((pair) => pair.stop === stop);
  const found = chain.map((pair) => ({ pair, isOutOfOrder: false }));
  for (let k = 0; k + 1 < found.length; k++) {
    const [a, b] = [found[k]!.pair, found[k + 1]!.pair];
    const early = pairOf(a.halt, b.stop);
    const late = early && pairOf(b.halt, a.stop);
    if (!early || !late || early.worth + late.worth - OUT_OF_ORDER_PRICE <= a.worth + b.worth) continue;
    found[k] = { pair: early, isOutOfOrder: false };
    found[k + 1] = { pair: late, isOutOfOrder: true };
    k++;
  }
  return found;
}

function visitOf(
  plan: RoutePlan,
  halts: readonly Halt[],
  pair: Pair,
  rivals: Rivals,
  isOutOfSequence: boolean,
): StopVisit {
  const stay = halts[pair.halt]!;
  const rival = rivals.stop[pair.halt] === pair.stop ? rivals.second[pair.halt]! : rivals.first[pair.halt]!;
  const { shown } = reachOf(plan);
  const known = shown[pair.stop];
  const isKnown =
    known?.pair === pair &&
    known.rival === rival &&
    known.isOutOfSequence === isOutOfSequence &&
    known.stay.startedAt === stay.startedAt &&
    known.stay.endedAt === stay.endedAt;
  if (isKnown) return known.visit;
  // The running order speaks for the stop too: a rival of equal worth leaves half a doubt, not one.
  const odds = Math.exp(pair.worth - AT_THE_STOP / 2) / (1 + Math.exp((rival - pair.worth - 2) / 2));
  const confidence = Math.min(0.98, Math.max(0.3, odds / (1 + odds)));
  const visit: StopVisit = {
    stopId: plan.stopIds[pair.stop]!,
    routeId: plan.routeId,
    vehicleId: plan.vehicleId,
    arrivedAt: stay.startedAt,
    departedAt: stay.endedAt,
    confidence: Math.round(confidence * 100) / 100,
    evidence: 'halt',
    outcome: 'served',
    isOutOfSequence,
  };
  shown[pair.stop] = { pair, stay, rival, isOutOfSequence, visit };
  return visit;
}
