import type { StopVisit } from '../../schemas/event.ts';
import { distanceOf, type Position } from '../../schemas/position.ts';
import type { RoutePlan } from './route-plan.ts';

/** How much longer than planned things take, and how sure that is. */
export type Factor = { readonly value: number; readonly variance: number };
export type Factors = { readonly travel: Factor; readonly service: Factor };

/** Spread of one leg and of one service around its mean, as shares of the mean. */
const TRAVEL_CV = 0.35;
const SERVICE_CV = 0.65;
/** Spread of drivers around the fleet: what a new driver's factor may be. */
const DRIVER_SD = 0.1;
/** What stays unknown of a factor however much was seen: traffic and streets ahead are others. */
const AHEAD_SD = 0.03;
/** Planned seconds that weigh as much as the fleet's word: CV² × the mean leg or service / DRIVER_SD². */
const PRIOR_TRAVEL = 1000;
const PRIOR_SERVICE = 3800;
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
  for (let i = 0; i < plan.count; i++) {
    const visit = visits.get(plan.stopIds[i]!);
    if (!visit) continue;
    doneCount++;
    if (!visit.isOutOfSequence) front = i;
    if (visit.arrivedAt < lastAt) continue;
    lastAt = visit.arrivedAt;
    last = i;
  }
  const remaining = new Int32Array(plan.count - doneCount);
  const first = Math.max(0, front + 1 - PASSED_PLACES);
  let n = 0;
  let aheadCount = 0;
  for (let k = 0; k < plan.count; k++) {
    const i = (first + k) % plan.count;
    if (visits.has(plan.stopIds[i]!)) continue;
    remaining[n++] = i;
    if (i >= first) aheadCount = n;
  }
  const newest = last < 0 ? undefined : visits.get(plan.stopIds[last]!);
  const serving = newest !== undefined && newest.departedAt === undefined ? last : -1;
  return { visits, remaining, aheadCount, doneCount, serving, last };
}

/** Planned and actual seconds of the legs and services done in the running order. */
export type Experience = {
  readonly travelPlanned: number;
  readonly travelActual: number;
  readonly servicePlanned: number;
  readonly serviceActual: number;
};

export const noExperience: Experience = {
  travelPlanned: 0,
  travelActual: 0,
  servicePlanned: 0,
  serviceActual: 0,
};

export function experienceOf(plan: RoutePlan, visits: ReadonlyMap<number, StopVisit>): Experience {
  let { travelPlanned, travelActual, servicePlanned, serviceActual } = noExperience;
  let before: StopVisit | undefined;
  for (let i = 0; i < plan.count; i++) {
    const visit = visits.get(plan.stopIds[i]!);
    if (visit?.departedAt !== undefined) {
      servicePlanned += plan.service[i]!;
      // One endless stop (a break, a breakdown) says nothing about the others.
      serviceActual += Math.min(visit.departedAt - visit.arrivedAt, 6 * plan.service[i]! + 300);
    }
    if (visit && before?.departedAt !== undefined && visit.arrivedAt >= before.departedAt) {
      travelPlanned += plan.legs[i]!;
      travelActual += Math.min(visit.arrivedAt - before.departedAt, 6 * plan.legs[i]! + 300);
    }
    before = visit;
  }
  return { travelPlanned, travelActual, servicePlanned, serviceActual };
}

export function addExperience(a: Experience, b: Experience): Experience {
  return {
    travelPlanned: a.travelPlanned + b.travelPlanned,
    travelActual: a.travelActual + b.travelActual,
    servicePlanned: a.servicePlanned + b.servicePlanned,
    serviceActual: a.serviceActual + b.serviceActual,
  };
}

/**
 * The driver's own factors, shrunk towards the fleet's, and the fleet's towards one: the mean of a
 * normal prior and a normal observation (https://en.wikipedia.org/wiki/Conjugate_prior), weighted by
 * planned seconds behind each.
 */
export function factorsOf(own: Experience, fleet: Experience): Factors {
  const shrunk = (actual: number, planned: number, prior: number, weight: number): Factor => ({
    value: (actual + prior * weight) / (planned + weight),
    variance: AHEAD_SD ** 2 + (DRIVER_SD ** 2 * weight) / (planned + weight),
  });
  const fleetTravel = shrunk(fleet.travelActual, fleet.travelPlanned, 1, PRIOR_TRAVEL);
  const fleetService = shrunk(fleet.serviceActual, fleet.servicePlanned, 1, PRIOR_SERVICE);
  return {
    travel: shrunk(own.travelActual, own.travelPlanned, fleetTravel.value, PRIOR_TRAVEL),
    service: shrunk(own.serviceActual, own.servicePlanned, fleetService.value, PRIOR_SERVICE),
  };
}

/** Arrivals at the remaining stops and the return, as mean and spread; index = place in `remaining`. */
export type Projection = {
  readonly mean: Float64Array;
  readonly sd: Float64Array;
  readonly finish: number;
  readonly finishSd: number;
};

/**
 * When each remaining stop will be reached and the route be over, if nothing changes: planned legs and
 * services times the driver's factors. Legs and services vary independently, the factors vary for all
 * of them alike; sums of that many parts are close to normal (central limit theorem).
 */
export function projectRoute(
  plan: RoutePlan,
  { remaining, aheadCount, serving, last, visits }: Progress,
  now: { readonly at: number; readonly position: Position | undefined; readonly hasDeparted: boolean },
  factors: Factors,
): Projection {
  const count = remaining.length;
  const mean = new Float64Array(count);
  const sd = new Float64Array(count);
  const { travel, service } = factors;
  let t = now.at;
  let travelSum = 0;
  let serviceSum = 0;
  let variance = 0;
  const spend = (seconds: number, kind: Factor, cv: number): void => {
    const expected = seconds * kind.value;
    t += expected;
    variance += (cv * expected) ** 2;
  };
  const total = (): number =>
    variance + travelSum * travelSum * travel.variance + serviceSum * serviceSum * service.variance;

  if (serving >= 0) {
    const elapsed = now.at - visits.get(plan.stopIds[serving]!)!.arrivedAt;
    const planned = plan.service[serving]! * service.value;
    // A stop under way for longer than expected is expected to last a good while more.
    const rest = Math.max(planned - elapsed, 0.3 * planned);
    spend(rest / service.value, service, SERVICE_CV);
    serviceSum += rest / service.value;
  } else if (!now.hasDeparted) t = Math.max(t, plan.departure);

  let from = last;
  for (let k = 0; k < count; k++) {
    const i = remaining[k]!;
    const isFirst = k === 0 && serving < 0;
    const share = k < aheadCount ? 1 : PASSED_SHARE;
    const leg = share * legSeconds(plan, from, i, isFirst ? now.position : undefined);
    spend(leg, travel, TRAVEL_CV);
    travelSum += leg;
    mean[k] = t;
    sd[k] = Math.sqrt(total());
    if (t < plan.windowFrom[i]!) t = plan.windowFrom[i]!;
    spend(share * plan.service[i]!, service, SERVICE_CV);
    serviceSum += share * plan.service[i]!;
    from = i;
  }
  const home = returnSeconds(plan, from, count === 0 && serving < 0 ? now.position : undefined);
  spend(home, travel, TRAVEL_CV);
  travelSum += home;
  return { mean, sd, finish: t, finishSd: Math.sqrt(total()) };
}

/** Travel to stop i: the planned leg between neighbours, else the straight line at the plan's pace. */
function legSeconds(plan: RoutePlan, from: number, i: number, position: Position | undefined): number {
  if (position) return distanceOf(position.lng, position.lat, plan.lng[i]!, plan.lat[i]!) * plan.perMetre;
  if (from === i - 1) return plan.legs[i]!;
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
