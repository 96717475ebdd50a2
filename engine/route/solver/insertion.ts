import { BEFORE, lookBeside, type Places } from './neighbours.ts';
import type { Problem } from './problem.ts';
import { routeTiming } from './schedule.ts';
import type { Tours } from './tours.ts';

/** Nothing fits. */
export const NOWHERE = Number.POSITIVE_INFINITY;

/** Places until a blink when there is none; a whole number, as all counts of places. */
export const NO_BLINK = 2 ** 30;

/** The best place found so far for one stop (or one shipment), and the dice that skip places. */
export type Choice = {
  /** What it adds to the cost. */
  delta: number;
  vehicle: number;
  after: number;
  /** For a shipment: where its delivery goes; equal to `after` when right behind its pickup. */
  deliveryAfter: number;
  /** Places still to look at before one is skipped by chance. */
  untilBlink: number;
};

export function emptyChoice(): Choice {
  return { delta: NOWHERE, vehicle: -1, after: -1, deliveryAfter: -1, untilBlink: NO_BLINK };
}

/**
 * Offer every place of one tour to a stop; `choice` keeps the cheapest feasible. Each test is O(1) on
 * what the tours keep at nodes; only where timing is rich is a promising place timed exactly.
 */
export function offerTour(
  problem: Problem,
  tours: Tours,
  stop: number,
  vehicle: number,
  choice: Choice,
): void {
  const { stopCount, vehicleCount, size, place, costInto, cost, timeInto, time, traits } = problem;
  if (traits.isSelective && problem.allowed[stop * vehicleCount + vehicle] === 0) return;
  if (!traits.hasMixedLoad && !hasRoom(problem, tours, stop, vehicle)) return;
  const { next, ready, late, leg } = tours;
  const at = place[stop]!;
  const costBase = problem.costBase[vehicle]! + at * size;
  const timeBase = problem.timeBase[vehicle]! + at * size;
  const open = problem.open[stop]!;
  const close = problem.close[stop]!;
  const service = problem.service[stop]!;
  const extra = standingCost(problem, tours, stop, vehicle);
  const isExact = traits.isRich || traits.hasDuration || traits.hasMixedLoad;
  let best = choice.delta - extra;
  let node = stopCount + vehicle;
  do {
    const after = next[node]!;
    // Behind a stop that is done after closing time there is nothing more to find.
    if (ready[node]! > close) break;
    if (open + service <= late[after]!) {
      const delta = costInto[costBase + place[node]!]! + cost[costBase + place[after]!]! - leg[node]!;
      if (delta < best && !isBlink(choice)) {
        const arrival = ready[node]! + timeInto[timeBase + place[node]!]!;
        const begin = Math.max(arrival, open);
        if (begin <= close && begin + service + time[timeBase + place[after]!]! <= late[after]!) {
          const added = isExact ? delta + detour(problem, tours, stop, vehicle, node, best - delta) : delta;
          if (added < best) {
            best = added;
            choice.delta = added + extra;
            choice.vehicle = vehicle;
            choice.after = node;
          }
        }
      }
    }
    node = after;
  } while (node < stopCount);
}

/**
 * Offer a stop the places beside its nearest, whatever their tours: nearly all that are worth having, at a fraction of
 * a walk along the tours.
 */
export function offerBeside(
  problem: Problem,
  tours: Tours,
  stop: number,
  places: Places,
  choice: Choice,
): void {
  lookBeside(problem, places, stop);
  const { beside } = places;
  const { place, costInto, cost, timeInto, time, costBase, timeBase, traits } = problem;
  const { next, prev, tourOf, ready, late, leg } = tours;
  const row = place[stop]! * problem.size;
  const open = problem.open[stop]!;
  const close = problem.close[stop]!;
  const service = problem.service[stop]!;
  const isExact = traits.isRich || traits.hasDuration || traits.hasMixedLoad;
  const from = stop * places.countMax;
  const last = from + places.count[stop]!;
  let best = choice.delta;
  let skipped = -1;
  for (let k = from; k < last; k++) {
    const neighbour = beside[k]! >> 1;
    const vehicle = tourOf[neighbour]!;
    if (vehicle < 0) continue;
    const node = (beside[k]! & BEFORE) === 0 ? neighbour : prev[neighbour]!;
    const after = next[node]!;
    const costRow = costBase[vehicle]! + row;
    let delta = costInto[costRow + place[node]!]! + cost[costRow + place[after]!]! - leg[node]!;
    if (delta >= best) continue;
    const timeRow = timeBase[vehicle]! + row;
    const begin = Math.max(ready[node]! + timeInto[timeRow + place[node]!]!, open);
    if (begin > close || begin + service + time[timeRow + place[after]!]! > late[after]!) continue;
    if (node === skipped) continue;
    if (traits.isSelective) {
      delta += welcome(problem, stop, vehicle);
      if (delta >= best) continue;
    }
    if (!traits.hasMixedLoad && !hasRoom(problem, tours, stop, vehicle)) continue;
    if (isExact) {
      delta += detour(problem, tours, stop, vehicle, node, best - delta);
      if (delta >= best) continue;
    }
    if (isBlink(choice)) {
      skipped = node;
      continue;
    }
    best = delta;
    choice.vehicle = vehicle;
    choice.after = node;
  }
  choice.delta = best;
}

/** Whether to look away from this place. The next blink is drawn by whoever offers the next tour. */
export function isBlink(choice: Choice): boolean {
  if (--choice.untilBlink > 0) return false;
  choice.untilBlink = NO_BLINK;
  return true;
}

/** Whether the tour's load leaves room, where loads only ever add up. */
export function hasRoom(problem: Problem, tours: Tours, stop: number, vehicle: number): boolean {
  const { dimensionCount, capacity, net } = problem;
  for (let d = 0; d < dimensionCount; d++) {
    const amount = Math.abs(net[stop * dimensionCount + d]!);
    if (tours.load[vehicle * dimensionCount + d]! + amount > capacity[vehicle * dimensionCount + d]!)
      return false;
  }
  return true;
}

/** What a vehicle charges for the stop wherever it is put: being used at all, and not being its home. */
export function standingCost(problem: Problem, tours: Tours, stop: number, vehicle: number): number {
  const move = costOfMove(problem, stop, vehicle);
  if (tours.size[vehicle] !== 0) return move;
  // An idle vehicle does not pay for the leg from its start to its end, so that leg is not saved either.
  return move + problem.fixedCost[vehicle]! + tours.leg[problem.stopCount + vehicle]!;
}

function costOfMove(problem: Problem, stop: number, vehicle: number): number {
  const home = problem.home[stop]!;
  return home >= 0 && home !== vehicle ? problem.moveCost[stop]! : 0;
}

/** What a driving vehicle charges for being the one; Infinity when it may not. */
function welcome(problem: Problem, stop: number, vehicle: number): number {
  if (problem.allowed[stop * problem.vehicleCount + vehicle] === 0) return NOWHERE;
  return costOfMove(problem, stop, vehicle);
}

/** Cost of time beyond the legs when `stop` goes behind `node`; Infinity when it does not fit after all. */
function detour(
  problem: Problem,
  tours: Tours,
  stop: number,
  vehicle: number,
  node: number,
  worthwhile: number,
): number {
  if (problem.traits.hasMixedLoad && !fitsLoadAt(problem, tours, stop, vehicle, node)) return NOWHERE;
  if (problem.traits.isRich) {
    if (worthwhile <= 0) return NOWHERE;
    const now = timingCost(tours, vehicle);
    return routeTiming(problem, vehicle, tours.next, stop, node, -1, -1) - now;
  }
  if (!problem.traits.hasDuration) return 0;
  const { stopCount, vehicleCount } = problem;
  const span = spanWith(problem, tours, stop, vehicle, node);
  if (span > problem.durationMax[vehicle]!) return NOWHERE;
  return problem.perDuration[vehicle]! * (span - tours.span[stopCount + vehicleCount + vehicle]!);
}

/** What time and lateness cost in the tour as it is. */
export function timingCost(tours: Tours, vehicle: number): number {
  if (tours.size[vehicle] === 0) return 0;
  return tours.timing[vehicle]!;
}

/** Duration of the tour with `stop` behind `node`: prefix ⊕ stop ⊕ suffix, see segments in tours.ts. */
function spanWith(problem: Problem, tours: Tours, stop: number, vehicle: number, node: number): number {
  const { size, place, time } = problem;
  const { next, span, latest, spanTo, soonest } = tours;
  const base = problem.timeBase[vehicle]!;
  const after = next[node]!;
  let moved = span[node]! + time[base + place[node]! * size + place[stop]!]!;
  const last = latest[node]!;
  const wait = Math.max(0, problem.open[stop]! - moved - last);
  const lastHere = Math.min(last, problem.close[stop]! - moved);
  moved += wait + problem.service[stop]! + time[base + place[stop]! * size + place[after]!]!;
  return moved + Math.max(0, soonest[after]! - moved - lastHere) + spanTo[after]!;
}

function fitsLoadAt(problem: Problem, tours: Tours, stop: number, vehicle: number, node: number): boolean {
  const { dimensionCount, capacity, net, onBoard } = problem;
  for (let d = 0; d < dimensionCount; d++) {
    const k = node * dimensionCount + d;
    const max = capacity[vehicle * dimensionCount + d]!;
    const brought = onBoard[stop * dimensionCount + d]!;
    const collected = net[stop * dimensionCount + d]! + brought;
    if (tours.peakTo[k]! + brought > max || tours.peakFrom[k]! + collected > max) return false;
  }
  return true;
}
