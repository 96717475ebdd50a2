import type { EngineStore, StoredProposal } from '../schemas/engine-store.ts';
import type { Alert, Pace, PaceStatus, StopVisit } from '../schemas/event.ts';
import type { Depot, Route } from '../schemas/plan.ts';
import { type Experience, experienceOf } from './pace/experience.ts';
import { type FleetPace, factorsOf, fleetPace } from './pace/factors.ts';
import { noRisk, type RiskState, riskStep } from './pace/risk.ts';
import { type RoutePlan, routePlan } from './pace/route-plan.ts';
import { type Standing, standing } from './pace/standing.ts';
import { differences } from './rederive.ts';
import { matchVisits, visitWindow } from './trip/visit.ts';
import type { VehicleRecord } from './vehicles.ts';

/** A route under way: the plan, what came of it, and what was said about it. */
export type RouteRun = {
  route: Route;
  plan: RoutePlan;
  readonly visits: Map<number, StopVisit>;
  experience: Experience;
  status: PaceStatus | undefined;
  risk: RiskState;
  alert: Alert | undefined;
  proposal: StoredProposal | undefined;
  latest: Standing | undefined;
  /** When a better order was last looked for. */
  soughtAt: number;
};

export type VisitChanges = {
  readonly upserts: readonly StopVisit[];
  readonly retractions: readonly StopVisit[];
};

/** A route's pace begins this long before its planned departure, seconds. */
const EARLY = 1800;

/** A van unheard for longer than this is taken to stand where it was, seconds. */
const SILENT_SECONDS = 1800;

export type RouteBook = {
  readonly runs: () => Iterable<RouteRun>;
  readonly ofVehicle: (vehicleId: number) => readonly RouteRun[];
  /** Takes in routes that are new or changed; gives the vehicles they belong to. */
  readonly refresh: (depots: readonly Depot[]) => Promise<{ vehicleId: number; fleetId: number }[]>;
  /** Matches a route's visits anew. */
  readonly match: (run: RouteRun, record: VehicleRecord) => VisitChanges;
};

export function openRouteBook(store: EngineStore): RouteBook {
  const runs = new Map<number, RouteRun>();
  const byVehicle = new Map<number, RouteRun[]>();
  return {
    runs: () => runs.values(),
    ofVehicle: (vehicleId) => byVehicle.get(vehicleId) ?? [],
    async refresh(depots) {
      const known = new Map([...runs].map(([id, { route }]) => [id, route.version]));
      const routes = await store.readRoutes(known);
      const fresh = routes.filter(({ id }) => !runs.has(id));
      const standings = await store.readRouteStandings(fresh.map(({ id }) => id));
      const standingOf = new Map(standings.map((stands) => [stands.routeId, stands]));
      const depotOf = new Map(depots.map((depot) => [depot.id, depot.position]));
      for (const route of routes) {
        const plan = routePlan(route, depotOf.get(route.depotId) ?? route.stops[0]?.position ?? nowhere);
        const run = runs.get(route.id);
        if (run) {
          run.route = route;
          run.plan = plan;
          continue;
        }
        const stands = standingOf.get(route.id);
        const visits = new Map(stands?.visits.map((visit) => [visit.stopId, visit]));
        const begun: RouteRun = {
          route,
          plan,
          visits,
          experience: experienceOf(plan, visits),
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
    },
    match(run, record) {
      const { from, until } = visitWindow(run.route);
      const halts = [...record.halts.values()].filter(
        ({ startedAt, endedAt }) => startedAt <= until && (endedAt ?? until) >= from,
      );
      const derived = matchVisits(run.route, halts, [...record.reports.values()]);
      const changes = differences(derived, [...run.visits.values()], ({ stopId }) => stopId);
      for (const { stopId } of changes.retractions) run.visits.delete(stopId);
      for (const visit of changes.upserts) run.visits.set(visit.stopId, visit);
      if (changes.upserts.length + changes.retractions.length > 0) {
        run.experience = experienceOf(run.plan, run.visits);
      }
      return changes;
    },
  };
}

const nowhere = { lng: 0, lat: 0 };

/** Whether a route's pace is worth computing at the fleet's clock. */
export function isUnderWay(run: RouteRun, clock: number): boolean {
  return run.status !== 'finished' && isOfToday(run, clock);
}

/** Whether a route tells of the fleet's day: one that is over still does. */
export function isOfToday({ route }: RouteRun, clock: number): boolean {
  return clock >= route.plannedDeparture - EARLY && clock <= visitWindow(route).until;
}

/** How the plans of a fleet's routes come true together. */
export function fleetPaceOf(runs: readonly RouteRun[]): FleetPace {
  return fleetPace(runs.map(({ experience }) => experience));
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
    trip?.phase === 'away' && trip.startedAt >= visitWindow(run.route).from ? trip.startedAt : undefined;
  const last = record?.state.last?.at ?? clock;
  const heardAt = last < clock && clock - last < SILENT_SECONDS ? last : clock;
  run.latest = standing(
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
    },
  );
  const { pace } = run.latest;
  run.status = pace.status;
  const { state, turn } = riskStep(run.risk, pace);
  run.risk = state;
  return { pace, turn };
}
