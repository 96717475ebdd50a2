import type { Cursor, EngineStore, Rederivation, VehicleInstant, World } from '../schemas/engine-store.ts';
import type { Halt } from '../schemas/event.ts';
import { type Checkpoint, type Found, nothingFound } from './fold.ts';
import { type Gathered, gather, slice } from './gather.ts';
import type { FencePack } from './geofence/fence-pack.ts';
import type { FoldedMany, FoldJob } from './pool/fold-vehicles.ts';
import { inline } from './pool/inline.ts';
import type { Run } from './pool/tasks.ts';
import { type Correction, correction, touchedFrom } from './rederive.ts';
import type { Report } from './trip/reported-visit.ts';
import { emptyState, noConclusions, type VehicleState } from './vehicle-state.ts';
import { byVehicle, joined } from './work.ts';

/** What the engine holds of a vehicle between gulps. */
export type VehicleRecord = {
  readonly vehicleId: number;
  readonly fleetId: number;
  state: VehicleState;
  /** Halts by start and driver-app reports, each once, for the matching of visits; only of who has a route. */
  history: History | undefined;
};

/** What the visits of a vehicle's routes are found in; as in the tables. */
export type History = { readonly halts: Map<number, Halt>; readonly reports: Map<string, Report> };

/** Vehicles read from the tables at once. */
const LOAD_CHUNK = 500;
/** Below this many fixes a trip to a thread costs more than it saves. */
const THREAD_FIXES = 4000;
/** States travel as copies, which costs as much as folding so many fixes. */
const THREAD_FIXES_EACH = 12;

export type Rederived = Correction & { readonly checkpoints: readonly Checkpoint[] };

export type VehicleBook = {
  readonly get: (vehicleId: number) => VehicleRecord | undefined;
  /** Rebuilds the state of vehicles not yet held, from checkpoints and stored fixes within the cursor. */
  readonly load: (
    wanted: readonly { readonly vehicleId: number; readonly fleetId: number }[],
    cursor: Cursor,
  ) => Promise<void>;
  /** Folds a gulp's fixes into their vehicles' states. */
  readonly fold: (gathered: Gathered) => Promise<Found>;
  /** Folds vehicles again, each from before its instant, and says what that changes in the tables. */
  readonly rederive: (asks: readonly Rederivation[], cursor: Cursor) => Promise<Rederived>;
  /** Whether the vehicle's routes have to be matched anew. */
  readonly addReports: (record: VehicleRecord, reports: readonly Report[]) => boolean;
};

export type VehicleBookOptions = {
  readonly threads: number;
  /** What there is to see now. */
  readonly scene: () => { readonly pack: FencePack; readonly world: World };
  /** The instant from which on a vehicle's halts matter to its routes; undefined when it has none. */
  readonly historyFrom: (vehicleId: number) => number | undefined;
};

/** The vehicles the engine holds, and how they are advanced. */
export function openVehicleBook(
  store: EngineStore,
  run: Run,
  { threads, scene, historyFrom }: VehicleBookOptions,
): VehicleBook {
  const records = new Map<number, VehicleRecord>();

  const foldGathered = async (
    gathered: Gathered,
    stateOf: (vehicleId: number) => VehicleState,
  ): Promise<FoldedMany> => {
    const { vehicleIds, fleetIds, from } = gathered;
    const { pack, world } = scene();
    const total = from[vehicleIds.length] ?? 0;
    const isWorthIt = total >= THREAD_FIXES && total >= THREAD_FIXES_EACH * vehicleIds.length;
    const shards = threads > 1 && isWorthIt ? threads : 1;
    const jobs = Array.from({ length: shards }, (_, shard): FoldJob => {
      const v = Math.floor((shard * vehicleIds.length) / shards);
      const w = Math.floor(((shard + 1) * vehicleIds.length) / shards);
      const vehicles = vehicleIds.slice(v, w).map((vehicleId, k) => ({
        vehicleId,
        fleetId: fleetIds[v + k]!,
        state: stateOf(vehicleId),
        from: from[v + k]! - from[v]!,
        until: from[v + k + 1]! - from[v]!,
      }));
      const columns = shards > 1 ? slice(gathered, v, w) : gathered.columns;
      const { depots, behaviourPolicies } = world;
      return { pack: pack.buffer, depots, behaviourPolicies, vehicles, columns };
    });
    const here = shards > 1 ? run : inline;
    const results = await Promise.all(jobs.map((job) => here('foldVehicles', job)));
    if (results.length === 1) return results[0]!;
    const all = { ...nothingFound(), states: [] as VehicleState[] };
    for (const { states, changes, checkpoints, late } of results) {
      all.states.push(...states);
      all.changes.crossings.push(...changes.crossings);
      all.changes.trips.push(...changes.trips);
      all.changes.halts.push(...changes.halts);
      all.changes.judgements.push(...changes.judgements);
      all.changes.behaviours.push(...changes.behaviours);
      all.checkpoints.push(...checkpoints);
      all.late.push(...late);
    }
    return all;
  };

  const loadChunk: VehicleBook['load'] = async (wanted, cursor) => {
    const asks = wanted.map(({ vehicleId }) => ({ vehicleId, at: Number.POSITIVE_INFINITY }));
    const stored = await store.readCheckpoints(asks);
    const checkpoints = new Map((stored as Checkpoint[]).map((kept) => [kept.vehicleId, kept]));
    const since = wanted.map(({ vehicleId }) => ({
      vehicleId,
      at: checkpoints.get(vehicleId)?.at ?? Number.NEGATIVE_INFINITY,
    }));
    const fixes = await store.readFixes(since, cursor);
    for (const { vehicleId, fleetId } of wanted) {
      const state = checkpoints.get(vehicleId)?.state ?? emptyState;
      records.set(vehicleId, { vehicleId, fleetId, state, history: undefined });
    }
    const gathered = gather([fixes]);
    const { states } = await foldGathered(gathered, (vehicleId) => records.get(vehicleId)!.state);
    for (const [v, state] of states.entries()) records.get(gathered.vehicleIds[v]!)!.state = state;
  };

  /** Halts and reports of vehicles that have routes now. They are as in the tables: nothing is uncommitted. */
  const loadHistories = async (asks: readonly VehicleInstant[]): Promise<void> => {
    for (let i = 0; i < asks.length; i += LOAD_CHUNK) {
      const chunk = asks.slice(i, i + LOAD_CHUNK);
      const [halts, reports] = [await store.readHalts(chunk), await store.readReports(chunk)];
      for (const { vehicleId } of chunk) {
        const record = records.get(vehicleId);
        if (record) record.history = { halts: new Map(), reports: new Map() };
      }
      for (const halt of halts) records.get(halt.vehicleId)?.history?.halts.set(halt.startedAt, halt);
      for (const report of reports) {
        records.get(report.vehicleId)?.history?.reports.set(reportKey(report), report);
      }
    }
  };

  return {
    get: (vehicleId) => records.get(vehicleId),
    async load(wanted, cursor) {
      const missing = wanted.filter(({ vehicleId }) => !records.has(vehicleId));
      for (let i = 0; i < missing.length; i += LOAD_CHUNK) {
        await loadChunk(missing.slice(i, i + LOAD_CHUNK), cursor);
      }
      const asks: VehicleInstant[] = [];
      for (const { vehicleId } of wanted) {
        if (records.get(vehicleId)?.history) continue;
        const at = historyFrom(vehicleId);
        if (at !== undefined) asks.push({ vehicleId, at });
      }
      await loadHistories(asks);
    },
    async fold(gathered) {
      const own = gathered.vehicleIds.map((vehicleId) => records.get(vehicleId)!);
      let next = 0;
      // Asked for in the order of the vehicles.
      const { states, ...found } = await foldGathered(gathered, () => own[next++]!.state);
      for (const [v, state] of states.entries()) own[v]!.state = state;
      for (const halt of found.changes.halts) {
        records.get(halt.vehicleId)?.history?.halts.set(halt.startedAt, halt);
      }
      for (const { vehicleId } of found.checkpoints) {
        const record = records.get(vehicleId);
        if (record) forgetOld(record, historyFrom(vehicleId));
      }
      return found;
    },
    async rederive(asks, cursor) {
      const before = asks.map(({ vehicleId, from }) => ({ vehicleId, at: from }));
      const stored = (await store.readCheckpoints(before)) as Checkpoint[];
      const checkpoints = new Map(stored.map((kept) => [kept.vehicleId, kept]));
      const since = asks.map(({ vehicleId }) => ({
        vehicleId,
        at: checkpoints.get(vehicleId)?.at ?? Number.NEGATIVE_INFINITY,
      }));
      const gathered = gather([await store.readFixes(since, cursor)]);
      const { states, ...found } = await foldGathered(
        gathered,
        (vehicleId) => checkpoints.get(vehicleId)?.state ?? emptyState,
      );
      const { vehicleIds } = gathered;
      const touched = vehicleIds.map((vehicleId) => ({
        vehicleId,
        at: touchedFrom(checkpoints.get(vehicleId)),
      }));
      const existing = byVehicle(await store.readConclusions(touched));
      const derived = byVehicle({ ...found.changes, visits: [] });
      const corrections = vehicleIds.map((vehicleId) =>
        correction(
          checkpoints.get(vehicleId),
          vehicleId,
          derived.get(vehicleId) ?? noConclusions,
          existing.get(vehicleId) ?? noConclusions,
        ),
      );
      for (const [v, state] of states.entries()) {
        const record = records.get(vehicleIds[v]!);
        if (!record) continue;
        record.state = state;
        const { upserts, retractions } = corrections[v]!;
        for (const halt of retractions.halts) record.history?.halts.delete(halt.startedAt);
        for (const halt of upserts.halts) record.history?.halts.set(halt.startedAt, halt);
      }
      return {
        upserts: joined(corrections.map(({ upserts }) => upserts)),
        retractions: joined(corrections.map(({ retractions }) => retractions)),
        checkpoints: found.checkpoints,
      };
    },
    addReports({ history }, reports) {
      if (!history) return false;
      // Also what was read with the history already: of what the log brings, no route was told yet.
      for (const report of reports) history.reports.set(reportKey(report), report);
      return reports.length > 0;
    },
  };
}

const reportKey = ({ at, stopCode, kind }: Report): string => `${at} ${stopCode} ${kind}`;

/** Drops what no route's matching can want any more, so that memory stays flat. */
function forgetOld(record: VehicleRecord, from: number | undefined): void {
  if (from === undefined) {
    record.history = undefined;
    return;
  }
  if (!record.history) return;
  const { halts, reports } = record.history;
  for (const [key, { endedAt }] of halts) if (endedAt !== undefined && endedAt < from) halts.delete(key);
  for (const [key, { at }] of reports) if (at < from) reports.delete(key);
}
