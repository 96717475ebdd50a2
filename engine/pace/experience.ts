import type { StopVisit } from '../../schemas/event.ts';
import type { RoutePlan } from './route-plan.ts';

/** Classes of stops by their planned seconds: short promises run over in other ways than long ones. */
const KIND_BELOW = [30, 42, 55, 70, 90, 120, 170, 280] as const;
export const STOP_KINDS = KIND_BELOW.length + 1;

export function stopKind(plannedSeconds: number): number {
  let kind = 0;
  while (kind < KIND_BELOW.length && plannedSeconds >= KIND_BELOW[kind]!) kind++;
  return kind;
}

/** Columns of `Experience.service`, per kind of stop. */
export const SERVICE_COLUMNS = 6;
export const serviceColumn = { count: 0, planned: 1, actual: 2, square: 3, log: 4, logSquare: 5 } as const;

/** Places in `Experience.leg`: count, Σ p, Σ a, Σ a²/p, Σ a/p, Σ 1/p; legs out of order: count, Σ p, Σ a. */
export const legColumn = {
  ...{ count: 0, planned: 1, actual: 2, square: 3, rate: 4, inverse: 5 },
  ...{ swerves: 6, swervePlanned: 7, swerveActual: 8 },
} as const;
const LEG_COLUMNS = 9;

/**
 * What a route's own visits say of its pace, as sums, so that routes can be added up.
 *
 *   service  kind-major [count, Σ planned, Σ actual, Σ actual², Σ ln(actual/planned), Σ ln²]
 *   leg      of the legs between consecutive stops, p planned, a actual: the columns of legColumn
 */
export type Experience = {
  readonly service: Float64Array;
  readonly leg: Float64Array;
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
  breakCount: 0,
  breakPlanned: 0,
  breakActual: 0,
  windowsKept: 0,
  windowsBroken: 0,
};

/** A pause is taken for the break owed when it is this share of it, and no sooner than so long before. */
const BREAK_SHARE = 0.4;
/** One endless stop or leg (a breakdown) says nothing about the others: it counts up to so much. */
const extreme = (planned: number): number => 6 * planned + 600;
/** Stops taken in another order lie this close in it; what jumps further tells of stops not seen. */
const SWERVE_MAX = 2;
/** Shorter services are not measured well enough for their logarithm, seconds. */
const SERVICE_MIN = 10;
/** Legs shorter than this count as if they were so long, seconds. */
export const LEG_MIN = 20;

export function experienceOf(plan: RoutePlan, visits: ReadonlyMap<number, StopVisit>): Experience {
  const service = new Float64Array(STOP_KINDS * SERVICE_COLUMNS);
  const leg = new Float64Array(LEG_COLUMNS);
  let { breakCount, breakPlanned, breakActual, windowsKept, windowsBroken } = noExperience;
  let before = -1;
  let leftAt = plan.departure;
  /** Takes the break out of a pause that holds it. */
  const withoutBreak = (actual: number, planned: number): number => {
    const owed = plan.breaks[breakCount];
    if (!owed || actual - planned < BREAK_SHARE * owed.seconds) return actual;
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
      const actual = Math.min(withoutBreak(driven, planned), extreme(planned));
      // The plan tells the leg between neighbours only.
      if (before === i - 1 && actual === driven) {
        leg[legColumn.count]! += 1;
        leg[legColumn.planned]! += planned;
        leg[legColumn.actual]! += actual;
        leg[legColumn.square]! += (actual * actual) / planned;
        leg[legColumn.rate]! += actual / planned;
        leg[legColumn.inverse]! += 1 / planned;
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
    const kept = owed && spent - planned > 0.75 * owed.seconds ? withoutBreak(spent, planned) : spent;
    const actual = Math.min(kept, extreme(planned));
    const at = plan.kind[i]! * SERVICE_COLUMNS;
    const log = Math.log(actual / planned);
    service[at + serviceColumn.count]! += 1;
    service[at + serviceColumn.planned]! += planned;
    service[at + serviceColumn.actual]! += actual;
    service[at + serviceColumn.square]! += actual * actual;
    service[at + serviceColumn.log]! += log;
    service[at + serviceColumn.logSquare]! += log * log;
    before = i;
    leftAt = departedAt;
  }
  return { service, leg, breakCount, breakPlanned, breakActual, windowsKept, windowsBroken };
}

function inOrderOfTime(plan: RoutePlan, visits: ReadonlyMap<number, StopVisit>): number[] {
  const served: number[] = [];
  for (let i = 0; i < plan.count; i++) if (visits.has(plan.stopIds[i]!)) served.push(i);
  const at = (i: number) => visits.get(plan.stopIds[i]!)!.arrivedAt;
  return served.sort((a, b) => at(a) - at(b) || a - b);
}
