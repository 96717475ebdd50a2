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

export function progressOf(plan: RoutePlan, visits: ReadonlyMap<number, StopVisit>): Progress {
  let last = -1;
  let lastAt = Number.NEGATIVE_INFINITY;
  // How far along the running order: a stop taken out of order says nothing about those before it.
  let front = -1;
  let doneCount = 0;
  const isDone = new Uint8Array(plan.count);
  for (let i = 0; i < plan.count; i++) {
    const visit = visits.get(plan.stopIds[i]!);
    if (!visit) continue;
    doneCount++;
    isDone[i] = 1;
    if (!visit.isOutOfSequence) front = i;
    if (visit.arrivedAt < lastAt) continue;
    lastAt = visit.arrivedAt;
    last = i;
  }
  const remaining = new Int32Array(plan.count - doneCount);
  const first = Math.max(0, front + 1 - PASSED_PLACES);
  let n = 0;
  for (let i = first; i < plan.count; i++) if (isDone[i] === 0) remaining[n++] = i;
  const aheadCount = n;
  for (let i = 0; i < first; i++) if (isDone[i] === 0) remaining[n++] = i;
  const newest = last < 0 ? undefined : visits.get(plan.stopIds[last]!);
  const serving = newest !== undefined && newest.departedAt === undefined ? last : -1;
  return { visits, remaining, aheadCount, doneCount, serving, last };
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
  const mean = new Float64Array(count);
  const sd = new Float64Array(count);
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
  const planned = returnSeconds(plan, from, count === 0 && serving < 0 ? now.position : undefined);
  const home = legOf(planned, factors.leg);
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
  const place = position
    ? distanceOf(position.lng, position.lat, plan.lng[i]!, plan.lat[i]!) * plan.perMetre * factors.leg.slope
    : undefined;
  const expected = legOf(last === i - 1 ? plan.legs[i]! : legSeconds(plan, last, i), factors.leg);
  const leftAt = last < 0 ? undefined : visits.get(plan.stopIds[last]!)!.departedAt;
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

function returnSeconds(plan: RoutePlan, from: number, position: Position | undefined): number {
  if (!position && from === plan.count - 1) return plan.returnLeg;
  const lng = position?.lng ?? (from < 0 ? plan.depot.lng : plan.lng[from]!);
  const lat = position?.lat ?? (from < 0 ? plan.depot.lat : plan.lat[from]!);
  return distanceOf(lng, lat, plan.depot.lng, plan.depot.lat) * plan.perMetre;
}

/** Standard normal quantile of 0.9. */
export const Z90 = 1.2815515655446004;

/** P(X ≤ x) of the standard normal (Abramowitz & Stegun 7.1.26, error below 1.5e-7). */
export function normalCdf(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * z);
  const series =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const erf = 1 - series * Math.exp(-z * z);
  return x < 0 ? (1 - erf) / 2 : (1 + erf) / 2;
}
