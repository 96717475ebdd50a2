import type { Halt } from '../../schemas/event.ts';
import { distanceOf } from '../../schemas/position.ts';
import type { Observation } from '../vehicle-state.ts';

/**
 * A stretch without movement, while it lasts. It is *shown* (in the tables) once it is long enough;
 * until then it may turn out to be a red light's worth of nothing.
 */
export type HaltState = {
  /** Estimated instant the wheels stopped. */
  readonly startedAt: number;
  /** Newest fix that belongs. */
  readonly lastAt: number;
  readonly lng: number;
  readonly lat: number;
  readonly count: number;
  /** Whether the newest fix that belongs says that the ignition is off. */
  readonly isOff?: boolean | undefined;
  /** The worst that its fixes said of themselves until it was shown, metres. */
  readonly accuracy?: number | undefined;
  /** Where it was when it was first shown. */
  readonly shown: { readonly lng: number; readonly lat: number } | null;
  /** The newest fix, when it does not belong: one alone may be an outlier. */
  readonly doubt: (Observation & { readonly isSlow: boolean; readonly startedAt: number }) | null;
};

/** Shortest halt, seconds: the quickest doorsteps take a little more. */
export const HALT_SECONDS = 20;
/** Slower than this is not driving, m/s. */
const SLOW = 1.5;
/** Faster than this has left, m/s: no noise of a speed measurement reaches it. */
const GONE = 3;
/** Metres a standing van's fixes stray from their mean: three sigma of ordinary receivers. */
const STRAY_MIN = 18;
const STRAY_MAX = 40;
/** Metres that make another place of it when movement was seen in between. */
const STRAY_MOVED = 10;
/** Between two fixes further apart the ignition may have been on, seconds. */
const OFF_SECONDS = 15;
/** Weight of a new fix in the mean never falls below 1 / this. */
const MEAN_OVER = 20;
/** Roads are longer than straight lines, over some hundred metres. */
const CIRCUITY = 1.1;
/** Ordinary braking and pulling away, m/s². */
const ACCELERATION = 1.5;
/** Between stops in towns, m/s: the median of driving (21 km/h) and its upper quartile (36) lie on either side. */
const TOWN_SPEED = 8;

/** Advances the halt by one good fix; `before` is the good fix before it. */
export function haltStep(
  halt: HaltState | null,
  before: Observation | null,
  fix: Observation,
  close: (halt: Omit<Halt, 'vehicleId'>) => void,
): HaltState | null {
  const isSlow = slow(before, fix);
  if (halt === null) return isSlow ? begin(before, fix, close) : null;

  const strayed = distanceOf(halt.lng, halt.lat, fix.lng, fix.lat);
  const { doubt } = halt;
  const hasMoved = doubt !== null && !doubt.isSlow;
  if (isSlow && strayed <= (hasMoved ? STRAY_MOVED : strayMax(fix))) {
    return show(extended(halt, fix), fix.at, close);
  }
  // With its ignition off all the time it cannot have left, however its receiver strays.
  if (halt.isOff === true && doubt === null && isOff(before, fix))
    return show({ ...halt, lastAt: fix.at, doubt: null }, fix.at, close);
  const isGone = !isSlow && ((fix.speed ?? 0) >= GONE || strayed > 2 * strayMax(fix));
  if (doubt === null && !isGone && !(hasMoved && isSlow)) {
    return { ...halt, doubt: { ...fix, isSlow, startedAt: isSlow ? arrival(before, fix) : fix.at } };
  }
  // Two fixes in a row say so: it ended as the first of them was under way.
  end(halt, doubt ?? fix, close);
  if (!isSlow) return null;
  const isSamePlace =
    doubt?.isSlow === true && distanceOf(doubt.lng, doubt.lat, fix.lng, fix.lat) <= strayMax(fix);
  if (!isSamePlace || doubt === null) return begin(doubt ?? before, fix, close);
  return show(extended(started(doubt.startedAt, doubt), fix), fix.at, close);
}

function slow(before: Observation | null, fix: Observation): boolean {
  if (fix.ignition === false) return true;
  if (fix.speed !== undefined) return fix.speed < SLOW;
  if (before === null || fix.at <= before.at) return false;
  // Without a speed: the step, less what noise alone may add to it.
  const step = Math.max(0, distanceOf(before.lng, before.lat, fix.lng, fix.lat) - 5);
  return step / (fix.at - before.at) < SLOW;
}

function isOff(before: Observation | null, fix: Observation): boolean {
  if (fix.ignition !== false || before?.ignition !== false) return false;
  return fix.at - before.at <= OFF_SECONDS && (fix.speed ?? 0) < GONE;
}

/** Metres around the mean within which a slow fix belongs. */
function strayMax({ accuracy, speed }: Observation): number {
  // Such are phones: it is the driver who strays.
  if (speed === undefined) return STRAY_MAX;
  return Math.min(STRAY_MAX, Math.max(STRAY_MIN, 8 + 1.2 * (accuracy ?? 0)));
}

function begin(before: Observation | null, fix: Observation, close: (halt: Omit<Halt, 'vehicleId'>) => void) {
  return show(started(arrival(before, fix), fix), fix.at, close);
}

function started(startedAt: number, { at, lng, lat, accuracy, ignition }: Observation): HaltState {
  const isOff = ignition === false;
  return {
    startedAt,
    lastAt: at,
    lng,
    lat,
    count: 1,
    isOff,
    accuracy: accuracy ?? 0,
    shown: null,
    doubt: null,
  };
}

function extended(halt: HaltState, { at, lng, lat, accuracy, ignition }: Observation): HaltState {
  const weight = 1 / Math.min(MEAN_OVER, halt.count + 1);
  return {
    ...halt,
    lastAt: at,
    lng: halt.lng + (lng - halt.lng) * weight,
    lat: halt.lat + (lat - halt.lat) * weight,
    count: halt.count + 1,
    isOff: ignition === false,
    accuracy: halt.shown === null ? Math.max(halt.accuracy ?? 0, accuracy ?? 0) : halt.accuracy,
    doubt: null,
  };
}

function show(halt: HaltState, at: number, close: (halt: Omit<Halt, 'vehicleId'>) => void): HaltState {
  if (halt.shown !== null || at - halt.startedAt < HALT_SECONDS) return halt;
  const shown = { ...halt, shown: { lng: halt.lng, lat: halt.lat } };
  close({ startedAt: halt.startedAt, position: shown.shown });
  return shown;
}

function end(halt: HaltState, fix: Observation, close: (halt: Omit<Halt, 'vehicleId'>) => void): void {
  const straight = distanceOf(halt.lng, halt.lat, fix.lng, fix.lat);
  const gap = fix.at - halt.lastAt;
  const metres = straight * CIRCUITY;
  const endedAt = toMs(
    stands(fix)
      ? halt.lastAt + Math.max(0, gap - hop(metres)) / 2
      : fix.at - Math.min(gap, rolling(metres, fix.speed ?? straight / gap)),
  );
  if (halt.shown === null && endedAt - halt.startedAt < HALT_SECONDS) return;
  close({ startedAt: halt.startedAt, endedAt, position: { lng: halt.lng, lat: halt.lat } });
}

/** When a van seen elsewhere at `before` and standing at `fix` came to stand. */
function arrival(before: Observation | null, fix: Observation): number {
  if (before === null || fix.at <= before.at) return fix.at;
  const straight = distanceOf(before.lng, before.lat, fix.lng, fix.lat);
  const gap = fix.at - before.at;
  const metres = straight * CIRCUITY;
  if (!stands(before)) {
    return toMs(before.at + Math.min(gap, rolling(metres, before.speed ?? straight / gap)));
  }
  // It stood there and stands here: what the way leaves of the gap is shared out evenly.
  const way = Math.min(gap, hop(metres));
  return toMs(before.at + (gap - way) / 2 + way);
}

/** Whether it says of itself that its wheels did not turn. */
const stands = ({ speed }: Observation): boolean => speed !== undefined && speed < SLOW;

/** Seconds from standing to standing over `metres`: pulling away, at town speed if it is far enough, braking. */
function hop(metres: number): number {
  const ramps = TOWN_SPEED ** 2 / ACCELERATION;
  return metres < ramps
    ? 2 * Math.sqrt(metres / ACCELERATION)
    : metres / TOWN_SPEED + TOWN_SPEED / ACCELERATION;
}

/**
 * Seconds to cover `metres` between standing and `speed`: at even speed with ordinary acceleration at
 * one end, or, when the way is too short for that, at even acceleration all along.
 */
function rolling(metres: number, speed: number): number {
  if (speed < SLOW) return metres / SLOW;
  const ramp = (speed * speed) / (2 * ACCELERATION);
  return metres >= ramp ? metres / speed + speed / (2 * ACCELERATION) : (2 * metres) / speed;
}

/** Instants in the tables have millisecond resolution. */
function toMs(at: number): number {
  return Math.round(at * 1000) / 1000;
}
