import type { Outcome } from '../../engine/pace/calibration.ts';
import { type Experience, experienceOf, noExperience } from '../../engine/pace/experience.ts';
import { type FleetPace, factorsOf, fleetPace } from '../../engine/pace/factors.ts';
import { learnDay } from '../../engine/pace/learn-day.ts';
import { type Learned, nothingLearned } from '../../engine/pace/learned.ts';
import { normalCdf } from '../../engine/pace/normal.ts';
import { noRisk, type RiskState, riskStep } from '../../engine/pace/risk.ts';
import { type RoutePlan, routePlan } from '../../engine/pace/route-plan.ts';
import { GRACE, type Standing, standing, stopEtas } from '../../engine/pace/standing.ts';
import type { PaceStatus, StopVisit } from '../../schemas/event.ts';
import { distance, type Position } from '../../schemas/position.ts';
import type { RouteDay } from './fleet-days.ts';
import { AHEAD, type Floor, floorOf } from './floor.ts';

/** Shares of the stops done at which a route is forecast. */
export const PROGRESS = [0.1, 0.25, 0.5, 0.75, 0.9] as const;

/** What was said of a route's end when a share of its stops was done. */
export type Forecast = {
  readonly progress: number;
  readonly at: number;
  readonly p50: number;
  readonly p90: number;
  /** Before what was learned of past forecasts. */
  readonly mean: number;
  readonly sd: number;
  readonly late: number;
  /** Plan + present delay; rest of the plan × elapsed over planned elapsed. */
  readonly delayed: number;
  readonly scaled: number;
  readonly floor: number;
  readonly floorSd: number;
  readonly floorLate: number;
  /** Of the next stops: how far off arrivals were, seconds, ours and the floor's; and whether P90 held. */
  readonly next: readonly { readonly off: number; readonly floorOff: number; readonly isIn: boolean }[];
};

export type RouteResult = {
  readonly world: string;
  /** Which of its fleet's days, from 0. */
  readonly day: number;
  readonly driverPace: number;
  readonly shiftsBefore: number;
  /** Where the route lies, seen from its station. */
  readonly zone: string;
  readonly departure: number;
  readonly finishPlanned: number;
  readonly returnedAt: number;
  readonly isLate: boolean;
  readonly forecasts: readonly Forecast[];
  /** Alert raised and resolved, in order; changes of status while on the road. */
  readonly alerts: readonly {
    readonly at: number;
    readonly turn: 'raise' | 'resolve';
    readonly late: number;
  }[];
  readonly statusChanges: number;
  /** P(late) an hour before the planned return, ours and the floor's; undefined when already back. */
  readonly hourBefore: { readonly late: number; readonly floorLate: number } | undefined;
  /** Statuses at whole half hours of the shift. */
  readonly statuses: readonly { readonly hour: number; readonly status: PaceStatus }[];
};

type Run = {
  readonly day: RouteDay;
  readonly plan: RoutePlan;
  readonly visits: Map<number, StopVisit>;
  experience: Experience;
  shown: number;
  late: number;
  risk: RiskState;
  status: PaceStatus | undefined;
  statusChanges: number;
  readonly alerts: { at: number; turn: 'raise' | 'resolve'; late: number }[];
  readonly statuses: { hour: number; status: PaceStatus }[];
  readonly forecasts: Forecast[];
  hourBefore: RouteResult['hourBefore'];
};

/** Follows a fleet through its days, learning after each: the first one is met knowing nothing. */
export function replayFleet(world: string, days: Iterable<readonly RouteDay[]>, step: number): RouteResult[] {
  const results: RouteResult[] = [];
  let learned = nothingLearned;
  let dayIndex = 0;
  for (const day of days) {
    const runs = replayDay(day, step, learned);
    results.push(...runs.map((run) => resultOf({ world, day: dayIndex }, run)));
    dayIndex++;
    const outcomes = runs.flatMap(({ forecasts, day: { returnedAt } }) =>
      forecasts.map(({ progress, mean, sd }): Outcome => ({ progress, mean, sd, finish: returnedAt })),
    );
    learned = learnDay(
      learned,
      runs.map(({ plan, visits, day: { leftAt, returnedAt } }) => ({
        ...{ plan, visits },
        outing: { leftAt, returnedAt },
      })),
      outcomes,
    );
  }
  return results;
}

/**
 * Follows a fleet through one day as the engine would, once every `step` seconds, and forecasts every
 * route at the very moments it has done a share of its stops.
 */
function replayDay(days: readonly RouteDay[], step: number, learned: Learned): Run[] {
  const floor = floorOf(days);
  const runs = days.map(
    (day): Run => ({
      day,
      plan: routePlan(day.route, day.depot, learned.speeds),
      visits: new Map(),
      ...{ experience: noExperience, shown: 0, late: 0, risk: noRisk, status: undefined, statusChanges: 0 },
      ...{ alerts: [], statuses: [], forecasts: [], hourBefore: undefined },
    }),
  );
  const start = Math.min(...runs.map(({ plan }) => plan.departure)) - 600;
  const end = Math.max(...days.map(({ returnedAt }) => returnedAt)) + step;
  for (let at = start; at < end; at += step) {
    const fleet = fleetPace(
      runs.map(({ experience }) => experience),
      learned,
    );
    for (const [index, run] of runs.entries()) {
      if (run.status === 'finished') continue;
      reveal(run, at, (done) => run.forecasts.push(...forecastAt(run, { index, done, fleet, floor })));
      follow(run, at, fleet, (at - start) / 3600);
      if (run.hourBefore === undefined && at >= run.plan.finish - 3600) lookAhead(run, { index, floor, at });
    }
  }
  return runs;
}

/** Shows the run what happened up to `at`; calls for a forecast at each departure that is due one. */
function reveal(run: Run, at: number, forecast: (done: number) => void): void {
  const { day, visits, plan } = run;
  const outing = { leftAt: day.leftAt };
  let isChanged = false;
  for (; run.shown < day.visits.length; run.shown++) {
    const visit = day.visits[run.shown]!;
    if (visit.arrivedAt > at) break;
    isChanged = true;
    if (visit.departedAt > at) {
      visits.set(visit.stopId, { ...visit, departedAt: undefined });
      break;
    }
    visits.set(visit.stopId, visit);
    if (PROGRESS.some((share) => run.shown + 1 === Math.ceil(share * plan.count))) {
      run.experience = experienceOf(plan, visits, outing);
      forecast(run.shown + 1);
    }
  }
  if (isChanged || run.experience === noExperience) run.experience = experienceOf(plan, visits, outing);
}

function stand(
  run: Run,
  at: number,
  fleet: FleetPace,
  position: Position | undefined,
  isHome: boolean,
): Standing {
  const { day, plan, visits, experience, status } = run;
  const departedAt = at >= day.leftAt ? day.leftAt : undefined;
  return standing(
    plan,
    visits,
    { at, heardAt: at, position: departedAt === undefined ? undefined : position, departedAt, isHome },
    { factors: factorsOf(experience, fleet), breaksTaken: experience.breakCount, before: status },
  );
}

function follow(run: Run, at: number, fleet: FleetPace, hours: number): void {
  const isHome = at >= run.day.returnedAt;
  const { pace } = stand(run, at, fleet, run.day.position(at), isHome);
  if (run.status !== undefined && run.status !== pace.status) run.statusChanges++;
  run.status = pace.status;
  run.late = pace.lateProbability;
  if (Number.isInteger(Math.round(hours * 1000) / 500))
    run.statuses.push({ hour: hours, status: pace.status });
  const { state, turn } = riskStep(run.risk, pace);
  run.risk = state;
  if (turn) run.alerts.push({ at, turn, late: pace.lateProbability });
}

/** What the latest pace and the floor say an hour before the planned return. */
function lookAhead(run: Run, { index, floor, at }: { index: number; floor: Floor; at: number }): void {
  const done = run.day.visits.findLastIndex(({ departedAt }) => departedAt <= at) + 1;
  if (run.status === 'finished' || done === 0) return;
  const { mean, sd } = floor.finish(index, done, at);
  const floorLate = 1 - normalCdf((run.plan.finish + GRACE - Math.max(at, mean)) / Math.max(1, sd));
  run.hourBefore = { late: run.late, floorLate };
}

type ForecastInput = {
  readonly index: number;
  readonly done: number;
  readonly fleet: FleetPace;
  readonly floor: Floor;
};

function forecastAt(run: Run, { index, done, fleet, floor }: ForecastInput): Forecast[] {
  const { day, plan } = run;
  const last = day.visits[done - 1]!;
  const at = last.departedAt;
  const { pace, projection, progress } = stand(run, at, fleet, undefined, false);
  const sd = Math.max(1, projection.finishSd);
  const due = plan.doneBy[done - 1]!;
  const lateBy = plan.finish + GRACE;
  const known = floor.finish(index, done, at);
  const arrival = new Map(day.visits.map(({ stopId, arrivedAt }) => [stopId, arrivedAt]));
  const next = stopEtas(plan, { projection, progress }, factorsOf(run.experience, fleet))
    .slice(0, Math.min(AHEAD, progress.aheadCount))
    .flatMap(({ stopId, p50, p90 }, k) => {
      const truly = arrival.get(stopId);
      const floorAt = known.arrivals[k];
      if (truly === undefined || floorAt === undefined) return [];
      return [{ off: Math.abs(p50 - truly), floorOff: Math.abs(floorAt - truly), isIn: truly <= p90 }];
    });
  return [
    {
      progress: PROGRESS.find((share) => done === Math.ceil(share * plan.count))!,
      at,
      p50: pace.finishP50,
      p90: pace.finishP90,
      mean: projection.finish,
      sd,
      late: pace.lateProbability,
      delayed: plan.finish + (at - due),
      scaled: at + ((plan.finish - due) * (at - plan.departure)) / Math.max(60, due - plan.departure),
      floor: known.mean,
      floorSd: known.sd,
      floorLate: 1 - normalCdf((lateBy - known.mean) / Math.max(1, known.sd)),
      next,
    },
  ];
}

function resultOf(of: { readonly world: string; readonly day: number }, run: Run): RouteResult {
  const { day, plan, forecasts, alerts, statusChanges, statuses, hourBefore } = run;
  return {
    ...of,
    driverPace: day.hidden.pace,
    shiftsBefore: day.shiftsBefore,
    zone: zoneOf(plan),
    departure: plan.departure,
    finishPlanned: plan.finish,
    returnedAt: day.returnedAt,
    isLate: day.returnedAt > plan.finish + GRACE,
    ...{ forecasts, alerts, statusChanges, statuses, hourBefore },
  };
}

/** Metres from the station beyond which a route is far out. */
const FAR = 5000;

function zoneOf({ depot, lng, lat, count }: RoutePlan): string {
  const middle = {
    lng: lng.reduce((sum, value) => sum + value, 0) / count,
    lat: lat.reduce((sum, value) => sum + value, 0) / count,
  };
  const side = `${middle.lat > depot.lat ? 'north' : 'south'}-${middle.lng > depot.lng ? 'east' : 'west'}`;
  return `${side}, ${distance(depot, middle) > FAR ? 'far' : 'near'}`;
}
