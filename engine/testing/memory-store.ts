import type { FixColumns } from '../../schemas/batch.ts';
import { packFixes, unpackColumns } from '../../schemas/batch.ts';
import type { Behaviour } from '../../schemas/behaviour.ts';
import type {
  Committed,
  Cursor,
  EngineStore,
  EngineWork,
  Rederivation,
  StoredCheckpoint,
  StoredLearned,
  StoredProposal,
  StoredReport,
  Troubles,
  World,
} from '../../schemas/engine-store.ts';
import type { Alert, Crossing, FixJudgement, Halt, Pace, StopVisit, Trip } from '../../schemas/event.ts';
import type { Fence } from '../../schemas/fence.ts';
import type { Fix } from '../../schemas/fix.ts';
import type { Route, Vehicle } from '../../schemas/plan.ts';
import { behaviourKey, crossingKey, judgementKey } from '../rederive.ts';

type Batch = { readonly fixes: readonly Fix[]; readonly reports: readonly StoredReport[] };

/**
 * The tables as maps, for tests of the engine without a database. `ingest` does what ingest does:
 * each fix is stored once, and only new ones make up the batch.
 */
export class MemoryStore implements EngineStore {
  readonly crossings = new Map<string, Crossing>();
  readonly trips = new Map<string, Trip>();
  readonly halts = new Map<string, Halt>();
  readonly judgements = new Map<string, FixJudgement>();
  readonly behaviours = new Map<string, Behaviour>();
  readonly visits = new Map<number, StopVisit>();
  readonly paces: Pace[] = [];
  readonly alerts: Alert[] = [];
  readonly proposals: (StoredProposal & { state: 'open' | 'superseded' })[] = [];
  world: World & { readonly vehicles: readonly Vehicle[]; readonly fences: readonly Fence[] } = {
    fleets: [],
    depots: [],
    behaviourPolicies: new Map(),
    vehicles: [],
    fences: [],
  };
  routes: Route[] = [];
  #worldVersion = 0;
  readonly #batches: Batch[] = [];
  readonly #fixes = new Map<string, { fix: Fix; batch: number }>();
  #cursor = 0;
  #checkpoints: StoredCheckpoint[] = [];
  readonly #rederivations = new Map<number, number>();

  setWorld(world: Omit<MemoryStore['world'], 'behaviourPolicies'>, routes: readonly Route[]): void {
    this.world = { behaviourPolicies: new Map(), ...world };
    this.routes = [...routes];
    this.#worldVersion++;
  }

  /** What the command does: has a vehicle derived again from an instant. */
  order(vehicleId: number, from: number): void {
    this.#rederivations.set(vehicleId, Math.min(from, this.#rederivations.get(vehicleId) ?? from));
  }

  ingest(fixes: readonly Fix[], reports: readonly StoredReport[] = []): void {
    const fresh = fixes.filter((fix) => {
      const key = `${fix.vehicleId} ${fix.at} ${fix.key}`;
      if (this.#fixes.has(key)) return false;
      this.#fixes.set(key, { fix, batch: this.#batches.length + 1 });
      return true;
    });
    if (fresh.length > 0 || reports.length > 0) this.#batches.push({ fixes: fresh, reports });
  }

  readonly readWorldVersion = async () => ({
    world: String(this.#worldVersion),
    vehicles: String(this.#worldVersion),
    fences: String(this.#worldVersion),
    routes: String(this.#worldVersion),
    orders: [...this.#rederivations].join(' '),
  });
  readonly readWorld = async () => this.world;
  readonly readVehicles = async () => [...this.world.vehicles];
  readonly readFences = async () => [...this.world.fences];
  readonly readRouteIds: EngineStore['readRouteIds'] = async (known) => ({
    current: this.routes.map(({ id }) => id),
    ids: this.routes.filter(({ id, version }) => known.get(id) !== version).map(({ id }) => id),
  });
  readonly readRoutes: EngineStore['readRoutes'] = async (ids) =>
    this.routes.filter(({ id }) => ids.includes(id));
  readonly readCursor = async (): Promise<Cursor> => new Map([[1, this.#cursor]]);

  readonly readBatches = async (cursor: Cursor, fixCountMax: number) => {
    const from = cursor.get(1) ?? 0;
    let until = from;
    for (let count = 0; until < this.#batches.length && count < fixCountMax; until++) {
      count += this.#batches[until]?.fixes.length ?? 0;
    }
    const taken = this.#batches.slice(from, until);
    return {
      cursor: new Map([[1, until]]),
      batches: taken.map(({ fixes }) => unpackColumns(packFixes(fixes))),
      reports: taken.flatMap(({ reports }) => reports),
      hasMore: until < this.#batches.length,
    };
  };

  readonly readCheckpoints: EngineStore['readCheckpoints'] = async (asks) =>
    asks.flatMap(({ vehicleId, at }) => {
      const own = this.#checkpoints.filter((kept) => kept.vehicleId === vehicleId && kept.at <= at);
      const newest = own.sort((a, b) => b.at - a.at)[0];
      return newest ? [newest] : [];
    });

  readonly readFixes: EngineStore['readFixes'] = async (asks, cursor): Promise<FixColumns> => {
    const from = new Map(asks.map(({ vehicleId, at }) => [vehicleId, at]));
    const fixes = [...this.#fixes.values()]
      .filter(
        ({ fix, batch }) => batch <= (cursor.get(1) ?? 0) && fix.at >= (from.get(fix.vehicleId) ?? Infinity),
      )
      .map(({ fix }) => fix)
      .sort((a, b) => a.vehicleId - b.vehicleId || a.at - b.at || a.key - b.key);
    return unpackColumns(packFixes(fixes));
  };

  readonly readHalts: EngineStore['readHalts'] = async (asks) =>
    asks.flatMap((ask) =>
      [...this.halts.values()].filter(
        (h) => h.vehicleId === ask.vehicleId && (h.endedAt ?? ask.at) >= ask.at,
      ),
    );

  readonly readReports: EngineStore['readReports'] = async (asks) =>
    this.#batches.flatMap(({ reports }) =>
      reports.filter((r) => asks.some((ask) => ask.vehicleId === r.vehicleId && r.at >= ask.at)),
    );

  readonly readConclusions: EngineStore['readConclusions'] = async (asks) => {
    const from = new Map(asks.map(({ vehicleId, at }) => [vehicleId, at]));
    const isAsked = (vehicleId: number, at: number) => at >= (from.get(vehicleId) ?? Infinity);
    return {
      crossings: [...this.crossings.values()].filter((c) => isAsked(c.vehicleId, c.at)),
      trips: [...this.trips.values()].filter((t) => isAsked(t.vehicleId, t.startedAt)),
      halts: [...this.halts.values()].filter((h) => isAsked(h.vehicleId, h.startedAt)),
      judgements: [...this.judgements.values()].filter((j) => isAsked(j.vehicleId, j.at)),
      behaviours: [...this.behaviours.values()].filter((b) => isAsked(b.vehicleId, b.fixAt)),
      visits: [],
    };
  };

  readonly readRouteStandings: EngineStore['readRouteStandings'] = async (routeIds) =>
    routeIds.map((routeId) => ({
      routeId,
      visits: [...this.visits.values()].filter((visit) => visit.routeId === routeId),
      pace: this.paces.findLast((pace) => pace.routeId === routeId),
      alert: this.alerts.find((alert) => alert.routeId === routeId && alert.resolvedAt === undefined),
      proposal: this.proposals.find((proposal) => proposal.routeId === routeId && proposal.state === 'open'),
    }));

  readonly troubles = {
    outOfService: [] as number[],
    meetings: [] as number[],
    rescues: [] as Troubles['rescues'][number][],
  };
  readonly learned: StoredLearned[] = [];
  readonly readLearned = async (): Promise<StoredLearned[]> => [
    ...new Map(this.learned.map((one) => [one.fleetId, one])).values(),
  ];
  readonly writeLearned = async (learned: StoredLearned): Promise<void> => {
    this.learned.push(learned);
  };
  readonly readTroubles = async (): Promise<Troubles> => this.troubles;

  readonly readRederivations = async (): Promise<Rederivation[]> =>
    [...this.#rederivations].map(([vehicleId, from]) => ({ vehicleId, from }));

  readonly commit = async (work: EngineWork): Promise<Committed> => {
    this.#cursor = work.cursor?.get(1) ?? this.#cursor;
    this.#write(work);
    for (const { vehicleId, from } of work.rederived) {
      if ((this.#rederivations.get(vehicleId) ?? from) >= from) this.#rederivations.delete(vehicleId);
      this.#checkpoints = this.#checkpoints.filter((c) => c.vehicleId !== vehicleId || c.at <= from);
    }
    for (const { vehicleId, from } of work.rederivations) {
      this.#rederivations.set(vehicleId, Math.min(from, this.#rederivations.get(vehicleId) ?? from));
    }
    // Through JSON, as in the tables: a state that does not survive it fails here.
    this.#checkpoints.push(...(JSON.parse(JSON.stringify(work.checkpoints)) as StoredCheckpoint[]));
    this.paces.push(...work.paces);
    const alerts = work.raised.map((alert, i) => ({ ...alert, id: this.alerts.length + i + 1 }));
    this.alerts.push(...alerts);
    for (const { id, at } of work.resolved) {
      const i = this.alerts.findIndex((alert) => alert.id === id);
      this.alerts.splice(i, 1, { ...this.alerts[i]!, resolvedAt: at });
    }
    for (const { proposalId } of work.superseded) {
      const proposal = this.proposals.find((known) => known.proposalId === proposalId);
      if (proposal) proposal.state = 'superseded';
    }
    const proposals = work.proposed.map((proposal, i) => ({
      ...proposal,
      proposalId: this.proposals.length + i + 1,
      state: 'open' as const,
    }));
    this.proposals.push(...proposals);
    return { alerts, proposals };
  };

  #write({ upserts, retractions }: EngineWork): void {
    const crossing = (c: Crossing) => `${c.vehicleId} ${crossingKey(c)}`;
    const start = (row: Halt | Trip) => `${row.vehicleId} ${row.startedAt}`;
    const judgement = (j: FixJudgement) => `${j.vehicleId} ${judgementKey(j)}`;
    const behaviour = (b: Behaviour) => `${b.vehicleId} ${behaviourKey(b)}`;
    for (const row of retractions.crossings) this.crossings.delete(crossing(row));
    for (const row of retractions.trips) this.trips.delete(start(row));
    for (const row of retractions.halts) this.halts.delete(start(row));
    for (const row of retractions.judgements) this.judgements.delete(judgement(row));
    for (const row of retractions.behaviours) this.behaviours.delete(behaviour(row));
    for (const row of upserts.behaviours) this.behaviours.set(behaviour(row), row);
    for (const row of retractions.visits) this.visits.delete(row.stopId);
    for (const row of upserts.crossings) this.crossings.set(crossing(row), row);
    for (const row of upserts.trips) this.trips.set(start(row), row);
    for (const row of upserts.halts) this.halts.set(start(row), row);
    for (const row of upserts.judgements) this.judgements.set(judgement(row), row);
    for (const row of upserts.visits) this.visits.set(row.stopId, row);
  }

  readonly wait = async (): Promise<void> => {};
}
