import type { StopVisit } from '../../schemas/event.ts';
import { distanceOf, type Position } from '../../schemas/position.ts';
import { type Factors, legOf } from './factors.ts';
import type { RoutePlan } from './route-plan.ts';

/** A service under way for long is expected to last for this share of its mean more, at least. */
const SERVICE_REST = 0.65;
/** Spread of a break's length, as a share of it. */
const BREAK_CV = 0.15;
/** A break not taken this long after it was due is less and less likely to come, seconds. */
const BREAK_OVERDUE = 7200;
const BREAK_FORGONE = 3600;
/** A van that lingers on the way this long before its break is due may have begun it, seconds. */
const BREAK_EARLY = 5400;
/** A stop passed over this many places ago is seldom gone back to … */
const PASSED_PLACES = 2;
/** … so that its time counts by this much (it may also have been served unseen). */
const PASSED_SHARE = 0.2;

/** What is known of a route's progress, by index in the running order. */
export type Progress = {
  readonly visits: ReadonlyMap<number, StopVisit>;
  /** Unserved stops in the order they will be served: those ahead, then those passed over. */
  readonly remaining: Int32Array;
  /** How many of them are ahead, or passed over just now. */
  readonly aheadCount: number;
  readonly doneCount: number;
  /** The stop being served now, or −1. */
  readonly serving: number;
  /** The last stop served before now (or being served), or −1. */
  readonly last: number;
};

/**
 * Which stops of one route are done, while it is looked at; and 0, 1, 2, …, of which an undisturbed route's
 * remaining stops are a piece. Both since a short-lived typed array costs more than what is in it.
 */
let isDone = new Uint8Array(0);
let places = new Int32Array(0);

function roomFor(count: number): void {
  if (isDone.length >= count) return;
  isDone = new Uint8Array(2 * count);
  places = Int32Array.from({ length: 2 * count }, (_, i) => i);
}

export function progressOf(plan: RoutePlan, visits: ReadonlyMap<number, StopVisit>): Progress {
  let last = -1;
  let lastAt = Number.NEGATIVE_INFINITY;
  // How far along the running order: a stop taken out of order says nothing about those before it.
  let front = -1;
  let furthest = -1;
  let doneCount = 0;
  const { count } = plan;
  roomFor(count);
  isDone.fill(0, 0, count);
  for (const visit of visits.values()) {
    const i = plan.indexOf.get(visit.stopId);
    if (i === undefined) continue;
    doneCount++;
    isDone[i] = 1;
    if (i > furthest) furthest = i;
    if (i > front && !visit.isOutOfSequence) front = i;
    if (visit.arrivedAt < lastAt || (visit.arrivedAt === lastAt && i < last)) continue;
    lastAt = visit.arrivedAt;
    last = i;
  }
  const { remaining, aheadCount } =
    furthest === doneCount - 1
      ? { remaining: places.subarray(doneCount, count), aheadCount: count - doneCount }
      : remainingOf(count, doneCount, front);
  const newest = last < 0 ? undefined : visits.get(plan.stopIds[last]!);
  const serving = newest !== undefined && newest.departedAt === undefined ? last : -1;
  return { visits, remaining, aheadCount, doneCount, serving, last };
}

/** What is not done yet, of so many stops: those ahead, then those passed over. */
function remainingOf(count: number, doneCount: number, front: number) {
  const remaining = new Int32Array(count - doneCount);
  const first = Math.max(0, front + 1 - PASSED_PLACES);
  let n = 0;
  for (let i = first; i < count; i++) if (isDone[i] === 0) remaining[n++] = i;
  const aheadCount = n;
  for (let i = 0; i < first; i++) if (isDone[i] === 0) remaining[n++] = i;
  return { remaining, aheadCount };
}

/** Arrivals at the remaining stops and the return, as mean and spread; index = place in `remaining`. */
export type Projection = {
  readonly mean: Float64Array;
  readonly sd: Float64Array;
  readonly finish: number;
  readonly finishSd: number;
};

/** What a projection starts from, beside the visits. */
export type Now = {
  readonly at: number;
  readonly position: Position | undefined;
  readonly hasDeparted: boolean;
  readonly departedAt?: number | undefined;
  readonly breaksTaken: number;
};

/**
 * When each remaining stop will be reached and the route be over, if nothing changes: planned legs and
 * services times the driver's factors, and the breaks still owed. Legs and services vary independently,
 * the factors vary for all of them alike; sums of that many parts are close to normal (central limit
 * theorem).
 */
export function projectRoute(plan: RoutePlan, progress: Progress, now: Now, factors: Factors): Projection {
  const { remaining, aheadCount, serving, last, visits } = progress;
  const { stopIds, kind, service, legs, windowFrom } = plan;
  const { travelDispersion, serviceCv2 } = factors;
  const count = remaining.length;
  const both = new Float64Array(2 * count);
  const [mean, sd] = [both.subarray(0, count), both.subarray(count)];
  const { serviceVariance, travelVariance } = factors;
  let t = now.at;
  // Expected seconds of travel and service ahead: what the shared factors act on.
  let travelSum = 0;
  let serviceSum = 0;
  let variance = 0;

  if (serving >= 0) {
    const elapsed = now.at - visits.get(stopIds[serving]!)!.arrivedAt;
    const expected = service[serving]! * factors.service[kind[serving]!]!;
    const rest = Math.max(expected - elapsed, SERVICE_REST * expected);
    t += rest;
    serviceSum += rest;
    variance += serviceCv2[kind[serving]!]! * rest * rest;
  } else if (!now.hasDeparted) t = Math.max(t, plan.departure);

  let owed = breakOwed(plan, progress, now, factors);
  let from = last;
  for (let k = 0; k < count; k++) {
    const i = remaining[k]!;
    const share = k < aheadCount ? 1 : PASSED_SHARE;
    const leg =
      k === 0 && serving < 0
        ? firstLeg(plan, progress, now, factors)
        : share * legOf(from === i - 1 ? legs[i]! : legSeconds(plan, from, i), factors.leg);
    t += leg;
    travelSum += leg;
    variance += travelDispersion * leg;
    if (owed.seconds > 0 && t >= owed.from) {
      t += owed.seconds;
      variance += (BREAK_CV * owed.seconds) ** 2;
      owed = noBreak;
    }
    mean[k] = t;
    sd[k] = Math.sqrt(
      variance + travelSum * travelSum * travelVariance + serviceSum * serviceSum * serviceVariance,
    );
    if (t < windowFrom[i]!) t += factors.patience * (windowFrom[i]! - t);
    const at = kind[i]!;
    const expected = share * service[i]! * factors.service[at]!;
    t += expected;
    serviceSum += expected;
    variance += serviceCv2[at]! * expected * expected;
    from = i;
  }
  const home = homeSeconds(plan, progress, from, now) * factors.stemRatio;
  t += home;
  travelSum += home;
  variance += travelDispersion * home;
  const shared = travelSum * travelSum * travelVariance + serviceSum * serviceSum * serviceVariance;
  return { mean, sd, finish: t, finishSd: Math.sqrt(variance + shared) };
}

const noBreak = { seconds: 0, from: Number.POSITIVE_INFINITY };

/** The break still to come: how long, and from when on. */
export function breakOwed(plan: RoutePlan, { last, serving, visits }: Progress, now: Now, factors: Factors) {
  const owed = plan.breaks[now.breaksTaken];
  if (!owed) return noBreak;
  const seconds = owed.seconds * factors.breakRatio;
  const hope = Math.min(1, Math.max(0, 1 - (now.at - owed.at - BREAK_OVERDUE) / BREAK_FORGONE));
  const leftAt = last < 0 ? undefined : visits.get(plan.stopIds[last]!)!.departedAt;
  // Lingering on the way near the time of the break: it has probably begun.
  const lingered =
    serving < 0 && leftAt !== undefined && now.at > owed.at - BREAK_EARLY
      ? Math.max(0, now.at - leftAt - legOf(plan.legs[last + 1] ?? plan.returnLeg, factors.leg))
      : 0;
  if (lingered > 0) return { seconds: Math.max(0, seconds * hope - lingered), from: now.at };
  return { seconds: seconds * hope, from: owed.at };
}

/** Seconds left of the leg under way: by the clock while it runs to plan, by the map after. */
function firstLeg(
  plan: RoutePlan,
  { last, remaining, visits }: Progress,
  now: Now,
  factors: Factors,
): number {
  const i = remaining[0]!;
  const { position } = now;
  const isOut = last < 0 && i === 0;
  const perMetre = isOut
    ? plan.stemPerMetre * factors.stemRatio
    : plan.perMetre * Math.max(0.3, factors.leg.slope);
  const place = position
    ? distanceOf(position.lng, position.lat, plan.lng[i]!, plan.lat[i]!) * perMetre
    : undefined;
  const expected = isOut
    ? plan.legs[i]! * factors.stemRatio
    : legOf(last === i - 1 ? plan.legs[i]! : legSeconds(plan, last, i), factors.leg);
  const leftAt = last < 0 ? now.departedAt : visits.get(plan.stopIds[last]!)!.departedAt;
  if (leftAt === undefined) return place ?? expected;
  const left = expected - (now.at - leftAt);
  if (left <= 0) return place ?? 0;
  return place === undefined ? left : Math.max(left, place - expected / 2);
}

/** Between stops that are no neighbours in the plan: the straight line at the plan's pace. */
function legSeconds(plan: RoutePlan, from: number, i: number): number {
  const lng = from < 0 ? plan.depot.lng : plan.lng[from]!;
  const lat = from < 0 ? plan.depot.lat : plan.lat[from]!;
  return distanceOf(lng, lat, plan.lng[i]!, plan.lat[i]!) * plan.perMetre;
}

/** Planned seconds of the drive home, or of what is left of it: by the clock as well as by the map. */
function homeSeconds(
  plan: RoutePlan,
  { remaining, serving, visits }: Progress,
  from: number,
  now: Now,
): number {
  const metres = metresHome(plan, from);
  const whole = from === plan.count - 1 ? plan.returnLeg : metres * plan.stemPerMetre;
  if (remaining.length > 0 || serving >= 0 || from < 0) return whole;
  const leftAt = visits.get(plan.stopIds[from]!)!.departedAt ?? now.at;
  const byClock = Math.max(0, whole - (now.at - leftAt));
  const { position } = now;
  if (!position) return byClock;
  const away = distanceOf(position.lng, position.lat, plan.depot.lng, plan.depot.lat);
  const byMap = metres > 100 ? whole * Math.min(1, away / metres) : away * plan.stemPerMetre;
  return (byClock + byMap) / 2;
}

function metresHome({ lng, lat, depot }: RoutePlan, from: number): number {
  return from < 0 ? 0 : distanceOf(lng[from]!, lat[from]!, depot.lng, depot.lat);
}
