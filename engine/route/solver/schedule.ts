import type { Problem } from './problem.ts';

/**
 * Exact timing of one route with everything that does not fit into O(1) segments: several windows a
 * stop, soft promises, breaks, limits of distance and count, overtime. The order is that of the
 * linked list `next`, with up to two stops thought in: `first` behind node `firstAfter`, `second`
 * behind `secondAfter` (or behind `first` where both gaps are the same); −1 for none.
 *
 * Returns the cost of time and lateness, or Infinity when the route cannot be driven. Breaks are
 * taken where they fit into waiting, else as late as their window allows; none is due when the
 * vehicle is back before its window ends. The departure is put off as long as nothing starts later.
 */
export function routeTiming(
  problem: Problem,
  vehicle: number,
  next: Int32Array,
  first: number,
  firstAfter: number,
  second: number,
  secondAfter: number,
  out?: Timetable,
): number {
  const { stopCount, vehicleCount, size, place, open, close, service, time, distance } = problem;
  const timeBase = problem.timeBase[vehicle]!;
  const breaks = problem.breaks[vehicle]!;
  const start = stopCount + vehicle;
  const end = start + vehicleCount;
  const origin = problem.origin;
  let at = start;
  let done = open[start]!;
  let waited = 0;
  let slack = close[start]! - done;
  let cost = 0;
  let driven = 0;
  let travelled = 0;
  let count = 0;
  let pause = 0;
  let owesFirst = first >= 0;
  let owesSecond = second >= 0;
  let following = next[start]!;
  if (out) out.count = 0;
  while (at !== end) {
    // The next node: one thought in, or the list's.
    let to = following;
    if (owesFirst && at === firstAfter) {
      to = first;
      owesFirst = false;
    } else if (
      owesSecond &&
      (at === secondAfter || (at === first && secondAfter === firstAfter && !owesFirst))
    ) {
      to = second;
      owesSecond = false;
    } else following = next[following]!;

    const arc = place[at]! * size + place[to]!;
    const travel = time[timeBase + arc]!;
    travelled += travel;
    if (distance.length > 0) driven += distance[timeBase + arc]!;
    let begin = to === end ? done + travel : earliestBegin(problem, to, done + travel);
    if (begin < 0) return Number.POSITIVE_INFINITY;
    while (pause < breaks.length) {
      const { window, duration } = breaks[pause]!;
      const from = Math.max(done, window.from - origin);
      const fitsIntoWaiting = from + duration + travel <= begin && from <= window.until - origin;
      if (!fitsIntoWaiting && begin + (to === end ? 0 : service[to]!) <= window.until - origin) break;
      if (from > window.until - origin) return Number.POSITIVE_INFINITY;
      waited += from - done;
      slack = Math.min(slack, waited + window.until - origin - from);
      if (out) record(out, -1 - pause, done, from, from + duration, waited);
      done = from + duration;
      pause++;
      begin = to === end ? done + travel : earliestBegin(problem, to, done + travel);
      if (begin < 0) return Number.POSITIVE_INFINITY;
    }
    const arrival = done + travel;
    waited += begin - arrival;
    done = begin;
    if (to === end) {
      if (begin > close[end]!) return Number.POSITIVE_INFINITY;
      slack = Math.min(slack, waited + close[end]! - begin);
    } else {
      cost += latenessCost(problem, to, begin);
      slack = Math.min(slack, waited + onTimeUntil(problem, to, begin) - begin);
      done += service[to]!;
      count++;
    }
    if (out) record(out, to, arrival, begin, done, waited);
    at = to;
  }
  if (driven > problem.distanceMax[vehicle]! || count > problem.stopsMax[vehicle]!)
    return Number.POSITIVE_INFINITY;
  if (travelled > problem.travelTimeMax[vehicle]!) return Number.POSITIVE_INFINITY;
  const delay = Math.min(slack, waited);
  const span = done - open[start]! - delay;
  if (span > problem.durationMax[vehicle]!) return Number.POSITIVE_INFINITY;
  if (out) settle(out, open[start]!, delay);
  const overtime = Math.max(0, span - problem.overtimeAfter[vehicle]!);
  return cost + problem.perDuration[vehicle]! * span + problem.overtimeRate[vehicle]! * overtime;
}

/** When the stop can begin if reached at `arrival`; −1 when its last window is over. */
function earliestBegin(problem: Problem, stop: number, arrival: number): number {
  const { windows, windowsFrom } = problem;
  for (let k = windowsFrom[stop]!; k < windowsFrom[stop + 1]!; k++) {
    if (arrival <= windows[2 * k + 1]!) return Math.max(arrival, windows[2 * k]!);
  }
  return -1;
}

function latenessCost(problem: Problem, stop: number, begin: number): number {
  const { lateness, latenessFrom } = problem;
  let cost = 0;
  for (let k = latenessFrom[stop]!; k < latenessFrom[stop + 1]!; k++) {
    if (begin > lateness[2 * k]!) cost += (begin - lateness[2 * k]!) * lateness[2 * k + 1]!;
  }
  return cost;
}

/** How late the stop may begin within the same window and for the same price. */
function onTimeUntil(problem: Problem, stop: number, begin: number): number {
  const { windows, windowsFrom, lateness, latenessFrom } = problem;
  let until = begin;
  for (let k = windowsFrom[stop]!; k < windowsFrom[stop + 1]!; k++) {
    if (begin <= windows[2 * k + 1]!) {
      until = windows[2 * k + 1]!;
      break;
    }
  }
  for (let k = latenessFrom[stop]!; k < latenessFrom[stop + 1]!; k++) {
    until = Math.min(until, Math.max(begin, lateness[2 * k]!));
  }
  return until;
}

/** What a route looks like on the clock, from the problem's origin. A break is node −1 − its index. */
export type Timetable = {
  readonly node: Int32Array;
  readonly arrival: Int32Array;
  readonly begin: Int32Array;
  readonly done: Int32Array;
  readonly waited: Int32Array;
  count: number;
  departure: number;
};

export function emptyTimetable(lengthMax: number): Timetable {
  const ints = (): Int32Array => new Int32Array(lengthMax);
  return {
    node: ints(),
    arrival: ints(),
    begin: ints(),
    done: ints(),
    waited: ints(),
    count: 0,
    departure: 0,
  };
}

function record(
  out: Timetable,
  node: number,
  arrival: number,
  begin: number,
  done: number,
  waited: number,
): void {
  const k = out.count++;
  out.node[k] = node;
  out.arrival[k] = arrival;
  out.begin[k] = begin;
  out.done[k] = done;
  out.waited[k] = waited;
}

/** Put the departure off by `delay`: each row moves by what the waiting before it does not absorb. */
function settle(out: Timetable, departure: number, delay: number): void {
  let before = delay;
  for (let k = 0; k < out.count; k++) {
    const shift = Math.max(0, delay - out.waited[k]!);
    out.arrival[k] = out.arrival[k]! + before;
    out.begin[k] = out.begin[k]! + shift;
    out.done[k] = out.done[k]! + shift;
    before = shift;
  }
  out.departure = departure + delay;
}
