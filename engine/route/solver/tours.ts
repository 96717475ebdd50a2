import type { Problem } from './problem.ts';
import { routeTiming } from './schedule.ts';

/**
 * The tours of all vehicles while the search works on them, and the bank of stops not served.
 *
 * A tour is a doubly linked list from the vehicle's departure node to its return node. What an O(1)
 * test of a change needs is kept beside each node:
 *
 *   next, prev     Int32   neighbours; undefined for stops in the bank
 *   tourOf         Int32   the vehicle that serves the node, or −1: in the bank
 *   ready          Int32   earliest instant the node is done, coming from the departure
 *   late           Int32   latest instant the node may begin so that all after it still fit
 *   leg            Int32   cost of the leg that leaves the node
 *   span, latest   Int32   prefix segment: least time from departure to done here; latest departure;
 *                          its earliest useful departure is ready − span
 *   spanTo, soonest Int32  suffix segment: least time from begin here to return; earliest useful begin
 *   loadAt         Int32   D per node: load on leaving; peakTo, peakFrom: its maximum up to here, from here
 *   version        Int32   1 per vehicle; changes with the tour and is never used twice, so that what was worked
 *                          out for a tour is known to hold still
 *   size, cost     1 per vehicle; timing the part of cost that time and lateness make;
 *                  load D per vehicle: all that is ever loaded
 *
 * `span` … `soonest` are kept only where durations matter, loads at nodes only where load can rise and fall.
 */
export type Tours = {
  readonly next: Int32Array;
  readonly prev: Int32Array;
  readonly tourOf: Int32Array;
  readonly ready: Int32Array;
  readonly late: Int32Array;
  readonly leg: Int32Array;
  readonly span: Int32Array;
  readonly latest: Int32Array;
  readonly spanTo: Int32Array;
  readonly soonest: Int32Array;
  readonly loadAt: Int32Array;
  readonly peakTo: Int32Array;
  readonly peakFrom: Int32Array;
  readonly version: Int32Array;
  readonly size: Int32Array;
  readonly load: Int32Array;
  readonly cost: Float64Array;
  readonly timing: Float64Array;
  readonly bank: Int32Array;
  bankCount: number;
  /** The last version given out. */
  versions: number;
  /** Of all tours and of the bank. */
  totalCost: number;
};

/** Every vehicle empty, every stop in the bank. */
export function emptyTours(problem: Problem): Tours {
  const { stopCount, vehicleCount, nodeCount, dimensionCount, traits } = problem;
  const ints = (length: number): Int32Array => new Int32Array(length);
  const timed = traits.hasDuration ? nodeCount : 0;
  const loaded = traits.hasMixedLoad ? nodeCount * dimensionCount : 0;
  const tours: Tours = {
    next: ints(nodeCount).fill(-1),
    prev: ints(nodeCount).fill(-1),
    tourOf: ints(nodeCount).fill(-1),
    ready: ints(nodeCount),
    late: ints(nodeCount),
    leg: ints(nodeCount),
    span: ints(timed),
    latest: ints(timed),
    spanTo: ints(timed),
    soonest: ints(timed),
    loadAt: ints(loaded),
    peakTo: ints(loaded),
    peakFrom: ints(loaded),
    version: ints(vehicleCount),
    size: ints(vehicleCount),
    load: ints(vehicleCount * dimensionCount),
    cost: new Float64Array(vehicleCount),
    timing: new Float64Array(vehicleCount),
    bank: ints(stopCount),
    bankCount: 0,
    versions: 0,
    totalCost: 0,
  };
  for (let v = 0; v < vehicleCount; v++) {
    const start = stopCount + v;
    const end = start + vehicleCount;
    tours.next[start] = end;
    tours.prev[end] = start;
    tours.tourOf[start] = v;
    tours.tourOf[end] = v;
    refreshTour(problem, tours, v);
  }
  for (let stop = 0; stop < stopCount; stop++) putInBank(problem, tours, stop);
  return tours;
}

export function putInBank(problem: Problem, tours: Tours, stop: number): void {
  tours.tourOf[stop] = -1;
  tours.bank[tours.bankCount++] = stop;
  tours.totalCost += problem.unservedCost[stop]!;
}

/** Take every stop out of a tour. */
export function bankTour(problem: Problem, tours: Tours, vehicle: number): void {
  const { stopCount } = problem;
  const start = stopCount + vehicle;
  for (let stop = tours.next[start]!; stop < stopCount; stop = tours.next[start]!) {
    unlink(tours, stop);
    putInBank(problem, tours, stop);
  }
  refreshTour(problem, tours, vehicle);
}

/** Link a banked stop in behind `after`, without refreshing the tour. The caller takes it out of the bank. */
export function link(tours: Tours, stop: number, after: number): void {
  const { next, prev, tourOf, size } = tours;
  const before = next[after]!;
  const vehicle = tourOf[after]!;
  next[after] = stop;
  prev[stop] = after;
  next[stop] = before;
  prev[before] = stop;
  tourOf[stop] = vehicle;
  size[vehicle] = size[vehicle]! + 1;
}

/** Take a stop out of its tour, without refreshing the tour. The caller puts it somewhere. */
export function unlink(tours: Tours, stop: number): void {
  const { next, prev, tourOf, size } = tours;
  const before = prev[stop]!;
  const after = next[stop]!;
  const vehicle = tourOf[stop]!;
  next[before] = after;
  prev[after] = before;
  size[vehicle] = size[vehicle]! - 1;
}

/**
 * Recompute everything kept about one tour from its order of stops, and the total cost with it. Returns
 * whether it can be driven in time: even taking a stop out can break a tour where detours are faster than
 * straight legs, or where breaks move. A tour that cannot be driven has no cost of time.
 */
export function refreshTour(problem: Problem, tours: Tours, vehicle: number): boolean {
  const { traits, stopCount, vehicleCount } = problem;
  const start = stopCount + vehicle;
  tours.version[vehicle] = ++tours.versions;
  const arcs = refreshTimes(problem, tours, vehicle);
  if (traits.hasDuration) refreshSegments(problem, tours, vehicle);
  refreshLoad(problem, tours, vehicle);
  if (traits.hasMixedLoad) refreshLoadAtNodes(problem, tours, vehicle);

  let cost = 0;
  let isDrivable = true;
  if (tours.size[vehicle]! > 0) {
    cost = arcs + problem.fixedCost[vehicle]!;
    isDrivable = tours.late[start]! >= problem.open[start]!;
    if (traits.hasDuration && tours.span[start + vehicleCount]! > problem.durationMax[vehicle]!)
      isDrivable = false;
    if (traits.isRich || traits.hasDuration) {
      const timing = timingOf(problem, tours, vehicle);
      if (timing === Number.POSITIVE_INFINITY) isDrivable = false;
      tours.timing[vehicle] = isDrivable ? timing : 0;
      cost += tours.timing[vehicle]!;
    }
    if (traits.isSelective) cost += moveCosts(problem, tours, vehicle);
  }
  tours.totalCost += cost - tours.cost[vehicle]!;
  tours.cost[vehicle] = cost;
  return isDrivable;
}

/**
 * Bring a tour up to date after one stop was linked in, where times and loads are plain: only as far to
 * either side as the newcomer is felt. `added` is what it costs.
 */
export function refreshAround(problem: Problem, tours: Tours, stop: number, added: number): void {
  const { stopCount, vehicleCount, dimensionCount, size, place, open, close, service, cost, time } = problem;
  const { next, prev, ready, late, leg, load } = tours;
  const vehicle = tours.tourOf[stop]!;
  tours.version[vehicle] = ++tours.versions;
  const costBase = problem.costBase[vehicle]!;
  const timeBase = problem.timeBase[vehicle]!;
  const end = stopCount + vehicleCount + vehicle;
  const here = place[stop]!;
  leg[prev[stop]!] = cost[costBase + place[prev[stop]!]! * size + here]!;
  leg[stop] = cost[costBase + here * size + place[next[stop]!]!]!;
  for (let node = stop, before = prev[stop]!; ; before = node, node = next[node]!) {
    let done = ready[before]! + time[timeBase + place[before]! * size + place[node]!]!;
    if (done < open[node]!) done = open[node]!;
    done += service[node]!;
    if (node !== stop && ready[node] === done) break;
    ready[node] = done;
    if (node === end) break;
  }
  for (let node = stop, after = next[stop]!; ; after = node, node = prev[node]!) {
    let begin = late[after]! - time[timeBase + place[node]! * size + place[after]!]! - service[node]!;
    if (begin > close[node]!) begin = close[node]!;
    if (node !== stop && late[node] === begin) break;
    late[node] = begin;
    if (node >= stopCount) break;
  }
  for (let d = 0; d < dimensionCount; d++) {
    const k = stop * dimensionCount + d;
    load[vehicle * dimensionCount + d] =
      load[vehicle * dimensionCount + d]! + 2 * problem.onBoard[k]! + problem.net[k]!;
  }
  tours.cost[vehicle] = tours.cost[vehicle]! + added;
  tours.totalCost += added;
}

function timingOf(problem: Problem, tours: Tours, vehicle: number): number {
  if (problem.traits.isRich) return routeTiming(problem, vehicle, tours.next, -1, -1, -1, -1);
  return problem.perDuration[vehicle]! * tours.span[problem.stopCount + problem.vehicleCount + vehicle]!;
}

/** Legs, and the earliest and latest instants along the tour. Returns the cost of all legs. */
function refreshTimes(problem: Problem, tours: Tours, vehicle: number): number {
  const { stopCount, vehicleCount, size, place, open, close, service, cost, time } = problem;
  const { next, prev, ready, late, leg } = tours;
  const costBase = problem.costBase[vehicle]!;
  const timeBase = problem.timeBase[vehicle]!;
  const start = stopCount + vehicle;
  const end = start + vehicleCount;
  let arcs = 0;
  let node = start;
  let done = open[start]!;
  ready[start] = done;
  while (node !== end) {
    const after = next[node]!;
    const arc = place[node]! * size + place[after]!;
    const price = cost[costBase + arc]!;
    leg[node] = price;
    arcs += price;
    done += time[timeBase + arc]!;
    if (done < open[after]!) done = open[after]!;
    done += service[after]!;
    ready[after] = done;
    node = after;
  }
  let begin = close[end]!;
  late[end] = begin;
  while (node !== start) {
    const before = prev[node]!;
    begin -= time[timeBase + place[before]! * size + place[node]!]! + service[before]!;
    if (begin > close[before]!) begin = close[before]!;
    late[before] = begin;
    node = before;
  }
  return arcs;
}

/**
 * Prefix and suffix segments after Vidal et al. 2013 (https://doi.org/10.1016/j.cor.2012.07.018): the least duration of
 * a stretch and the departures that achieve it, both mergeable in O(1).
 */
function refreshSegments(problem: Problem, tours: Tours, vehicle: number): void {
  const { stopCount, vehicleCount, size, place, open, close, service, time } = problem;
  const { next, prev, span, latest, spanTo, soonest } = tours;
  const timeBase = problem.timeBase[vehicle]!;
  const start = stopCount + vehicle;
  const end = start + vehicleCount;
  let node = start;
  let duration = 0;
  let last = close[start]!;
  span[start] = 0;
  latest[start] = last;
  while (node !== end) {
    const after = next[node]!;
    const moved = duration + time[timeBase + place[node]! * size + place[after]!]!;
    const wait = Math.max(0, open[after]! - moved - last);
    last = Math.min(last, close[after]! - moved);
    duration = moved + wait + service[after]!;
    span[after] = duration;
    latest[after] = last;
    node = after;
  }
  duration = 0;
  let early = open[end]!;
  spanTo[end] = 0;
  soonest[end] = early;
  while (node !== start) {
    const before = prev[node]!;
    const moved = service[before]! + time[timeBase + place[before]! * size + place[node]!]!;
    const wait = Math.max(0, early - moved - close[before]!);
    duration += moved + wait;
    early = Math.max(early - moved, open[before]!) - wait;
    spanTo[before] = duration;
    soonest[before] = early;
    node = before;
  }
}

function refreshLoad(problem: Problem, tours: Tours, vehicle: number): void {
  const { stopCount, dimensionCount, net, onBoard } = problem;
  const { next, load } = tours;
  for (let d = 0; d < dimensionCount; d++) load[vehicle * dimensionCount + d] = 0;
  for (let node = next[stopCount + vehicle]!; node < stopCount; node = next[node]!) {
    for (let d = 0; d < dimensionCount; d++) {
      const k = node * dimensionCount + d;
      // Brought along plus collected; a shipment's two ends cancel out and are judged at nodes.
      load[vehicle * dimensionCount + d] = load[vehicle * dimensionCount + d]! + 2 * onBoard[k]! + net[k]!;
    }
  }
}

function refreshLoadAtNodes(problem: Problem, tours: Tours, vehicle: number): void {
  const { stopCount, vehicleCount, dimensionCount, net, onBoard } = problem;
  const { next, prev, loadAt, peakTo, peakFrom } = tours;
  const start = stopCount + vehicle;
  const end = start + vehicleCount;
  for (let d = 0; d < dimensionCount; d++) {
    let carried = 0;
    for (let node = next[start]!; node !== end; node = next[node]!)
      carried += onBoard[node * dimensionCount + d]!;
    let peak = carried;
    for (let node = start; ; node = next[node]!) {
      const k = node * dimensionCount + d;
      if (node < stopCount) carried += net[k]!;
      peak = Math.max(peak, carried);
      loadAt[k] = carried;
      peakTo[k] = peak;
      if (node === end) break;
    }
    peak = carried;
    for (let node = end; ; node = prev[node]!) {
      const k = node * dimensionCount + d;
      peak = Math.max(peak, loadAt[k]!);
      peakFrom[k] = peak;
      if (node === start) break;
    }
  }
}

function moveCosts(problem: Problem, tours: Tours, vehicle: number): number {
  const { stopCount, home, moveCost } = problem;
  let cost = 0;
  for (let node = tours.next[stopCount + vehicle]!; node < stopCount; node = tours.next[node]!) {
    if (home[node]! >= 0 && home[node] !== vehicle) cost += moveCost[node]!;
  }
  return cost;
}

/** Make one tour of `to` what it is in `from`; the bank and the total are not touched. */
export function copyTour(problem: Problem, from: Tours, to: Tours, vehicle: number): void {
  const { stopCount, vehicleCount, dimensionCount, traits } = problem;
  const end = stopCount + vehicleCount + vehicle;
  for (let node = stopCount + vehicle; ; node = from.next[node]!) {
    to.next[node] = from.next[node]!;
    to.prev[node] = from.prev[node]!;
    to.tourOf[node] = vehicle;
    to.ready[node] = from.ready[node]!;
    to.late[node] = from.late[node]!;
    to.leg[node] = from.leg[node]!;
    if (traits.hasDuration) {
      to.span[node] = from.span[node]!;
      to.latest[node] = from.latest[node]!;
      to.spanTo[node] = from.spanTo[node]!;
      to.soonest[node] = from.soonest[node]!;
    }
    if (traits.hasMixedLoad) {
      for (let k = node * dimensionCount; k < (node + 1) * dimensionCount; k++) {
        to.loadAt[k] = from.loadAt[k]!;
        to.peakTo[k] = from.peakTo[k]!;
        to.peakFrom[k] = from.peakFrom[k]!;
      }
    }
    if (node === end) break;
  }
  to.version[vehicle] = from.version[vehicle]!;
  to.size[vehicle] = from.size[vehicle]!;
  to.cost[vehicle] = from.cost[vehicle]!;
  to.timing[vehicle] = from.timing[vehicle]!;
  for (let k = vehicle * dimensionCount; k < (vehicle + 1) * dimensionCount; k++) to.load[k] = from.load[k]!;
}

/** Make the bank and the total of `to` what they are in `from`. */
export function copyBank(from: Tours, to: Tours): void {
  for (let k = 0; k < from.bankCount; k++) {
    to.bank[k] = from.bank[k]!;
    to.tourOf[from.bank[k]!] = -1;
  }
  to.bankCount = from.bankCount;
  to.totalCost = from.totalCost;
}

export function copyTours(problem: Problem, from: Tours, to: Tours): void {
  for (let v = 0; v < problem.vehicleCount; v++) copyTour(problem, from, to, v);
  copyBank(from, to);
}

/** The same where `to` has only ever been copied from tours of the same descent: what has not changed is left alone. */
export function catchUp(problem: Problem, from: Tours, to: Tours): void {
  for (let v = 0; v < problem.vehicleCount; v++) {
    if (from.version[v] !== to.version[v]) copyTour(problem, from, to, v);
  }
  copyBank(from, to);
}

/** The stops of one tour in order. */
export function stopsOf(problem: Problem, tours: Tours, vehicle: number): number[] {
  const stops: number[] = [];
  for (
    let node = tours.next[problem.stopCount + vehicle]!;
    node < problem.stopCount;
    node = tours.next[node]!
  ) {
    stops.push(node);
  }
  return stops;
}
