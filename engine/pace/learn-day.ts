import { type Outcome, recalibrated } from './calibration.ts';
import { type Experience, experienceOf, type Outing, type Sums, sumsOf } from './experience.ts';
import { type FleetPace, fleetPace, ownLegs, ownServices } from './factors.ts';
import { type Driven, learnSpeeds } from './learn-speeds.ts';
import { type DriverRecord, FORM_USUAL, type Learned, TRAVEL_FORM } from './learned.ts';

/** What came of a route. */
export type RouteRecord = Driven & { readonly outing: Outing };

/** A day counts by this much a day later. */
const KEPT = 0.85;
/** Nor does anybody stay the same for ever: variance added with each shift. */
const CHANGE = 0.01 ** 2;
/** Drivers that have not come for so many versions are let go when there are too many of them. */
const DRIVERS_MAX = 50_000;

/** Takes in a day that is over: what its routes were like, and how forecasts of them came true. */
export function learnDay(
  learned: Learned,
  day: readonly RouteRecord[],
  outcomes: readonly Outcome[],
): Learned {
  if (day.length === 0) return learned;
  const routes = day.map(({ plan, visits, outing }) => experienceOf(plan, visits, outing));
  const fleet = fleetPace(routes, learned);
  const drivers = new Map(learned.drivers);
  for (const route of routes) {
    if (route.driverId === undefined) continue;
    const known = drivers.get(route.driverId);
    // Moves to the end: the longest unseen stay first.
    drivers.delete(route.driverId);
    drivers.set(route.driverId, seen(known, route, fleet, learned.form));
  }
  for (const driverId of drivers.keys()) {
    if (drivers.size <= DRIVERS_MAX) break;
    drivers.delete(driverId);
  }
  return {
    version: learned.version + 1,
    sums: added(learned.sums, sumsOf(routes)),
    drivers,
    form: formOf(learned, routes, fleet),
    between: { service: fleet.serviceBetween, travel: fleet.travelBetween },
    calibration: recalibrated(learned.calibration, outcomes),
    speeds: learnSpeeds(learned.speeds, day, fleet),
  };
}

/** Drivers' worth of what is usual, and how much of what was seen before is kept. */
const FORM_WEIGHT = 40;
const FORM_KEPT = 0.7;
/** One day tells no more of a driver than this (a route too heavy is no form), in variances. */
const TELLING = 9;

/** How much drivers differ from what is known of them, beyond what that and a day's dice explain. */
function formOf(learned: Learned, routes: readonly Experience[], fleet: FleetPace): number {
  let [weight, sum] = [FORM_WEIGHT, FORM_WEIGHT * (FORM_KEPT * learned.form + (1 - FORM_KEPT) * FORM_USUAL)];
  for (const route of routes) {
    const known = route.driverId === undefined ? undefined : learned.drivers.get(route.driverId);
    const { weight: visits, mean } = ownServices(route, fleet.median);
    if (known === undefined || visits === 0) continue;
    const explained = known.serviceVariance + fleet.within / visits;
    const off = mean - fleet.serviceLevel - known.service;
    // A day's dice are known better the more visits there were.
    const trust = learned.form / (learned.form + explained);
    sum += trust * (Math.min(off * off, TELLING * (explained + learned.form)) - explained);
    weight += trust;
  }
  return Math.max(0.01 ** 2, sum / weight);
}

/** One shift more of a driver: a step of a Kalman filter for each of the two. */
function seen(
  known: DriverRecord | undefined,
  own: Experience,
  fleet: FleetPace,
  form: number,
): DriverRecord {
  const services = ownServices(own, fleet.median);
  const legs = ownLegs(own, fleet.ownLeg);
  const step = (mean: number, variance: number, value: number, noise: number) => {
    const trust = variance / (variance + noise);
    return { mean: mean + trust * (value - mean), variance: (1 - trust) * variance + CHANGE };
  };
  const service = step(
    known?.service ?? 0,
    known?.serviceVariance ?? fleet.serviceBetween,
    services.mean - fleet.serviceLevel,
    form + fleet.within / Math.max(services.weight, 1e-9),
  );
  const travel = step(
    known?.travel ?? 0,
    known?.travelVariance ?? fleet.travelBetween,
    (1 + legs.mean) / (1 + fleet.travelLevel) - 1,
    TRAVEL_FORM + fleet.travelDispersion / Math.max(legs.weight, 1e-9),
  );
  return {
    shifts: (known?.shifts ?? 0) + 1,
    ...{ service: service.mean, serviceVariance: service.variance },
    ...{ travel: travel.mean, travelVariance: travel.variance },
  };
}

function added(past: Sums, today: Sums): Sums {
  const column = (a: Float64Array, b: Float64Array) => a.map((value, i) => KEPT * value + b[i]!);
  const both = (which: Exclude<keyof Sums, 'service' | 'leg'>) => KEPT * past[which] + today[which];
  return {
    service: column(past.service, today.service),
    leg: column(past.leg, today.leg),
    ...{ stemPlanned: both('stemPlanned'), stemActual: both('stemActual'), breakCount: both('breakCount') },
    ...{ breakPlanned: both('breakPlanned'), breakActual: both('breakActual') },
    ...{ windowsKept: both('windowsKept'), windowsBroken: both('windowsBroken') },
  };
}
