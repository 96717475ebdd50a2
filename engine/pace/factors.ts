import {
  type Experience,
  LEG_MIN,
  legColumn,
  noExperience,
  SERVICE_COLUMNS,
  STOP_KINDS,
  serviceColumn,
} from './experience.ts';

export type Line = { readonly slope: number; readonly more: number };

/** What all routes of a fleet together say of how the plan comes true today. */
export type FleetPace = {
  /** Per kind of stop: actual over planned seconds; ln of it at the median; variance of one, relative. */
  readonly ratio: Float64Array;
  readonly median: Float64Array;
  readonly cv2: Float64Array;
  /** Variance of ln(actual/planned) of one service, and between drivers. */
  readonly within: number;
  readonly serviceBetween: number;
  /** How unsure the fleet's own ratio is: it may be another for the rest of the day. */
  readonly serviceUnsure: number;
  /** A leg takes this much of its plan and so many seconds more (or less: what a plan allows a stop). */
  readonly leg: Line;
  /** The same without what stops in another order cost: what a driver's own legs are held against. */
  readonly ownLeg: Line;
  /** How unsure the fleet's own legs are, relative. */
  readonly travelUnsure: number;
  /** Variance of a leg over its plan, seconds; and between drivers, relative. */
  readonly travelDispersion: number;
  readonly travelBetween: number;
  /** Actual over planned seconds of a break. */
  readonly breakRatio: number;
  /** Share of drivers too early for a window who wait until it opens. */
  readonly patience: number;
};

/** How a route's remaining legs and services are expected to come out. */
export type Factors = {
  readonly leg: Line;
  /** Relative variance that all remaining legs share; variance of one over its plan, seconds. */
  readonly travelVariance: number;
  readonly travelDispersion: number;
  /** Per kind of stop: expected over planned seconds, and relative variance of one. */
  readonly service: Float64Array;
  readonly serviceCv2: Float64Array;
  /** Relative variance that all remaining services share. */
  readonly serviceVariance: number;
  readonly breakRatio: number;
  readonly patience: number;
};

/** A plan may be this far off for all of its routes before anything was seen (σ of the ratio). */
const PLAN_SD = 0.12;
/** Kinds of stops differ from one another by about this much (σ of the ratio). */
const KIND_SD = 0.4;
/** Drivers' spread on services and on legs before it was seen, worth as much as so many routes. */
const SERVICE_BETWEEN = 0.12 ** 2;
const TRAVEL_BETWEEN = 0.06 ** 2;
const BETWEEN_WEIGHT = 12;
/** Variance of ln(actual/planned) of a service before it was seen, and the weight of that in visits. */
const WITHIN = 0.6 ** 2;
const WITHIN_WEIGHT = 60;
/** Variance of a leg over its mean before it was seen, seconds; its weight in legs. */
const DISPERSION = 20;
const DISPERSION_WEIGHT = 60;
/** Breaks last as planned until so many were seen. */
const BREAK_WEIGHT = 3;
/** Every other driver waits for a window to open (or serves others meanwhile), until so many were seen. */
const PATIENCE = 0.5;
const PATIENCE_WEIGHT = 2;
/** What stays unknown of a factor however much was seen: streets and hours ahead are others. */
const AHEAD_VARIANCE = 0.05 ** 2;

/**
 * Learns from all routes of the day: the ratio of every kind of stop shrunk towards that of all, that
 * towards one; the spread of drivers by the method of moments (DerSimonian & Laird 1986,
 * https://doi.org/10.1016/0197-2456(86)90046-2), shrunk towards what is usual.
 */
export function fleetPace(routes: readonly Experience[]): FleetPace {
  const sum = total(routes);
  const column = (kind: number, which: number) => sum.service[kind * SERVICE_COLUMNS + which]!;
  const all = (which: number) => {
    let value = 0;
    for (let kind = 0; kind < STOP_KINDS; kind++) value += column(kind, which);
    return value;
  };
  const planned = all(serviceColumn.planned);
  const actual = all(serviceColumn.actual);
  // Variance over mean of a service makes planned seconds a weight against a relative spread.
  const priorWeight = SERVICE_DISPERSION / PLAN_SD ** 2;
  const kindWeight = SERVICE_DISPERSION / KIND_SD ** 2;
  const overall = (actual + priorWeight) / (planned + priorWeight);
  const ratio = new Float64Array(STOP_KINDS);
  const median = new Float64Array(STOP_KINDS);
  let squares = WITHIN * WITHIN_WEIGHT;
  let count = WITHIN_WEIGHT;
  for (let kind = 0; kind < STOP_KINDS; kind++) {
    const n = column(kind, serviceColumn.count);
    const log = column(kind, serviceColumn.log);
    ratio[kind] =
      (column(kind, serviceColumn.actual) + kindWeight * overall) /
      (column(kind, serviceColumn.planned) + kindWeight);
    if (n > 0) squares += Math.max(0, column(kind, serviceColumn.logSquare) - (log * log) / n);
    count += Math.max(0, n - 1);
  }
  const within = squares / count;
  const cv2 = new Float64Array(STOP_KINDS).fill(Math.exp(within) - 1);
  for (let kind = 0; kind < STOP_KINDS; kind++) {
    const n = column(kind, serviceColumn.count);
    // Eight visits' worth of what the mean would be, were services lognormal.
    median[kind] = (column(kind, serviceColumn.log) + 8 * (Math.log(ratio[kind]!) - within / 2)) / (n + 8);
    if (n < 2) continue;
    const mean = column(kind, serviceColumn.actual) / n;
    const seen = column(kind, serviceColumn.square) / n / (mean * mean) - 1;
    cv2[kind] = (n * Math.max(0.05, seen) + 20 * cv2[kind]!) / (n + 20);
  }
  const serviceBetween = between(
    routes.map((route) => ownService(route, median)),
    within,
    SERVICE_BETWEEN,
  );
  const routeCount = routes.filter(({ leg }) => leg[legColumn.count]! > 0).length;
  const visits = all(serviceColumn.count);
  const serviceUnsure = parallel(PLAN_SD ** 2, serviceBetween / routeCount + within / visits);
  return {
    ...{ ratio, median, cv2, within, serviceBetween, serviceUnsure },
    ...travelOf(routes, sum, routeCount),
    breakRatio: (sum.breakActual + BREAK_WEIGHT * 1800) / (sum.breakPlanned + BREAK_WEIGHT * 1800),
    patience:
      (sum.windowsKept + PATIENCE * PATIENCE_WEIGHT) /
      (sum.windowsKept + sum.windowsBroken + PATIENCE_WEIGHT),
  };
}

/** Variance of a service over its mean, seconds: what weighs planned seconds before any was seen. */
const SERVICE_DISPERSION = 70;

/** Weighted least squares of actual on planned legs (weights 1/planned), drawn towards the plan itself. */
function travelOf(routes: readonly Experience[], { leg: sum }: Experience, routeCount: number) {
  const at = (which: keyof typeof legColumn) => sum[legColumn[which]]!;
  // As if legs of typical length had come out as planned: as sure as the plan is before anything is seen.
  const weight = DISPERSION / PLAN_SD ** 2;
  const lines = weight / LEG_USUAL;
  const [inverse, count] = [at('inverse') + lines / LEG_USUAL, at('count') + lines];
  const planned = at('planned') + weight * (1 + SLOPE_TRUST);
  const rate = at('rate') + lines;
  const actual = at('actual') + weight * (1 + SLOPE_TRUST);
  const determinant = inverse * planned - count * count;
  const slope = (inverse * actual - count * rate) / determinant;
  const more = (planned * rate - count * actual) / determinant;
  const seen =
    at('square') -
    2 * slope * at('actual') -
    2 * more * at('rate') +
    slope * slope * at('planned') +
    2 * slope * more * at('count') +
    more * more * at('inverse');
  const travelDispersion =
    (Math.max(0, seen) + DISPERSION * DISPERSION_WEIGHT) / (at('count') + DISPERSION_WEIGHT);
  const line = { slope, more };
  // What stops taken in another order cost, spread over all legs.
  const swerved = at('swerveActual') - slope * at('swervePlanned') - more * at('swerves');
  const detour = swerved / (at('count') + at('swerves') + DETOUR_WEIGHT);
  const leg = { slope, more: more + detour };
  const travelBetween = between(
    routes.map(({ leg }) => {
      const expected = legsOf(leg, line);
      return { weight: expected, mean: expected > 0 ? leg[legColumn.actual]! / expected - 1 : 0 };
    }),
    travelDispersion,
    TRAVEL_BETWEEN,
  );
  const travelUnsure = parallel(PLAN_SD ** 2, travelBetween / routeCount + travelDispersion / at('planned'));
  return { leg, ownLeg: line, travelDispersion, travelBetween, travelUnsure };
}

/** A leg of usual length, planned seconds. */
const LEG_USUAL = 50;
/** Legs whose worth it is that nobody takes detours. */
const DETOUR_WEIGHT = 300;
/** How much surer the prior is of long legs than of the seconds that every leg adds. */
const SLOPE_TRUST = 1;

/** What the legs of a route should have taken, were its driver like the fleet. */
const legsOf = (leg: Float64Array, { slope, more }: Line): number =>
  slope * leg[legColumn.planned]! + more * leg[legColumn.count]!;

/** Expected seconds of a leg; no line may make a leg less than a third of its plan. */
export function legOf(planned: number, { slope, more }: Line): number {
  const long = Math.max(LEG_MIN, planned);
  return Math.max(slope * long + more, long / 3);
}

/** A driver's services against the fleet's, on the scale of logarithms. */
function ownService({ service }: Experience, median: Float64Array): { weight: number; mean: number } {
  let weight = 0;
  let log = 0;
  for (let kind = 0; kind < STOP_KINDS; kind++) {
    const n = service[kind * SERVICE_COLUMNS + serviceColumn.count]!;
    weight += n;
    log += service[kind * SERVICE_COLUMNS + serviceColumn.log]! - n * median[kind]!;
  }
  return { weight, mean: weight > 0 ? log / weight : 0 };
}

/** Variance between routes of which each mean has the variance unit/weight. */
function between(means: readonly { weight: number; mean: number }[], unit: number, usual: number): number {
  let [count, weights, squares, weighted, chi2] = [0, 0, 0, 0, 0];
  for (const { weight, mean } of means) {
    if (weight <= 0) continue;
    count++;
    weights += weight;
    squares += weight * weight;
    weighted += weight * mean;
  }
  if (count < 3) return usual;
  const centre = weighted / weights;
  for (const { weight, mean } of means) chi2 += (weight * (mean - centre) ** 2) / unit;
  const scale = weights - squares / weights;
  const seen = Math.max(0, ((chi2 - (count - 1)) * unit) / scale);
  // Routes that barely began tell little of their spread.
  const telling = count / (1 + (unit * count) / (weights * usual));
  return (telling * seen + BETWEEN_WEIGHT * usual) / (telling + BETWEEN_WEIGHT);
}

/** Variance of two independent pieces of knowledge taken together. */
const parallel = (a: number, b: number): number => (Number.isFinite(b) ? (a * b) / (a + b) : a);

function total(routes: readonly Experience[]): Experience {
  const service = new Float64Array(noExperience.service.length);
  const leg = new Float64Array(noExperience.leg.length);
  let { breakCount, breakPlanned, breakActual, windowsKept, windowsBroken } = noExperience;
  for (const route of routes) {
    for (let i = 0; i < service.length; i++) service[i]! += route.service[i]!;
    for (let i = 0; i < leg.length; i++) leg[i]! += route.leg[i]!;
    breakCount += route.breakCount;
    breakPlanned += route.breakPlanned;
    breakActual += route.breakActual;
    windowsKept += route.windowsKept;
    windowsBroken += route.windowsBroken;
  }
  return { service, leg, breakCount, breakPlanned, breakActual, windowsKept, windowsBroken };
}

/**
 * A driver's own factors, shrunk towards the fleet's: the mean of a normal prior and a normal
 * observation (https://en.wikipedia.org/wiki/Conjugate_prior), for services on the scale of logarithms.
 */
export function factorsOf(own: Experience, fleet: FleetPace): Factors {
  const { weight, mean } = ownService(own, fleet.median);
  const trust = fleet.serviceBetween / (fleet.serviceBetween + fleet.within / Math.max(weight, 1e-9));
  const left = fleet.serviceBetween * (1 - trust);
  // The fleet's ratio is that of a mean driver, exp(between / 2) above the median one.
  const factor = Math.exp(trust * mean + (left - fleet.serviceBetween) / 2);
  const travelWeight = fleet.travelDispersion / fleet.travelBetween;
  const expected = Math.max(0, legsOf(own.leg, fleet.ownLeg));
  const travelTrust = expected / (expected + travelWeight);
  const travel = (own.leg[legColumn.actual]! + travelWeight) / (expected + travelWeight);
  return {
    leg: { slope: fleet.leg.slope * travel, more: fleet.leg.more * travel },
    travelVariance:
      AHEAD_VARIANCE + fleet.travelBetween * (1 - travelTrust) + fleet.travelUnsure * (1 - travelTrust) ** 2,
    travelDispersion: fleet.travelDispersion,
    service: fleet.ratio.map((ratio) => ratio * factor),
    serviceCv2: fleet.cv2,
    serviceVariance: AHEAD_VARIANCE + left + fleet.serviceUnsure * (1 - trust) ** 2,
    breakRatio: fleet.breakRatio,
    patience: fleet.patience,
  };
}
