import type {
  Cursor,
  EngineStore,
  EngineWork,
  Gulp,
  Rederivation,
  StoredProposal,
  StoredReport,
  World,
} from '../schemas/engine-store.ts';
import type { Alert, Conclusions, Pace } from '../schemas/event.ts';
import type { Vehicle } from '../schemas/plan.ts';
import { gather } from './gather.ts';
import { type FencePack, packFences } from './geofence/fence-pack.ts';
import { jsonOutputs, type LiveOutput, liveEvents, positionFrames } from './live.ts';
import { riskAlert } from './pace/risk.ts';
import type { Run } from './pool/tasks.ts';
import { isOutdated, proposalOf, type Quest, questFor } from './proposals.ts';
import { type Correction, crossingKey, differences, judgementKey, startKey } from './rederive.ts';
import type { Resequenced } from './route/search.ts';
import {
  appraise,
  fleetExperience,
  isUnderWay,
  openRouteBook,
  type RouteBook,
  type RouteRun,
} from './routes.ts';
import { noConclusions } from './vehicle-state.ts';
import { openVehicleBook, type VehicleBook, type VehicleRecord } from './vehicles.ts';

export type EngineOptions = {
  readonly run: Run;
  readonly threads: number;
  /** Fixes taken from the log at once. */
  readonly gulpFixes: number;
  /** The wall clock, an instant. */
  readonly now: () => number;
};

export type Step = {
  readonly outputs: readonly LiveOutput[];
  readonly hasMore: boolean;
  readonly fixCount: number;
};

/** Seconds of fleet clock between paces of one route. */
const PACE_SECONDS = 60;
/** Searches under way at once; more wait for the next minute. */
const SEARCHES_MAX = 8;

type FleetClock = { at: number; received: number; paceMinute: number; readonly changed: Set<number> };

/** What the fleets' clocks say of some routes. */
type Appraisal = {
  readonly paces: (Pace & { fleetId: number })[];
  readonly raised: { run: RouteRun; alert: Omit<Alert, 'id'> }[];
  readonly resolved: { run: RouteRun; alert: Alert; at: number }[];
};

/**
 * The engine: takes batches from the log, advances every vehicle and route they touch, and commits
 * what follows together with its cursor. Everything it holds in memory can be had from the tables
 * again; after a failed commit throw it away and open another.
 */
export class Engine {
  readonly #store: EngineStore;
  readonly #options: EngineOptions;
  readonly #vehicles: VehicleBook;
  readonly #routes: RouteBook;
  readonly #clocks = new Map<number, FleetClock>();
  readonly #pendingRederivations = new Map<number, number>();
  #cursor: Cursor = new Map();
  #world: World = { fleets: [], depots: [], vehicles: [], fences: [] };
  #vehicleById = new Map<number, Vehicle>();
  #pack: FencePack = packFences([]);
  #version = { world: '', routes: '' };
  #tick = 0;
  #searching = 0;
  readonly #answers: { run: RouteRun; quest: Quest; result: Resequenced }[] = [];
  readonly #failures: unknown[] = [];

  private constructor(store: EngineStore, options: EngineOptions) {
    this.#store = store;
    this.#options = options;
    const scene = () => ({ pack: this.#pack, world: this.#world });
    this.#vehicles = openVehicleBook(store, options.run, { threads: options.threads, scene });
    this.#routes = openRouteBook(store);
  }

  /** An engine that stands where the tables say. */
  static async open(store: EngineStore, options: EngineOptions): Promise<Engine> {
    const engine = new Engine(store, options);
    engine.#cursor = await store.readCursor();
    for (const { vehicleId, from } of await store.readRederivations()) {
      engine.#pendingRederivations.set(vehicleId, from);
    }
    await engine.#refreshWorld();
    return engine;
  }

  get world(): World {
    return this.#world;
  }

  /** Takes the next batches, if there are any, and commits what they mean. */
  async advance(): Promise<Step> {
    const gulp = await this.#store.readBatches(this.#cursor, this.#options.gulpFixes);
    // The world is looked at after the batch: a fence drawn before a fix was stored is then known.
    const changedRuns = await this.#refreshWorld();
    const gathered = gather(gulp.batches);
    const wanted = gathered.vehicleIds.map((vehicleId, v) => ({ vehicleId, fleetId: gathered.fleetIds[v]! }));
    await this.#vehicles.load([...wanted, ...this.#owners(gulp.reports)], this.#cursor);
    const folds = await this.#vehicles.fold(gathered);

    const touched = new Set<VehicleRecord>();
    const late: Rederivation[] = [];
    const found: Conclusions[] = [];
    for (const { record, folded } of folds) {
      if (folded.changes.halts.length > 0) touched.add(record);
      if (folded.lateCount > 0) late.push({ vehicleId: record.vehicleId, from: folded.lateFrom });
      found.push({ ...folded.changes, visits: [] });
    }
    this.#addReports(gulp.reports, touched);
    const fixCount = gulp.batches.reduce((sum, batch) => sum + batch.count, 0);
    this.#advanceClocks(gulp);
    if (fixCount + gulp.reports.length + changedRuns.length === 0 && !moved(this.#cursor, gulp.cursor)) {
      return { outputs: [], hasMore: false, fixCount };
    }
    const { visits, runs } = this.#matchVisits(touched, changedRuns);
    const checkpoints = folds.flatMap(({ folded }) => folded.checkpoints);
    const correction = {
      upserts: { ...merged(found), visits: visits.upserts },
      retractions: { ...noConclusions, visits: visits.retractions },
    };
    const outputs = await this.#commit({
      ...this.#appraise(runs),
      ...correction,
      cursor: gulp.cursor,
      checkpoints,
      rederivations: late,
    });
    this.#cursor = gulp.cursor;
    for (const { vehicleId, from } of late) {
      const known = this.#pendingRederivations.get(vehicleId) ?? from;
      this.#pendingRederivations.set(vehicleId, Math.min(known, from));
    }
    return { outputs: [...this.#eventOutputs(correction), ...outputs], hasMore: gulp.hasMore, fixCount };
  }

  /** Derives up to `limit` vehicles again whose late fixes are waiting for it. */
  async rederive(limit: number): Promise<Step> {
    const outputs: LiveOutput[] = [];
    for (const [vehicleId, from] of [...this.#pendingRederivations].slice(0, limit)) {
      const fleetId = this.#fleetOf(vehicleId);
      await this.#vehicles.load([{ vehicleId, fleetId }], this.#cursor);
      const found = await this.#vehicles.rederive(vehicleId, from, this.#cursor);
      const record = this.#vehicles.get(vehicleId);
      const matched = this.#matchVisits(new Set(record ? [record] : []), []);
      const correction: Correction = {
        upserts: { ...(found?.upserts ?? noConclusions), visits: matched.visits.upserts },
        retractions: { ...(found?.retractions ?? noConclusions), visits: matched.visits.retractions },
      };
      const committed = await this.#commit({
        ...this.#appraise(matched.runs),
        ...correction,
        checkpoints: found?.checkpoints ?? [],
        rederived: [{ vehicleId, from }],
      });
      this.#pendingRederivations.delete(vehicleId);
      outputs.push(...this.#eventOutputs(correction), ...committed);
    }
    return { outputs, hasMore: this.#pendingRederivations.size > 0, fixCount: 0 };
  }

  /** Once a second: positions that changed; once a minute of fleet clock: every route's pace. */
  async tick(): Promise<Step> {
    this.#tick++;
    const outputs: LiveOutput[] = [];
    const due: RouteRun[] = [];
    for (const { id } of this.#world.fleets) {
      const fleetClock = this.#clocks.get(id);
      if (!fleetClock) continue;
      const clock = this.#clockOf(fleetClock);
      const records = [...fleetClock.changed].flatMap((vehicleId) => this.#vehicles.get(vehicleId) ?? []);
      fleetClock.changed.clear();
      const runOf = (vehicleId: number) => this.#runOf(vehicleId, clock);
      outputs.push(...positionFrames(id, { tick: this.#tick, clock }, records, runOf));
      const minute = Math.floor(clock / PACE_SECONDS);
      if (minute <= fleetClock.paceMinute) continue;
      fleetClock.paceMinute = minute;
      for (const run of this.#routes.runs()) {
        if (run.route.fleetId === id && isUnderWay(run, clock)) due.push(run);
      }
    }
    if (due.length > 0) outputs.push(...(await this.#commit(this.#appraise(due))));
    outputs.push(...(await this.#propose()));
    this.#seek(due);
    return { outputs, hasMore: false, fixCount: 0 };
  }

  /** Sends late routes to be searched for a better order; answers are taken up by a later tick. */
  #seek(runs: readonly RouteRun[]): void {
    for (const run of runs) {
      if (this.#searching >= SEARCHES_MAX) return;
      const { vehicleId, fleetId } = run.route;
      const own = runs.filter(({ route }) => route.fleetId === fleetId);
      const quest = questFor(run, this.#vehicles.get(vehicleId), fleetExperience(own));
      if (!quest) continue;
      run.soughtAt = quest.clock;
      this.#searching++;
      const answer = this.#options.run('resequence', quest.input);
      void answer
        .then(
          (result) => this.#answers.push({ run, quest, result }),
          (error) => this.#failures.push(error),
        )
        .finally(() => this.#searching--);
    }
  }

  /** Opens proposals from the answers that came in, and closes those their routes moved on from. */
  async #propose(): Promise<LiveOutput[]> {
    const failure = this.#failures.shift();
    if (failure !== undefined) throw failure;
    const outdated: { run: RouteRun; proposal: StoredProposal }[] = [];
    for (const run of this.#routes.runs()) {
      if (run.proposal && isOutdated(run.proposal, run)) outdated.push({ run, proposal: run.proposal });
    }
    for (const { run } of outdated) run.proposal = undefined;
    const proposed = this.#answers.splice(0).flatMap(({ run, quest, result }) => {
      const proposal = proposalOf(quest, result, run);
      return proposal ? [{ ...proposal, fleetId: run.route.fleetId, run }] : [];
    });
    if (outdated.length + proposed.length === 0) return [];
    const committed = await this.#store.commit({
      ...noWork,
      fleetOf: (vehicleId) => this.#fleetOf(vehicleId),
      proposed: proposed.map(({ run: _, ...proposal }) => proposal),
      superseded: outdated.map(({ proposal: { proposalId, createdAt } }) => ({ proposalId, at: createdAt })),
    });
    for (const [i, { run }] of proposed.entries()) run.proposal = committed.proposals[i];
    const news = [
      ...committed.proposals.map((proposal) => ({ ...proposal, state: 'open' })),
      ...outdated.map(({ proposal }) => ({ ...proposal, state: 'superseded' })),
    ].filter(({ proposalId }) => proposalId > 0);
    return byFleet(
      news.map(({ proposalId, routeId, fleetId, state }) => ({ proposalId, routeId, fleetId, state })),
      'proposals',
    );
  }

  async #refreshWorld(): Promise<RouteRun[]> {
    const version = await this.#store.readWorldVersion();
    if (version.world !== this.#version.world) {
      this.#world = await this.#store.readWorld();
      this.#vehicleById = new Map(this.#world.vehicles.map((vehicle) => [vehicle.id, vehicle]));
      this.#pack = packFences(this.#world.fences);
    }
    const changed: RouteRun[] = [];
    if (version.routes !== this.#version.routes || version.world !== this.#version.world) {
      const owners = await this.#routes.refresh(this.#world.depots);
      await this.#vehicles.load(owners, this.#cursor);
      for (const { vehicleId } of owners) changed.push(...this.#routes.ofVehicle(vehicleId));
    }
    this.#version = version;
    return changed;
  }

  #owners(reports: readonly StoredReport[]): { vehicleId: number; fleetId: number }[] {
    return reports.map(({ vehicleId }) => ({ vehicleId, fleetId: this.#fleetOf(vehicleId) }));
  }

  #fleetOf(vehicleId: number): number {
    const fleetId = this.#vehicles.get(vehicleId)?.fleetId;
    return fleetId ?? this.#vehicleById.get(vehicleId)?.fleetId ?? 0;
  }

  #addReports(reports: readonly StoredReport[], touched: Set<VehicleRecord>): void {
    for (const report of reports) {
      const record = this.#vehicles.get(report.vehicleId);
      if (record && this.#vehicles.addReports(record, [report])) touched.add(record);
    }
  }

  #matchVisits(touched: ReadonlySet<VehicleRecord>, changed: readonly RouteRun[]) {
    const runs = new Set(changed);
    for (const { vehicleId } of touched) for (const run of this.#routes.ofVehicle(vehicleId)) runs.add(run);
    const upserts: Conclusions['visits'][number][] = [];
    const retractions: Conclusions['visits'][number][] = [];
    const moved: RouteRun[] = [];
    for (const run of runs) {
      const record = this.#vehicles.get(run.route.vehicleId);
      if (!record) continue;
      const changes = this.#routes.match(run, record);
      if (changes.upserts.length + changes.retractions.length > 0) moved.push(run);
      upserts.push(...changes.upserts);
      retractions.push(...changes.retractions);
    }
    return { visits: { upserts, retractions }, runs: moved };
  }

  /** Paces, and alerts raised or resolved, of these routes at their fleets' clocks. */
  #appraise(runs: readonly RouteRun[]): Appraisal {
    const { paces, raised, resolved }: Appraisal = { paces: [], raised: [], resolved: [] };
    for (const [fleetId, own] of grouped(runs, ({ route }) => route.fleetId)) {
      const fleetClock = this.#clocks.get(fleetId);
      if (!fleetClock) continue;
      const clock = Math.round(this.#clockOf(fleetClock) * 1000) / 1000;
      const active = own.filter((run) => isUnderWay(run, clock));
      const all = [...this.#routes.runs()].filter(
        (run) => run.route.fleetId === fleetId && isUnderWay(run, clock),
      );
      const experience = fleetExperience(all);
      for (const run of active) {
        const record = this.#vehicles.get(run.route.vehicleId);
        const { pace, turn } = appraise(run, record, clock, experience);
        paces.push({ ...pace, fleetId });
        const vehicle = this.#vehicleById.get(run.route.vehicleId)?.name ?? '';
        const naming = { fleetId, routeCode: run.route.code, vehicle };
        if (turn === 'raise') raised.push({ run, alert: riskAlert(pace, naming) });
        if (turn === 'resolve' && run.alert) resolved.push({ run, alert: run.alert, at: clock });
      }
    }
    return { paces, raised, resolved };
  }

  async #commit(
    work: Partial<Omit<EngineWork, 'raised' | 'resolved'>> & Partial<Appraisal>,
  ): Promise<LiveOutput[]> {
    const { raised = [], resolved = [], paces = [] } = work;
    const committed = await this.#store.commit({
      ...noWork,
      ...work,
      fleetOf: (vehicleId) => this.#fleetOf(vehicleId),
      raised: raised.map(({ alert }) => alert),
      resolved: resolved.map(({ alert, at }) => ({ id: alert.id, at })),
    });
    for (const [i, { run }] of raised.entries()) run.alert = committed.alerts[i];
    for (const { run } of resolved) run.alert = undefined;
    const ended = resolved.map(({ alert, at }) => ({ ...alert, resolvedAt: at }));
    const alerts = [...committed.alerts, ...ended];
    return [...byFleet(paces, 'pace'), ...byFleet(alerts, 'alerts')];
  }

  #eventOutputs(correction: Correction): LiveOutput[] {
    const events = liveEvents(correction).map((event) => ({
      fleetId: this.#fleetOf(event.vehicleId),
      event,
    }));
    return [...grouped(events, ({ fleetId }) => fleetId)].flatMap(([fleetId, own]) =>
      jsonOutputs(
        fleetId,
        'events',
        own.map(({ event }) => event),
      ),
    );
  }

  #advanceClocks({ batches }: Gulp): void {
    for (const { count, numbers } of batches) {
      for (let i = 0; i < count; i++) {
        if (numbers.flags[i] !== 0) continue;
        const fleetId = numbers.fleetId[i]!;
        let clock = this.#clocks.get(fleetId);
        if (!clock) {
          clock = { at: Number.NEGATIVE_INFINITY, received: 0, paceMinute: 0, changed: new Set() };
          this.#clocks.set(fleetId, clock);
        }
        clock.changed.add(numbers.vehicleId[i]!);
        if (numbers.at[i]! <= clock.at) continue;
        clock.at = numbers.at[i]!;
        clock.received = numbers.received[i]!;
      }
    }
  }

  /** The fleet's clock: its newest fix, plus the time since that came in; never ahead of the wall. */
  #clockOf({ at, received }: FleetClock): number {
    const now = this.#options.now();
    return Math.min(now, at + Math.max(0, now - received));
  }

  #runOf(vehicleId: number, clock: number): RouteRun | undefined {
    const runs = this.#routes.ofVehicle(vehicleId);
    return runs.find((run) => isUnderWay(run, clock)) ?? runs.at(-1);
  }
}

/** A commit of nothing, to be filled in. */
const noWork: Omit<EngineWork, 'fleetOf'> = {
  cursor: undefined,
  upserts: noConclusions,
  retractions: noConclusions,
  checkpoints: [],
  rederivations: [],
  rederived: [],
  paces: [],
  raised: [],
  resolved: [],
  proposed: [],
  superseded: [],
};

function moved(before: Cursor, after: Cursor): boolean {
  return [...after].some(([source, batch]) => before.get(source) !== batch);
}

/** Changes of many folds as one; of rows with the same key the last stands. */
function merged(found: readonly Conclusions[]): Conclusions {
  const lasting = <Row extends { readonly vehicleId: number }>(
    rows: readonly Row[],
    keyOf: (row: Row) => string | number,
  ): Row[] => differences(rows, [], (row) => `${row.vehicleId} ${keyOf(row)}`).upserts;
  return {
    crossings: lasting(
      found.flatMap(({ crossings }) => crossings),
      crossingKey,
    ),
    trips: lasting(
      found.flatMap(({ trips }) => trips),
      startKey,
    ),
    halts: lasting(
      found.flatMap(({ halts }) => halts),
      startKey,
    ),
    judgements: lasting(
      found.flatMap(({ judgements }) => judgements),
      judgementKey,
    ),
    visits: [],
  };
}

function byFleet<Item extends { readonly fleetId: number }>(
  items: readonly Item[],
  stream: LiveOutput['stream'],
): LiveOutput[] {
  return [...grouped(items, ({ fleetId }) => fleetId)].flatMap(([fleetId, own]) =>
    jsonOutputs(fleetId, stream, own),
  );
}

function grouped<Item, Key>(items: Iterable<Item>, keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
