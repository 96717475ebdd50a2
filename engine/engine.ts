import type {
  Cursor,
  EngineStore,
  EngineWork,
  OpenRescue,
  Rederivation,
  StoredReport,
  World,
  WorldVersion,
} from '../schemas/engine-store.ts';
import type { Alert, Conclusions, Pace } from '../schemas/event.ts';
import type { Vehicle } from '../schemas/plan.ts';
import { type FleetClocks, openFleetClocks } from './fleet-clocks.ts';
import { CHECKPOINT_SECONDS } from './fold.ts';
import { gather } from './gather.ts';
import { type FencePack, packFences } from './geofence/fence-pack.ts';
import { type LearnedDays, openLearnedDays } from './learned-days.ts';
import { jsonOutputs, type LiveOutput, liveEvents, positionFrames } from './live.ts';
import type { FleetPace } from './pace/factors.ts';
import { riskAlert } from './pace/risk.ts';
import type { Run } from './pool/tasks.ts';
import type { Correction } from './rederive.ts';
import { type Fleet, openRescuer, type Rescuer } from './rescuer.ts';
import {
  appraise,
  fleetPaceOf,
  isOfToday,
  isUnderWay,
  openRouteBook,
  type RouteBook,
  type RouteRun,
} from './routes.ts';
import { openSeeker, type Seeker } from './seeker.ts';
import { noConclusions } from './vehicle-state.ts';
import { openVehicleBook, type VehicleBook, type VehicleRecord } from './vehicles.ts';
import { byFleet, grouped, merged, moved, noWork } from './work.ts';

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

/**
 * Seconds between two readings of the list of vehicles: a hundred thousand that report for the first time must
 * not have it read each time. It says their names, and the fleets of those that have not reported.
 */
const VEHICLES_SECONDS = 10;

/** Seconds of fixes derived again at once: bounds the memory it takes. */
const REDERIVE_SECONDS = 600 * 3600;

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
  readonly #clocks: FleetClocks;
  readonly #seeker: Seeker;
  readonly #rescuer: Rescuer;
  readonly #learned: LearnedDays;
  readonly #pendingRederivations = new Map<number, number>();
  readonly #fleetPaces = new Map<number, { readonly at: number; readonly pace: FleetPace }>();
  #cursor: Cursor = new Map();
  #world: World = { fleets: [], depots: [], behaviourPolicies: new Map() };
  #vehicleById = new Map<number, Vehicle>();
  #pack: FencePack = packFences([]);
  #version: WorldVersion = { world: '', vehicles: '', fences: '', routes: '', orders: '' };
  #vehiclesReadAt = Number.NEGATIVE_INFINITY;
  #tick = 0;

  private constructor(store: EngineStore, options: EngineOptions, learned: LearnedDays) {
    this.#store = store;
    this.#options = options;
    const scene = () => ({ pack: this.#pack, world: this.#world });
    this.#learned = learned;
    this.#routes = openRouteBook(store, learned.of);
    const historyFrom = (vehicleId: number) => this.#routes.windowFrom(vehicleId);
    const { threads } = options;
    this.#vehicles = openVehicleBook(store, options.run, { threads, scene, historyFrom });
    this.#clocks = openFleetClocks(options.now);
    this.#seeker = openSeeker(options.run);
    this.#rescuer = openRescuer({
      ...{ run: options.run, store },
      recordOf: (run) => this.#vehicles.get(run.route.vehicleId),
      vehicleName: (vehicleId) => this.#vehicleById.get(vehicleId)?.name ?? '',
    });
  }

  /** An engine that stands where the tables say. */
  static async open(store: EngineStore, options: EngineOptions): Promise<Engine> {
    const engine = new Engine(store, options, await openLearnedDays(store));
    engine.#cursor = await store.readCursor();
    await engine.#refreshWorld();
    return engine;
  }

  get world(): World {
    return this.#world;
  }

  get fenceCount(): number {
    return this.#pack.count;
  }

  /** Takes the next batches, if there are any, and commits what they mean. */
  async advance(): Promise<Step> {
    const gulp = await this.#store.readBatches(this.#cursor, this.#options.gulpFixes);
    // The world is looked at after the batch: a fence drawn before a fix was stored is then known.
    const changedRuns = await this.#refreshWorld();
    const gathered = gather(gulp.batches);
    const wanted = await this.#owners(gulp.reports);
    for (const [v, vehicleId] of gathered.vehicleIds.entries()) {
      if (!this.#vehicles.get(vehicleId)) wanted.push({ vehicleId, fleetId: gathered.fleetIds[v]! });
    }
    await this.#vehicles.load(wanted, this.#cursor);
    const { changes, checkpoints, late } = await this.#vehicles.fold(gathered);

    const touched = new Set<VehicleRecord>();
    for (const { vehicleId } of changes.halts) {
      const record = this.#vehicles.get(vehicleId);
      if (record) touched.add(record);
    }
    this.#addReports(gulp.reports, touched);
    const fixCount = gulp.batches.reduce((sum, batch) => sum + batch.count, 0);
    this.#clocks.see(gulp.batches);
    if (fixCount + gulp.reports.length + changedRuns.length === 0 && !moved(this.#cursor, gulp.cursor)) {
      return { outputs: [], hasMore: false, fixCount };
    }
    const { visits, runs } = this.#matchVisits(touched, changedRuns);
    const correction = {
      upserts: { ...merged(changes), visits: visits.upserts },
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
    this.#addLate(late);
    return { outputs: [...this.#eventOutputs(correction), ...outputs], hasMore: gulp.hasMore, fixCount };
  }

  /** Derives up to `limit` vehicles again whose late fixes are waiting for it, together. */
  async rederive(limit: number): Promise<Step> {
    const asks = await this.#lateVehicles(limit);
    if (asks.length === 0) return { outputs: [], hasMore: false, fixCount: 0 };
    const found = await this.#vehicles.rederive(asks, this.#cursor);
    const records = new Set<VehicleRecord>();
    for (const { vehicleId } of asks) {
      const record = this.#vehicles.get(vehicleId);
      if (record) records.add(record);
    }
    const { visits, runs } = this.#matchVisits(records, []);
    const correction: Correction = {
      upserts: { ...found.upserts, visits: visits.upserts },
      retractions: { ...found.retractions, visits: visits.retractions },
    };
    const committed = await this.#commit({
      ...this.#appraise(runs),
      ...correction,
      checkpoints: found.checkpoints,
      rederived: asks,
    });
    for (const { vehicleId } of asks) this.#pendingRederivations.delete(vehicleId);
    const outputs = [...this.#eventOutputs(correction), ...committed];
    return { outputs, hasMore: this.#pendingRederivations.size > 0, fixCount: 0 };
  }

  #addLate(late: readonly Rederivation[]): void {
    for (const { vehicleId, from } of late) {
      const known = this.#pendingRederivations.get(vehicleId) ?? from;
      this.#pendingRederivations.set(vehicleId, Math.min(known, from));
    }
  }

  /** Vehicles that wait to be derived again. */
  get lateCount(): number {
    return this.#pendingRederivations.size;
  }

  /** The next late vehicles, as many as hold no more than so many hours of fixes together; at least one. */
  async #lateVehicles(limit: number): Promise<Rederivation[]> {
    const asks: Rederivation[] = [];
    let seconds = 0;
    for (const [vehicleId, from] of this.#pendingRederivations) {
      if (asks.length >= limit) break;
      await this.#vehicles.load([{ vehicleId, fleetId: this.#fleetOf(vehicleId) }], this.#cursor);
      const last = this.#vehicles.get(vehicleId)?.state.last?.at ?? from;
      seconds += CHECKPOINT_SECONDS + Math.max(0, last - from);
      if (asks.length > 0 && seconds > REDERIVE_SECONDS) break;
      asks.push({ vehicleId, from });
    }
    return asks;
  }

  /** Once a second: positions that changed; once a minute of fleet clock: every route's pace. */
  async tick(): Promise<Step> {
    this.#tick++;
    const outputs: LiveOutput[] = [];
    const due: RouteRun[] = [];
    const fleets: Fleet[] = [];
    for (const { id } of this.#world.fleets) {
      const clock = this.#clocks.of(id);
      if (clock === undefined) continue;
      const changed = this.#clocks.takeChanged(id);
      const records: VehicleRecord[] = [];
      for (const vehicleId of changed) {
        const record = this.#vehicles.get(vehicleId);
        if (record) records.push(record);
      }
      const runOf = (vehicleId: number) => this.#runOf(vehicleId, clock);
      outputs.push(...positionFrames(id, { tick: this.#tick, clock }, records, runOf));
      if (!this.#clocks.turned(id, PACE_SECONDS)) continue;
      const own = [...this.#routes.runs()].filter(({ route }) => route.fleetId === id);
      await this.#learned.take(id, clock, own);
      const runs = own.filter((run) => isUnderWay(run, clock));
      due.push(...runs);
      fleets.push({ id, clock, runs, pace: () => this.#fleetPace(id, clock) });
    }
    if (due.length > 0) outputs.push(...(await this.#commit(this.#appraise(due))));
    outputs.push(...(await this.#propose(await this.#rescuer.seek(fleets))));
    this.#seeker.seek(
      due,
      (run) => this.#vehicles.get(run.route.vehicleId),
      (run) => this.#fleetPace(run.route.fleetId, this.#clocks.of(run.route.fleetId) ?? 0),
    );
    return { outputs, hasMore: false, fixCount: 0 };
  }

  /** Opens proposals from the answers that came in, and closes those their routes moved on from. */
  async #propose(goneRescues: readonly OpenRescue[]): Promise<LiveOutput[]> {
    const { proposed, outdated: orders } = this.#seeker.take(this.#routes.runs());
    const rescues = this.#rescuer.take();
    const outdated = [...orders, ...goneRescues];
    if (outdated.length + proposed.length + rescues.length === 0) return [];
    const committed = await this.#store.commit({
      ...noWork,
      fleetOf: (vehicleId) => this.#fleetOf(vehicleId),
      proposed: [...proposed.map(({ proposal }) => proposal), ...rescues],
      superseded: outdated.map(({ proposalId, createdAt }) => ({ proposalId, at: createdAt })),
    });
    for (const [i, { run }] of proposed.entries()) run.proposal = committed.proposals[i];
    const news = [
      ...committed.proposals.map((proposal) => ({ ...proposal, state: 'open' })),
      ...outdated.map((proposal) => ({ ...proposal, state: 'superseded' })),
    ].filter(({ proposalId }) => proposalId > 0);
    return byFleet(
      news.map(({ proposalId, routeId, fleetId, state }) => ({ proposalId, routeId, fleetId, state })),
      'proposals',
    );
  }

  async #refreshWorld(): Promise<RouteRun[]> {
    const version = await this.#store.readWorldVersion();
    if (version.world !== this.#version.world) this.#world = await this.#store.readWorld();
    const isTime = Math.abs(this.#options.now() - this.#vehiclesReadAt) >= VEHICLES_SECONDS;
    const areVehiclesNew = version.vehicles !== this.#version.vehicles && isTime;
    if (areVehiclesNew) await this.#readVehicles();
    if (version.fences !== this.#version.fences) this.#pack = packFences(await this.#store.readFences());
    if (version.orders !== this.#version.orders) this.#addLate(await this.#store.readRederivations());
    const changed: RouteRun[] = [];
    if (version.routes !== this.#version.routes || version.world !== this.#version.world) {
      const owners = await this.#routes.refresh(this.#world.depots);
      await this.#vehicles.load(owners, this.#cursor);
      for (const { vehicleId } of owners) changed.push(...this.#routes.ofVehicle(vehicleId));
    }
    this.#version = { ...version, vehicles: areVehiclesNew ? version.vehicles : this.#version.vehicles };
    return changed;
  }

  async #readVehicles(): Promise<void> {
    this.#vehiclesReadAt = this.#options.now();
    this.#vehicleById = new Map((await this.#store.readVehicles()).map((vehicle) => [vehicle.id, vehicle]));
  }

  async #owners(reports: readonly StoredReport[]): Promise<{ vehicleId: number; fleetId: number }[]> {
    if (reports.some(({ vehicleId }) => this.#fleetOf(vehicleId) === 0)) await this.#readVehicles();
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
      const history = this.#vehicles.get(run.route.vehicleId)?.history;
      if (!history) continue;
      const changes = this.#routes.match(run, history);
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
      const now = this.#clocks.of(fleetId);
      if (now === undefined) continue;
      const clock = Math.round(now * 1000) / 1000;
      const fleet = this.#fleetPace(fleetId, clock);
      for (const run of own) {
        if (!isUnderWay(run, clock)) continue;
        const record = this.#vehicles.get(run.route.vehicleId);
        const { pace, turn } = appraise(run, record, clock, fleet);
        paces.push({ ...pace, fleetId });
        const vehicle = this.#vehicleById.get(run.route.vehicleId)?.name ?? '';
        const naming = { fleetId, routeCode: run.route.code, vehicle };
        if (turn === 'raise') raised.push({ run, alert: riskAlert(pace, naming) });
        if (turn === 'resolve' && run.alert) resolved.push({ run, alert: run.alert, at: clock });
      }
    }
    return { paces, raised, resolved };
  }

  /** How the fleet's plans come true today: learned anew each minute of its clock, from all its routes. */
  #fleetPace(fleetId: number, clock: number): FleetPace {
    const known = this.#fleetPaces.get(fleetId);
    if (known && clock >= known.at && clock - known.at < PACE_SECONDS) return known.pace;
    const all: RouteRun[] = [];
    for (const run of this.#routes.runs()) {
      if (run.route.fleetId === fleetId && isOfToday(run, clock)) all.push(run);
    }
    const pace = fleetPaceOf(all, this.#learned.of(fleetId));
    this.#fleetPaces.set(fleetId, { at: clock, pace });
    return pace;
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

  #runOf(vehicleId: number, clock: number): RouteRun | undefined {
    const runs = this.#routes.ofVehicle(vehicleId);
    return runs.find((run) => isUnderWay(run, clock)) ?? runs.at(-1);
  }
}
