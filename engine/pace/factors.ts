import { type Curves, curvesOf } from './calibration.ts';
import {
  type Experience,
  LEG_MIN,
  legColumn,
  SERVICE_COLUMNS,
  type Sums,
  serviceColumn,
  sumsOf,
} from './experience.ts';
import { type Drift, driftOf, newClock } from './hours.ts';
import { type DriverRecord, type Learned, nothingLearned, TRAVEL_FORM } from './learned.ts';
import { STOP_KINDS } from './stop-kind.ts';

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
  /** By how much today is slower at the door than past days were, logarithm. */
  readonly serviceLevel: number;
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
  /** By how much legs are slower today than on past days, relative. */
  readonly travelLevel: number;
  /** Actual over planned seconds of drives from and to the station. */
  readonly stemRatio: number;
  /** Actual over planned seconds of a break. */
  readonly breakRatio: number;
  /** Share of drivers too early for a window who wait until it opens. */
  readonly patience: number;
  /** What is known of drivers from before, and how forecasts came true. */
  readonly learned: Learned;
  /** How it goes now, against the day so far. */
  readonly drift: Drift;
  readonly curves: Curves;
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
  /** Of the drive home. */
  readonly stemRatio: number;
  readonly breakRatio: number;
  readonly patience: number;
  /** How forecasts like this one came true. */
  readonly curves: Curves;
  /** Of what was learned on past days. */
  readonly version: number;
};

/** A plan may be this far off for all of its routes before anything was seen (σ of the ratio). */
const PLAN_SD = 0.12;
/** Kinds of stops differ from one another by about this much (σ of the ratio). */
const KIND_SD = 0.4;
/** Days of a fleet differ by this much from one another (σ), services and legs. */
const DAY_SD = 0.04;
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
 * Learns from all routes of the day and from past days: the ratio of every kind of stop shrunk towards
 * that of all, that towards one; how far today is off, as all routes together show against what is known
 * of their drivers; the spread of drivers by the method of moments (DerSimonian & Laird 1986,
 * https://doi.org/10.1016/0197-2456(86)90046-2), shrunk towards what is usual.
 */
export function fleetPace(routes: readonly Experience[], learned: Learned = nothingLearned): FleetPace {
  const sum = sumsOf([...routes, learned.sums]);
  return {
    ...servicesOf(routes, sum, learned),
    ...travelOf(routes, sum, learned),
    stemRatio: (sum.stemActual + STEM_WEIGHT) / (sum.stemPlanned + STEM_WEIGHT),
    breakRatio: (sum.breakActual + BREAK_WEIGHT * 1800) / (sum.breakPlanned + BREAK_WEIGHT * 1800),
    patience:
      (sum.windowsKept + PATIENCE * PATIENCE_WEIGHT) /
      (sum.windowsKept + sum.windowsBroken + PATIENCE_WEIGHT),
    learned,
    drift: driftOf(routes, newClock()),
    curves: curvesOf(learned.calibration),
  };
}

/** Drives from and to the station come out as planned until so many seconds of them were seen. */
const STEM_WEIGHT = 3600;

/** Services of every kind of stop, from today and before. */
function servicesOf(routes: readonly Experience[], sum: Sums, learned: Learned) {
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
  const own = routes.map((route) => ownServices(route, median));
  const serviceBetween = between(own, within, learned.between?.service ?? SERVICE_BETWEEN);
  const level = levelOf(
    own.map(({ weight, mean }, r) => {
      const known = recordOf(learned, routes[r]!.driverId);
      const spread = (known?.serviceVariance ?? serviceBetween) + learned.form;
      return { mean: mean - (known?.service ?? 0), variance: spread + within / weight };
    }),
    learned,
  );
  return {
    ...{ ratio, median, cv2, within, serviceBetween },
    ...{ serviceLevel: level.mean, serviceUnsure: level.variance },
  };
}

const recordOf = ({ drivers }: Learned, driverId: number | undefined): DriverRecord | undefined =>
  driverId === undefined ? undefined : drivers.get(driverId);

/** How far today is off what was usual, as routes show it that are off by their drivers as well. */
function levelOf(
  routes: readonly { readonly mean: number; readonly variance: number }[],
  { version }: Learned,
): { readonly mean: number; readonly variance: number } {
  let [weights, weighted] = [0, 0];
  for (const { mean, variance } of routes) {
    if (!Number.isFinite(variance)) continue;
    weights += 1 / variance;
    weighted += mean / variance;
  }
  const seen = 1 / weights;
  // On a fleet's first day today is all there is: what is usual is today's own mean.
  if (version === 0) return { mean: 0, variance: parallel(PLAN_SD ** 2, seen) };
  const trust = DAY_SD ** 2 / (DAY_SD ** 2 + seen);
  return { mean: weights > 0 ? (trust * weighted) / weights : 0, variance: DAY_SD ** 2 * (1 - trust) };
}

/** Variance of a service over its mean, seconds: what weighs planned seconds before any was seen. */
const SERVICE_DISPERSION = 70;

/** Weighted least squares of actual on planned legs (weights 1/planned), drawn towards the plan itself. */
function travelOf(routes: readonly Experience[], { leg: sum }: Sums, learned: Learned) {
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
  const own = routes.map((route) => ownLegs(route, line));
  const travelBetween = between(own, travelDispersion, learned.between?.travel ?? TRAVEL_BETWEEN);
  const level = levelOf(
    own.map(({ weight, mean }, r) => {
      const known = recordOf(learned, routes[r]!.driverId);
      const spread = (known?.travelVariance ?? travelBetween) + TRAVEL_FORM;
      return { mean: mean - (known?.travel ?? 0), variance: spread + travelDispersion / weight };
    }),
    learned,
  );
  return {
    ...{ leg, ownLeg: line, travelDispersion, travelBetween },
    ...{ travelLevel: level.mean, travelUnsure: level.variance },
  };
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
export function ownServices({ service }: Experience, median: Float64Array): { weight: number; mean: number } {
  let weight = 0;
  let log = 0;
  for (let kind = 0; kind < STOP_KINDS; kind++) {
    const n = service[kind * SERVICE_COLUMNS + serviceColumn.count]!;
    weight += n;
    log += service[kind * SERVICE_COLUMNS + serviceColumn.log]! - n * median[kind]!;
  }
  return { weight, mean: weight > 0 ? log / weight : 0 };
}

/** A driver's legs against the fleet's: expected seconds, and the ratio less one. */
export function ownLegs({ leg }: Experience, line: Line): { weight: number; mean: number } {
  const weight = Math.max(0, legsOf(leg, line));
  return { weight, mean: weight > 0 ? leg[legColumn.actual]! / weight - 1 : 0 };
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

/**
 * A driver's own factors, shrunk towards the fleet's: the mean of a normal prior and a normal
 * observation (https://en.wikipedia.org/wiki/Conjugate_prior), for services on the scale of logarithms.
 */
export function factorsOf(own: Experience, fleet: FleetPace): Factors {
  const known = recordOf(fleet.learned, own.driverId);
  const services = ownServices(own, fleet.median);
  const service = today(
    (known?.service ?? 0) + fleet.serviceLevel,
    known ? known.serviceVariance + fleet.learned.form : fleet.serviceBetween,
    services.mean,
    fleet.within / services.weight,
  );
  // The fleet's ratio is that of a mean driver, exp(between / 2) above the median one.
  const factor = Math.exp(service.mean + fleet.drift.service + (service.variance - fleet.serviceBetween) / 2);
  const legs = ownLegs(own, fleet.ownLeg);
  const travel = today(
    (1 + (known?.travel ?? 0)) * (1 + fleet.travelLevel) - 1,
    known ? known.travelVariance + TRAVEL_FORM : fleet.travelBetween,
    legs.mean,
    fleet.travelDispersion / legs.weight,
  );
  const ratio = (1 + travel.mean) * (1 + fleet.drift.travel);
  return {
    leg: { slope: fleet.leg.slope * ratio, more: fleet.leg.more * ratio },
    travelVariance: AHEAD_VARIANCE + travel.variance + fleet.travelUnsure * (1 - travel.trust) ** 2,
    travelDispersion: fleet.travelDispersion,
    service: fleet.ratio.map((ratioOfKind) => ratioOfKind * factor),
    serviceCv2: fleet.cv2,
    serviceVariance: AHEAD_VARIANCE + service.variance + fleet.serviceUnsure * (1 - service.trust) ** 2,
    stemRatio: fleet.stemRatio * ratio,
    breakRatio: fleet.breakRatio,
    patience: fleet.patience,
    curves: fleet.curves,
    version: fleet.learned.version,
  };
}

/** Share of days on which somebody is quite another (a route too heavy, a helper, an injury), and by how much (σ). */
const ODD_SHARE = 0.06;
const ODD_VARIANCE = 0.25 ** 2;

/**
 * What was known before, and what is seen today (its variance infinite where nothing is): a mixture of
 * a usual and an odd day, each weighed by how well it explains what is seen.
 */
function today(mean: number, variance: number, seen: number, noise: number) {
  if (!Number.isFinite(noise)) return { mean, variance, trust: 0 };
  const off = seen - mean;
  const odd = variance + ODD_VARIANCE;
  const likely = (spread: number) =>
    Math.exp((-0.5 * off * off) / (spread + noise)) / Math.sqrt(spread + noise);
  const [usualWeight, oddWeight] = [(1 - ODD_SHARE) * likely(variance), ODD_SHARE * likely(odd)];
  const share = oddWeight > 0 ? oddWeight / (usualWeight + oddWeight) : 1;
  const [usualTrust, oddTrust] = [variance / (variance + noise), odd / (odd + noise)];
  const trust = usualTrust + share * (oddTrust - usualTrust);
  const within = (1 - share) * variance * (1 - usualTrust) + share * odd * (1 - oddTrust);
  const between = share * (1 - share) * ((oddTrust - usualTrust) * off) ** 2;
  return { mean: mean + trust * off, variance: within + between, trust };
}
