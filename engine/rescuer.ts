import type { EngineStore, OpenRescue, Troubles } from '../schemas/engine-store.ts';
import type { Proposal } from '../schemas/event.ts';
import { frame } from '../schemas/position.ts';
import type { FleetPace } from './pace/factors.ts';
import type { Run } from './pool/tasks.ts';
import { type Need, needOf, neighbourhood, rescueProposal, type Telling, vanOf } from './rescues.ts';
import type { RouteRun } from './routes.ts';
import type { VehicleRecord } from './vehicles.ts';

/** Seconds of fleet clock between two searches for one route, and for which a proposal holds. */
const SEEK_SECONDS = 300;
const HOLDS_SECONDS = 900;

export type Fleet = {
  readonly id: number;
  readonly clock: number;
  readonly runs: readonly RouteRun[];
  readonly pace: () => FleetPace;
};

/** Looks for rescues beside the loop that follows the log. */
export type Rescuer = {
  /** Once a minute of a fleet's clock: what no longer holds, and searches begun for who needs help. */
  readonly seek: (fleets: readonly Fleet[]) => Promise<readonly OpenRescue[]>;
  /** Proposals that were found since. */
  readonly take: () => readonly (Proposal & { readonly fleetId: number })[];
};

type Deps = {
  readonly run: Run;
  readonly store: EngineStore;
  readonly recordOf: (run: RouteRun) => VehicleRecord | undefined;
  readonly vehicleName: (vehicleId: number) => string;
};

export function openRescuer({ run, store, recordOf, vehicleName }: Deps): Rescuer {
  const found: (Proposal & { fleetId: number })[] = [];
  const failures: unknown[] = [];
  const soughtAt = new Map<number, number>();
  /** The search under way for each fleet, and for whom. */
  const searches = new Map<number, { abort: AbortController; givers: ReadonlySet<number> }>();

  const search = async (fleet: Fleet, needs: readonly Need[], troubles: Troubles): Promise<void> => {
    const before = searches.get(fleet.id);
    // Newer problems abort older searches, whose answer would not know of them.
    if (before) {
      if (needs.every((need) => before.givers.has(need.run.route.id))) return;
      before.abort.abort();
    }
    const telling = await prepare(fleet, needs, troubles);
    const abort = new AbortController();
    searches.set(fleet.id, { abort, givers: new Set(needs.map((need) => need.run.route.id)) });
    const givers = needs.map((need) => ({ id: need.run.route.id, mayWait: need.cause === 'at_risk' }));
    void run('findRescues', { vans: [...telling.vans.values()], givers }, { signal: abort.signal })
      .then(
        (answers) => {
          for (const answer of answers) {
            const need = needs.find((each) => each.run.route.id === answer.giverId)!;
            found.push({ ...rescueProposal(answer, { ...telling, need }), fleetId: fleet.id });
          }
        },
        (error) => {
          if (!abort.signal.aborted) failures.push(error);
        },
      )
      .finally(() => {
        if (searches.get(fleet.id)?.abort === abort) searches.delete(fleet.id);
      });
  };

  const prepare = async (
    { clock, runs: all, pace }: Fleet,
    needs: readonly Need[],
    troubles: Troubles,
  ): Promise<Omit<Telling, 'need'>> => {
    const near = neighbourhood(
      all.filter(({ latest }) => latest !== undefined && latest.progress.remaining.length > 0),
      needs,
      recordOf,
    );
    const routes = await store.readRoutes(near.map(({ route }) => route.id));
    const routeById = new Map(routes.map((route) => [route.id, route]));
    const loads = routes.map(({ stops }) => stops.reduce((sum, { packages }) => sum + packages, 0));
    const capacity = Math.max(0, ...loads);
    const plane = frame(needs[0]!.run.plan.depot);
    const fleet = pace();
    const known = near.filter(({ route }) => routeById.get(route.id)?.version === route.version);
    const vans = known.map((each) =>
      vanOf({
        ...{ run: each, route: routeById.get(each.route.id)!, record: recordOf(each), fleet, clock },
        ...{ frame: plane, capacity },
        isStuck: needs.some((need) => need.run === each && need.cause !== 'at_risk'),
        mayHelp:
          !troubles.meetings.includes(each.route.id) &&
          !troubles.outOfService.includes(each.route.vehicleId) &&
          needOf(each, recordOf(each), troubles) === undefined,
      }),
    );
    return {
      ...{ frame: plane, clock, routes: routeById },
      vans: new Map(vans.map((van) => [van.id, van])),
      runs: new Map(known.map((each) => [each.route.id, each])),
      vehicleName: (routeId) => vehicleName(routeById.get(routeId)?.vehicleId ?? 0),
    };
  };

  return {
    async seek(fleets) {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      if (fleets.length === 0) return [];
      const troubles = await store.readTroubles();
      const outdated: OpenRescue[] = [];
      for (const fleet of fleets) {
        const own = troubles.rescues.filter(({ fleetId }) => fleetId === fleet.id);
        const gone = own.filter(
          ({ isStale, createdAt }) => isStale || fleet.clock - createdAt > HOLDS_SECONDS,
        );
        outdated.push(...gone);
        const open = new Set(own.filter((one) => !gone.includes(one)).map(({ routeId }) => routeId));
        const needs = fleet.runs.flatMap((each): Need[] => {
          const { id } = each.route;
          if (open.has(id) || troubles.meetings.includes(id)) return [];
          if (fleet.clock - (soughtAt.get(id) ?? Number.NEGATIVE_INFINITY) < SEEK_SECONDS) return [];
          const cause = needOf(each, recordOf(each), troubles);
          return cause ? [{ run: each, cause }] : [];
        });
        if (needs.length === 0) continue;
        for (const need of needs) soughtAt.set(need.run.route.id, fleet.clock);
        await search(fleet, needs, troubles);
      }
      return outdated;
    },
    take: () => found.splice(0),
  };
}
