import { type LiveFrame, type LiveVan, paceStatuses } from '../../../schemas/live.ts';
import { mercatorX, mercatorY } from './mercator.ts';

/**
 * Every van of the fleet as columns, so that a tick of ten thousand copies numbers and makes no
 * garbage. A van moves on the screen from where it was seen (`from`) to its newest known place
 * (`to`) between `startMs` and `startMs + spanMs`, and stays there: it is never shown where it has
 * not been reported. Places are on Mercator's unit square; `…Ms` are readings of the page's clock.
 */
export type VanStore = {
  readonly slots: Map<number, number>;
  ids: Uint32Array;
  count: number;
  fromX: Float64Array;
  fromY: Float64Array;
  toX: Float64Array;
  toY: Float64Array;
  startMs: Float64Array;
  spanMs: Float64Array;
  heading: Float32Array;
  speed: Float32Array;
  at: Float64Array;
  standing: Uint8Array;
  progress: Float32Array;
  /** Grows with every change; a drawing compares it to know whether to upload. */
  revision: number;
  /** When the last movement ends. */
  stillAtMs: number;
  newest: number;
  clock: number;
  clockReadMs: number;
  tick: number;
};

/** A van glides to its new place within this; longer would show old places for longer. */
const GLIDE_MS = 1000;
/** After a silence this long nothing is known of the way between, so the van jumps. Seconds. */
const JUMP_AFTER = 120;
/** About 4 km on the unit square at middle latitudes: no van drives this between two fixes. */
const JUMP_DISTANCE = 1e-4;

export function emptyVanStore(capacity = 256): VanStore {
  return {
    slots: new Map(),
    ids: new Uint32Array(capacity),
    count: 0,
    fromX: new Float64Array(capacity),
    fromY: new Float64Array(capacity),
    toX: new Float64Array(capacity),
    toY: new Float64Array(capacity),
    startMs: new Float64Array(capacity),
    spanMs: new Float64Array(capacity),
    heading: new Float32Array(capacity),
    speed: new Float32Array(capacity),
    at: new Float64Array(capacity),
    standing: new Uint8Array(capacity),
    progress: new Float32Array(capacity),
    revision: 0,
    stillAtMs: 0,
    newest: Number.NEGATIVE_INFINITY,
    clock: Number.NaN,
    clockReadMs: 0,
    tick: 0,
  };
}

const columns = [
  'ids',
  'fromX',
  'fromY',
  'toX',
  'toY',
  'startMs',
  'spanMs',
  'heading',
  'speed',
  'at',
  'standing',
  'progress',
] as const;

function grow(store: VanStore): void {
  for (const column of columns) {
    const old = store[column];
    const wider = new (old.constructor as new (length: number) => typeof old)(old.length * 2);
    wider.set(old as never);
    store[column] = wider as never;
  }
}

/** How far van `slot` is on its way at `nowMs`, 0–1. */
export function glide(store: VanStore, slot: number, nowMs: number): number {
  const span = store.spanMs[slot]!;
  if (span <= 0) return 1;
  return Math.min(1, Math.max(0, (nowMs - store.startMs[slot]!) / span));
}

export function placeX(store: VanStore, slot: number, nowMs: number): number {
  const from = store.fromX[slot]!;
  return from + (store.toX[slot]! - from) * glide(store, slot, nowMs);
}

export function placeY(store: VanStore, slot: number, nowMs: number): number {
  const from = store.fromY[slot]!;
  return from + (store.toY[slot]! - from) * glide(store, slot, nowMs);
}

/** The fleet's clock at `nowMs`: what the newest frame said, plus the time since. */
export function fleetClock(store: VanStore, nowMs: number): number {
  return store.clock + (nowMs - store.clockReadMs) / 1000;
}

/** Takes in one frame; returns how many vans changed. `animate` false makes every van jump. */
export function applyFrame(store: VanStore, frame: LiveFrame, nowMs: number, animate: boolean): number {
  store.clock = frame.clock;
  store.clockReadMs = nowMs;
  store.tick = frame.tick;
  let changed = 0;
  for (const van of frame.vans) {
    if (applyVan(store, van, nowMs, animate)) changed += 1;
  }
  if (changed > 0) store.revision += 1;
  return changed;
}

function applyVan(store: VanStore, van: LiveVan, nowMs: number, animate: boolean): boolean {
  const known = store.slots.get(van.vehicleId);
  const slot = known ?? addVan(store, van.vehicleId);
  // A frame may repeat what polling already brought, or bring only a new standing.
  if (known !== undefined && van.at < store.at[slot]!) return false;
  const x = mercatorX(van.lng);
  const y = mercatorY(van.lat);
  const silent = van.at - store.at[slot]!;
  const fromX = known === undefined ? x : placeX(store, slot, nowMs);
  const fromY = known === undefined ? y : placeY(store, slot, nowMs);
  const far = Math.hypot(x - fromX, y - fromY) > JUMP_DISTANCE;
  const glides = animate && known !== undefined && silent <= JUMP_AFTER && !far;
  store.fromX[slot] = glides ? fromX : x;
  store.fromY[slot] = glides ? fromY : y;
  store.toX[slot] = x;
  store.toY[slot] = y;
  store.startMs[slot] = nowMs;
  store.spanMs[slot] = glides && (fromX !== x || fromY !== y) ? GLIDE_MS : 0;
  if (store.spanMs[slot]! > 0) store.stillAtMs = nowMs + GLIDE_MS;
  store.heading[slot] = van.heading;
  store.speed[slot] = van.speed;
  store.at[slot] = van.at;
  store.standing[slot] = Math.max(0, paceStatuses.indexOf(van.status));
  store.progress[slot] = van.progress;
  store.newest = Math.max(store.newest, van.at);
  return true;
}

function addVan(store: VanStore, vehicleId: number): number {
  if (store.count === store.ids.length) grow(store);
  const slot = store.count;
  store.count += 1;
  store.slots.set(vehicleId, slot);
  store.ids[slot] = vehicleId;
  store.at[slot] = Number.NEGATIVE_INFINITY;
  return slot;
}
