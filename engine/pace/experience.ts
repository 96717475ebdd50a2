import type { StopVisit } from '../../schemas/event.ts';
import { HOURS, hourOf } from './hour-of-day.ts';
import type { RoutePlan } from './route-plan.ts';
import { STOP_KINDS } from './stop-kind.ts';

/** Columns of `Experience.service`, per kind of stop. */
export const SERVICE_COLUMNS = 6;
export const serviceColumn = { count: 0, planned: 1, actual: 2, square: 3, log: 4, logSquare: 5 } as const;

/** Places in `Experience.leg`: count, Σ p, Σ a, Σ a²/p, Σ a/p, Σ 1/p; legs out of order: count, Σ p, Σ a. */
export const legColumn = {
  ...{ count: 0, planned: 1, actual: 2, square: 3, rate: 4, inverse: 5 },
  ...{ swerves: 6, swervePlanned: 7, swerveActual: 8 },
} as const;
const LEG_COLUMNS = 9;

/** Places in `Experience.hours` per hour: services, Σ how far off (logarithm), legs' Σ planned and Σ actual. */
export const hourColumn = { count: 0, off: 1, planned: 2, actual: 3 } as const;
export const HOUR_COLUMNS = 4;

/** Long promises are overrun less than short ones, on the scale of logarithms: slope, and where it is none. */
const MODERATION = 0.45;
const USUAL_SERVICE = 70;

/**
 * What a route's own visits say of its pace, as sums, so that routes can be added up.
 *
 *   service  kind-major [count, Σ planned, Σ actual, Σ actual², Σ ln(actual/planned), Σ ln²]
 *   leg      of the legs between consecutive stops, p planned, a actual: the columns of legColumn
 */
export type Experience = {
  /** Who drives, where the plan says it. */
  readonly driverId: number | undefined;
  readonly service: Float64Array;
  readonly leg: Float64Array;
  /** Hour-of-day-major (UTC), the columns of hourColumn: how the day changes. */
  readonly hours: Float64Array;
  /** The drives from and to the station, planned and actual seconds: they are no search for a door. */
  readonly stemPlanned: number;
  readonly stemActual: number;
  /** Planned breaks that were taken: how many, their planned and their actual seconds. */
  readonly breakCount: number;
  readonly breakPlanned: number;
  readonly breakActual: number;
  /** Stops reached before their window opened: how many were waited for, and how many served at once. */
  readonly windowsKept: number;
  readonly windowsBroken: number;
};

export const noExperience: Experience = {
  service: new Float64Array(STOP_KINDS * SERVICE_COLUMNS),
  leg: new Float64Array(LEG_COLUMNS),
  hours: new Float64Array(HOURS * HOUR_COLUMNS),
  breakCount: 0,
  breakPlanned: 0,
  breakActual: 0,
  windowsKept: 0,
  windowsBroken: 0,
  driverId: undefined,
  stemPlanned: 0,
  stemActual: 0,
};

/** From the station and back to it, as the van was seen; instants. */
export type Outing = { readonly leftAt?: number | undefined; readonly returnedAt?: number | undefined };

/** Drives from and to the station that are shorter than this say nothing of such drives, seconds. */
const STEM_MIN = 240;
/** One that takes several times what was planned held something else. */
const STEM_MOST = 3;
/** A break is taken at most this long before it is planned: a standstill before that is something else. */
const BREAK_EARLIEST = 7200;

/** A pause is taken for the break owed when it is this share of it, and no sooner than so long before. */
const BREAK_SHARE = 0.4;
/** One endless stop or leg (a breakdown) says nothing about the others: it counts up to so much. */
const extreme = (planned: number): number => 6 * planned + 600;
/** Stops taken in another order lie this close in it; what jumps further tells of stops not seen. */
const SWERVE_MAX = 2;
/** Shorter services are not measured well enough for their logarithm, seconds. */
const SERVICE_MIN = 10;
/** What a leg takes beyond this multiple of its plan says nothing of the hour. */
const LEG_TELLING = 3;
/** Legs shorter than this count as if they were so long, seconds. */
export const LEG_MIN = 20;

export function experienceOf(
  plan: RoutePlan,
  visits: ReadonlyMap<number, StopVisit>,
  outing: Outing = {},
): Experience {
  const service = new Float64Array(STOP_KINDS * SERVICE_COLUMNS);
  const leg = new Float64Array(LEG_COLUMNS);
  const hours = new Float64Array(HOURS * HOUR_COLUMNS);
  let { breakCount, breakPlanned, breakActual, windowsKept, windowsBroken } = noExperience;
  let before = -1;
  let leftAt = plan.departure;
  /** Takes the break out of a pause that holds it. */
  const withoutBreak = (actual: number, planned: number, until: number): number => {
    const owed = plan.breaks[breakCount];
    if (!owed || actual - planned < BREAK_SHARE * owed.seconds || until < owed.at - BREAK_EARLIEST)
      return actual;
    breakCount++;
    breakPlanned += owed.seconds;
    breakActual += Math.min(actual - planned, 2 * owed.seconds);
    return planned;
  };
  for (const i of inOrderOfTime(plan, visits)) {
    const { arrivedAt, departedAt } = visits.get(plan.stopIds[i]!)!;
    if (before >= 0 && arrivedAt >= leftAt) {
      const planned = Math.max(LEG_MIN, plan.legs[i]!);
      const driven = arrivedAt - leftAt;
      const actual = Math.min(withoutBreak(driven, planned, arrivedAt), extreme(planned));
      // The plan tells the leg between neighbours only.
      if (before === i - 1 && actual === driven) {
        leg[legColumn.count]! += 1;
        leg[legColumn.planned]! += planned;
        leg[legColumn.actual]! += actual;
        leg[legColumn.square]! += (actual * actual) / planned;
        leg[legColumn.rate]! += actual / planned;
        leg[legColumn.inverse]! += 1 / planned;
        const hour = hourOf(arrivedAt) * HOUR_COLUMNS;
        hours[hour + hourColumn.planned]! += planned;
        hours[hour + hourColumn.actual]! += Math.min(actual, LEG_TELLING * planned);
      } else if (before !== i - 1 && Math.abs(before - i) <= SWERVE_MAX && actual === driven) {
        leg[legColumn.swerves]! += 1;
        leg[legColumn.swervePlanned]! += planned;
        leg[legColumn.swerveActual]! += actual;
      }
    }
    if (departedAt === undefined) {
      before = -1;
      continue;
    }
    const opens = plan.windowFrom[i]!;
    if (departedAt < opens) windowsBroken++;
    else if (arrivedAt < opens - 60) windowsKept++;
    const planned = Math.max(SERVICE_MIN, plan.service[i]!);
    const waited = Math.min(Math.max(arrivedAt, opens), departedAt);
    const spent = Math.max(SERVICE_MIN, departedAt - (waited < departedAt ? waited : arrivedAt));
    const owed = plan.breaks[breakCount];
    const kept =
      owed && spent - planned > 0.75 * owed.seconds ? withoutBreak(spent, planned, departedAt) : spent;
    const actual = Math.min(kept, extreme(planned));
    const at = plan.kind[i]! * SERVICE_COLUMNS;
    const log = Math.log(actual / planned);
    service[at + serviceColumn.count]! += 1;
    service[at + serviceColumn.planned]! += planned;
    service[at + serviceColumn.actual]! += actual;
    service[at + serviceColumn.square]! += actual * actual;
    service[at + serviceColumn.log]! += log;
    service[at + serviceColumn.logSquare]! += log * log;
    const hour = hourOf(departedAt) * HOUR_COLUMNS;
    hours[hour + hourColumn.count]! += 1;
    hours[hour + hourColumn.off]! += log + MODERATION * Math.log(planned / USUAL_SERVICE);
    before = i;
    leftAt = departedAt;
  }
  return {
    ...{ driverId: plan.driverId, service, leg, hours, breakCount, breakPlanned, breakActual },
    ...{ windowsKept, windowsBroken, ...stemsOf(plan, visits, outing) },
  };
}

/** The drive out to the first stop and home from the last, as far as they were as planned. */
function stemsOf(plan: RoutePlan, visits: ReadonlyMap<number, StopVisit>, { leftAt, returnedAt }: Outing) {
  let [stemPlanned, stemActual] = [0, 0];
  const add = (planned: number, actual: number): void => {
    if (planned < STEM_MIN || actual <= 0 || actual > STEM_MOST * planned) return;
    stemPlanned += planned;
    stemActual += actual;
  };
  const first = visits.get(plan.stopIds[0] ?? Number.NaN);
  if (first && leftAt !== undefined && !first.isOutOfSequence) add(plan.legs[0]!, first.arrivedAt - leftAt);
  const last = visits.get(plan.stopIds[plan.count - 1] ?? Number.NaN);
  if (last?.departedAt !== undefined && returnedAt !== undefined)
    add(plan.returnLeg, returnedAt - last.departedAt);
  return { stemPlanned, stemActual };
}

function inOrderOfTime(plan: RoutePlan, visits: ReadonlyMap<number, StopVisit>): number[] {
  const served: number[] = [];
  for (let i = 0; i < plan.count; i++) if (visits.has(plan.stopIds[i]!)) served.push(i);
  const at = (i: number) => visits.get(plan.stopIds[i]!)!.arrivedAt;
  return served.sort((a, b) => at(a) - at(b) || a - b);
}

/** What routes together say, whoever drove them. */
export type Sums = Omit<Experience, 'driverId' | 'hours'>;

export function sumsOf(routes: readonly Sums[]): Sums {
  const service = new Float64Array(noExperience.service.length);
  const leg = new Float64Array(noExperience.leg.length);
  let { breakCount, breakPlanned, breakActual, windowsKept, windowsBroken } = noExperience;
  let { stemPlanned, stemActual } = noExperience;
  for (const route of routes) {
    for (let i = 0; i < service.length; i++) service[i]! += route.service[i]!;
    for (let i = 0; i < leg.length; i++) leg[i]! += route.leg[i]!;
    stemPlanned += route.stemPlanned;
    stemActual += route.stemActual;
    breakCount += route.breakCount;
    breakPlanned += route.breakPlanned;
    breakActual += route.breakActual;
    windowsKept += route.windowsKept;
    windowsBroken += route.windowsBroken;
  }
  return {
    ...{ service, leg, stemPlanned, stemActual, breakCount, breakPlanned, breakActual },
    ...{ windowsKept, windowsBroken },
  };
}
