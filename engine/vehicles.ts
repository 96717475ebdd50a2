import type { Cursor, EngineStore, World } from '../schemas/engine-store.ts';
import type { Halt } from '../schemas/event.ts';
import type { Checkpoint, Folded } from './fold.ts';
import { type Gathered, gather, slice } from './gather.ts';
import type { FencePack } from './geofence/fence-pack.ts';
import { inline } from './pool/inline.ts';
import type { Run } from './pool/tasks.ts';
import { type Correction, correction, touchedFrom } from './rederive.ts';
import type { Report } from './trip/visit.ts';
import { emptyState, type VehicleState } from './vehicle-state.ts';

/** What the engine holds of a vehicle between gulps. */
export type VehicleRecord = {
  readonly vehicleId: number;
  readonly fleetId: number;
  state: VehicleState;
  /** Recent halts by start, for the matching of visits; as in the tables. */
  readonly halts: Map<number, Halt>;
  /** Driver-app reports, each once. */
  readonly reports: Map<string, Report>;
};

/** How far back halts and reports are kept for matching, seconds: longer than any shift. */
const RECENT_SECONDS = 36 * 3600;
/** Vehicles read from the tables at once. */
const LOAD_CHUNK = 500;
/** Below this many fixes a trip to a thread costs more than it saves. */
const THREAD_FIXES = 4000;
/** States travel as copies, which costs as much as folding so many fixes. */
const THREAD_FIXES_EACH = 12;

export type FoldResult = { readonly record: VehicleRecord; readonly folded: Folded };

export type VehicleBook = {
  readonly get: (vehicleId: number) => VehicleRecord | undefined;
  /** Rebuilds the state of vehicles not yet held, from checkpoints and stored fixes within the cursor. */
  readonly load: (
    wanted: readonly { readonly vehicleId: number; readonly fleetId: number }[],
    cursor: Cursor,
  ) => Promise<void>;
  /** Folds a gulp's fixes into their vehicles' states. */
  readonly fold: (gathered: Gathered) => Promise<FoldResult[]>;
  /** Folds a vehicle again from before `from`, and says what that changes in the tables. */
  readonly rederive: (
    vehicleId: number,
    from: number,
    cursor: Cursor,
  ) => Promise<(Correction & { readonly checkpoints: readonly Checkpoint[] }) | undefined>;
  readonly addReports: (record: VehicleRecord, reports: readonly Report[]) => boolean;
};

/** The vehicles the engine holds, and how they are advanced. `scene` is what there is to see now. */
export function openVehicleBook(
  store: EngineStore,
  run: Run,
  { threads, scene }: { threads: number; scene: () => { readonly pack: FencePack; readonly world: World } },
): VehicleBook {
  const records = new Map<number, VehicleRecord>();

  const foldGathered = async (
    gathered: Gathered,
    stateOf: (vehicleId: number) => VehicleState,
  ): Promise<Folded[]> => {
    const { vehicleIds, fleetIds, from } = gathered;
    const { pack, world } = scene();
    const total = from[vehicleIds.length] ?? 0;
    const isWorthIt = total >= THREAD_FIXES && total >= THREAD_FIXES_EACH * vehicleIds.length;
    const shards = threads > 1 && isWorthIt ? threads : 1;
    const jobs = Array.from({ length: shards }, (_, shard) => {
      const v = Math.floor((shard * vehicleIds.length) / shards);
      const w = Math.floor(((shard + 1) * vehicleIds.length) / shards);
      const vehicles = vehicleIds.slice(v, w).map((vehicleId, k) => ({
        vehicleId,
        fleetId: fleetIds[v + k]!,
        state: stateOf(vehicleId),
        from: from[v + k]! - from[v]!,
        until: from[v + k + 1]! - from[v]!,
      }));
      return { pack: pack.buffer, depots: world.depots, vehicles, columns: slice(gathered, v, w) };
    });
    const here = shards > 1 ? run : inline;
    const results = await Promise.all(jobs.map((job) => here('foldVehicles', job)));
    return results.flat();
  };

  const loadChunk: VehicleBook['load'] = async (wanted, cursor) => {
    const asks = wanted.map(({ vehicleId }) => ({ vehicleId, at: Number.POSITIVE_INFINITY }));
    const stored = await store.readCheckpoints(asks);
    const checkpoints = new Map((stored as Checkpoint[]).map((kept) => [kept.vehicleId, kept]));
    const since = wanted.map(({ vehicleId }) => ({
      vehicleId,
      at: checkpoints.get(vehicleId)?.at ?? Number.NEGATIVE_INFINITY,
    }));
    const recent = since.map(({ vehicleId, at }) => ({ vehicleId, at: at - RECENT_SECONDS }));
    const fixes = await store.readFixes(since, cursor);
    const [halts, reports] = [await store.readHalts(recent), await store.readReports(recent)];
    for (const { vehicleId, fleetId } of wanted) {
      const state = checkpoints.get(vehicleId)?.state ?? emptyState;
      records.set(vehicleId, { vehicleId, fleetId, state, halts: new Map(), reports: new Map() });
    }
    const gathered = gather([fixes]);
    const folds = await foldGathered(gathered, (vehicleId) => records.get(vehicleId)!.state);
    for (const [v, { state }] of folds.entries()) records.get(gathered.vehicleIds[v]!)!.state = state;
    for (const halt of halts) records.get(halt.vehicleId)?.halts.set(halt.startedAt, halt);
    for (const report of reports) records.get(report.vehicleId)?.reports.set(reportKey(report), report);
  };

  return {
    get: (vehicleId) => records.get(vehicleId),
    async load(wanted, cursor) {
      const missing = wanted.filter(({ vehicleId }) => !records.has(vehicleId));
      for (let i = 0; i < missing.length; i += LOAD_CHUNK) {
        await loadChunk(missing.slice(i, i + LOAD_CHUNK), cursor);
      }
    },
    async fold(gathered) {
      const folds = await foldGathered(gathered, (vehicleId) => records.get(vehicleId)!.state);
      return folds.map((folded, v) => {
        const record = records.get(gathered.vehicleIds[v]!)!;
        record.state = folded.state;
        for (const halt of folded.changes.halts) record.halts.set(halt.startedAt, halt);
        if (folded.checkpoints.length > 0) forgetOld(record);
        return { record, folded };
      });
    },
    async rederive(vehicleId, from, cursor) {
      const record = records.get(vehicleId);
      if (!record) return undefined;
      const [checkpoint] = (await store.readCheckpoints([{ vehicleId, at: from }])) as Checkpoint[];
      const since = checkpoint?.at ?? Number.NEGATIVE_INFINITY;
      const gathered = gather([await store.readFixes([{ vehicleId, at: since }], cursor)]);
      const [folded] = await foldGathered(gathered, () => checkpoint?.state ?? emptyState);
      if (!folded) return undefined;
      const existing = await store.readConclusions({ vehicleId, at: touchedFrom(checkpoint) });
      const { upserts, retractions } = correction(checkpoint, vehicleId, folded, existing);
      record.state = folded.state;
      for (const halt of retractions.halts) record.halts.delete(halt.startedAt);
      for (const halt of upserts.halts) record.halts.set(halt.startedAt, halt);
      return { upserts, retractions, checkpoints: folded.checkpoints };
    },
    addReports(record, reports) {
      const before = record.reports.size;
      for (const report of reports) record.reports.set(reportKey(report), report);
      return record.reports.size > before;
    },
  };
}

const reportKey = ({ at, stopCode, kind }: Report): string => `${at} ${stopCode} ${kind}`;

/** Drops what no open route's matching can want any more, so that memory stays flat. */
function forgetOld(record: VehicleRecord): void {
  const newest = record.state.last?.at ?? 0;
  const before = newest - 3 * RECENT_SECONDS;
  for (const [key, halt] of record.halts) if (halt.startedAt < before) record.halts.delete(key);
  for (const [key, report] of record.reports) if (report.at < before) record.reports.delete(key);
}
