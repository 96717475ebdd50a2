import type { EngineStore, StoredProposal } from '../schemas/engine-store.ts';
import type { Alert, Pace, PaceStatus, StopVisit } from '../schemas/event.ts';
import type { Depot, Route } from '../schemas/plan.ts';
import type { Position } from '../schemas/position.ts';
import { type Experience, experienceOf, type Outing } from './pace/experience.ts';
import { type FleetPace, factorsOf, fleetPace } from './pace/factors.ts';
import { type Forecast, forecastsWith } from './pace/forecasts.ts';
import { type Learned, nothingLearned } from './pace/learned.ts';
import { noRisk, type RiskState, riskStep } from './pace/risk.ts';
import { type RoutePlan, routePlan } from './pace/route-plan.ts';
import { type Standing, standing } from './pace/standing.ts';
import { isSame } from './rederive.ts';
import { matchVisits } from './trip/visit.ts';
import { visitWindow } from './trip/visit-window.ts';
import type { History, VehicleRecord } from './vehicles.ts';

export type RouteFacts = Omit<Route, 'stops'>;

/** A route under way: the plan, what came of it, and what was said about it. */
export type RouteRun = {
  /** The route without its stops: those are columns of `plan`. */
  route: RouteFacts;
  plan: RoutePlan;
  readonly visits: Map<number, StopVisit>;
  experience: Experience;
  /** When it was seen to leave and to come back. */
  outing: Outing;
  /** What was first said of its finish at each share of its stops. */
  forecasts: readonly Forecast[];
  status: PaceStatus | undefined;
  risk: RiskState;
  alert: Alert | undefined;
  proposal: StoredProposal | undefined;
  latest: Pick<Standing, 'pace' | 'progress'> | undefined;
  /** When a better order was last looked for. */
  soughtAt: number;
};

export type VisitChanges = {
  readonly upserts: readonly StopVisit[];
  readonly retractions: readonly StopVisit[];
};

/** Routes read at once. */
const READ_CHUNK = 500;

/** A route's pace begins this long before its planned departure, seconds. */
const EARLY = 1800;

/** A van unheard for longer than this is taken to stand where it was, seconds. */
const SILENT_SECONDS = 1800;

export type RouteBook = {
  readonly runs: () => Iterable<RouteRun>;
  readonly ofVehicle: (vehicleId: number) => readonly RouteRun[];
  /** Since when halts of the vehicle may have served one of its routes; undefined when it has none. */
  readonly windowFrom: (vehicleId: number) => number | undefined;
  /** Takes in routes that are new or changed; gives the vehicles they belong to. */
  readonly refresh: (depots: readonly Depot[]) => Promise<{ vehicleId: number; fleetId: number }[]>;
  /** Matches a route's visits anew. */
  readonly match: (run: RouteRun, history: History) => VisitChanges;
};

export function openRouteBook(
  store: EngineStore,
  learnedOf: (fleetId: number) => Learned = () => nothingLearned,
): RouteBook {
  const runs = new Map<number, RouteRun>();
  const byVehicle = new Map<number, RouteRun[]>();
  const take = async (ids: readonly number[], depotOf: ReadonlyMap<number, Position>) => {
    const routes = await store.readRoutes(ids);
    const fresh = routes.filter(({ id }) => !runs.has(id));
    const standings = await store.readRouteStandings(fresh.map(({ id }) => id));
    const standingOf = new Map(standings.map((stands) => [stands.routeId, stands]));
    for (const { stops, ...route } of routes) {
      const depot = depotOf.get(route.depotId) ?? stops[0]?.position ?? nowhere;
      const plan = routePlan({ ...route, stops }, depot, learnedOf(route.fleetId).speeds);
      const run = runs.get(route.id);
      if (run) {
        run.route = route;
        run.plan = plan;
        run.latest = undefined;
        continue;
      }
      const stands = standingOf.get(route.id);
      const visits = new Map(stands?.visits.map((visit) => [visit.stopId, visit]));
      const begun: RouteRun = {
        route,
        plan,
        visits,
        experience: experienceOf(plan, visits),
        outing: {},
        forecasts: [],
        status: stands?.pace?.status,
        risk: stands?.alert ? { isOpen: true, contrarySince: null } : noRisk,
        alert: stands?.alert,
        proposal: stands?.proposal,
        latest: undefined,
        soughtAt: Number.NEGATIVE_INFINITY,
      };
      runs.set(route.id, begun);
      byVehicle.set(route.vehicleId, [...(byVehicle.get(route.vehicleId) ?? []), begun]);
    }
    return routes.map(({ vehicleId, fleetId }) => ({ vehicleId, fleetId }));
  };

  /** Lets go of routes that are history, or were deleted. */
  const forgetBut = (current: ReadonlySet<number>): void => {
    for (const [id, run] of runs) {
      if (current.has(id)) continue;
      runs.delete(id);
      const left = (byVehicle.get(run.route.vehicleId) ?? []).filter((other) => other !== run);
      if (left.length > 0) byVehicle.set(run.route.vehicleId, left);
      else byVehicle.delete(run.route.vehicleId);
    }
  };

  return {
    runs: () => runs.values(),
    ofVehicle: (vehicleId) => byVehicle.get(vehicleId) ?? [],
    windowFrom(vehicleId) {
      const own = byVehicle.get(vehicleId);
      return own && Math.min(...own.map(({ plan }) => visitWindow(plan).from));
    },
    async refresh(depots) {
      const known = new Map([...runs].map(([id, { route }]) => [id, route.version]));
      const { ids, current } = await store.readRouteIds(known);
      forgetBut(new Set(current));
      const depotOf = new Map(depots.map((depot) => [depot.id, depot.position]));
      const owners: { vehicleId: number; fleetId: number }[] = [];
      // A few at a time: a fleet's stops are millions of rows.
      for (let i = 0; i < ids.length; i += READ_CHUNK) {
        owners.push(...(await take(ids.slice(i, i + READ_CHUNK), depotOf)));
      }
      return owners;
    },
    match(run, history) {
      const derived = matchVisits(run.plan, history.halts.values(), history.reports.values());
      const upserts: StopVisit[] = [];
      for (const visit of derived) {
        const known = run.visits.get(visit.stopId);
        // The same object, mostly: a matching gives again what it gave before.
        if (visit === known) continue;
        if (!isSame(visit, known)) upserts.push(visit);
        run.visits.set(visit.stopId, visit);
      }
      const retractions = run.visits.size > derived.length ? gone(run.visits, derived) : [];
      for (const { stopId } of retractions) run.visits.delete(stopId);
      if (upserts.length + retractions.length > 0) {
        run.experience = experienceOf(run.plan, run.visits, run.outing);
        run.latest = undefined;
      }
      return { upserts, retractions };
    },
  };
}

/** The visits that a matching no longer gives. */
function gone(visits: ReadonlyMap<number, StopVisit>, derived: readonly StopVisit[]): StopVisit[] {
  const standing = new Set(derived.map(({ stopId }) => stopId));
  return [...visits.values()].filter(({ stopId }) => !standing.has(stopId));
}

const nowhere = { lng: 0, lat: 0 };

/** Whether a route's pace is worth computing at the fleet's clock. */
export function isUnderWay(run: RouteRun, clock: number): boolean {
  return run.status !== 'finished' && isOfToday(run, clock);
}

/** Whether a route tells of the fleet's day: one that is over still does. */
export function isOfToday({ plan }: RouteRun, clock: number): boolean {
  return clock >= plan.departure - EARLY && clock <= visitWindow(plan).until;
}

/** How the plans of a fleet's routes come true together. */
export function fleetPaceOf(runs: readonly RouteRun[], learned: Learned): FleetPace {
  return fleetPace(
    runs.map(({ experience }) => experience),
    learned,
  );
}

/** Where a route stands at the fleet's clock, and what that does to its alert. */
export function appraise(
  run: RouteRun,
  record: VehicleRecord | undefined,
  clock: number,
  fleet: FleetPace,
): { readonly pace: Pace; readonly turn: 'raise' | 'resolve' | undefined } {
  const trip = record?.state.trip;
  const good = record?.state.good;
  const departedAt =
    trip?.phase === 'away' && trip.startedAt >= visitWindow(run.plan).from ? trip.startedAt : undefined;
  const last = record?.state.last?.at ?? clock;
  const heardAt = last < clock && clock - last < SILENT_SECONDS ? last : clock;
  seeOuting(run, departedAt, trip?.phase === 'home' ? clock : undefined);
  const { pace, progress, projection } = standing(
    run.plan,
    run.visits,
    {
      at: clock,
      heardAt,
      position: good && departedAt !== undefined ? { lng: good.lng, lat: good.lat } : undefined,
      departedAt,
      isHome: trip?.phase === 'home',
    },
    {
      factors: factorsOf(run.experience, fleet),
      breaksTaken: run.experience.breakCount,
      before: run.status,
      progress: run.latest?.progress,
    },
  );
  run.latest = { pace, progress };
  run.status = pace.status;
  if (pace.status !== 'finished') run.forecasts = forecastsWith(run.forecasts, pace, projection);
  const { state, turn } = riskStep(run.risk, pace);
  run.risk = state;
  return { pace, turn };
}

/** Notes when a route left and came back; a van that is home before it served a stop has not been out. */
function seeOuting(run: RouteRun, leftAt: number | undefined, homeAt: number | undefined): void {
  const { outing, visits, plan } = run;
  const left = outing.leftAt ?? leftAt;
  const isBack = homeAt !== undefined && visits.size > 0;
  const returnedAt = isBack ? (outing.returnedAt ?? homeAt) : undefined;
  if (left === outing.leftAt && returnedAt === outing.returnedAt) return;
  run.outing = { leftAt: left, returnedAt };
  run.experience = experienceOf(plan, visits, run.outing);
}
