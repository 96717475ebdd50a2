import { METRES_PER_DEGREE } from '../../schemas/position.ts';
import { hash32 } from '../../schemas/random.ts';
import { degreesFromRadians, radiansFromDegrees } from '../../schemas/units.ts';
import type { VanProfile } from '../scenario/profile.ts';
import type { Loop } from '../van/roaming.ts';

/**
 * The devices of vans that roam, by the hundred thousand: all they need to know is in columns, some
 * sixty bytes a van, and a fix is made as text at once. They are less varied than those of `openDevice`
 * and `uploads` (no gaps, reboots or repeats, only noise and a missing fix now and then).
 *
 *   at       Float64 instant of the next fix       due      Float64 when it is given to the network
 *   knot, vertex  Int32 where on its loop          seq      Uint32 its next number
 *   lap      Int32 how often round                 state    Uint32 of its chance
 *   east, north, heading  Float32 error in metres, degrees
 */
export type SwarmFix = {
  readonly van: number;
  readonly due: number;
  /** Milliseconds. */
  readonly ms: number;
  readonly seq: number;
  /** The members of the own message as JSON, without braces. */
  readonly members: string;
  /** Kept while there was no network. */
  readonly isBuffered: boolean;
};

export type Swarm = {
  readonly size: number;
  readonly nameOf: (van: number) => string;
  /** When the next fix is due, true to `TICK`. */
  readonly nextDue: () => number | undefined;
  /** The next fix due by then. */
  readonly take: (until: number) => SwarmFix | undefined;
};

export type SwarmInput = {
  readonly names: readonly string[];
  readonly loops: readonly Loop[];
  readonly seed: string;
  readonly intervalSeconds: number;
  /** Standard deviation of the error per axis, metres, and how long an error lasts, seconds. */
  readonly noise: number;
  readonly noiseSeconds: number;
  readonly missing: number;
  readonly from: number;
  readonly until: number;
  /** How each joins, hurries and falls silent; none: all report steadily from the start. */
  readonly profiles?: readonly VanProfile[] | undefined;
  /** What an earlier run had acknowledged last, by name: fixes up to then are not made again. */
  readonly after?: ((name: string) => number | undefined) | undefined;
};

/** Vans wait in slots of time so wide: a wheel instead of a heap, since all are due again soon. */
const TICK = 0.02;
/** Interval jitter, seconds (measured σ 0.144), and the least and most that the network takes. */
const JITTER = 0.144;
const LATENCY = [0.25, 0.85] as const;
/** Seconds that a second of what was kept is apart from the next when it is sent. */
const CATCHING_UP = 0.002;
/** Before what was acknowledged last, something may still have been under way. */
const OVERLAP = 60;

export function openSwarm(input: SwarmInput): Swarm {
  const { names, intervalSeconds, from, until, missing, profiles } = input;
  const size = names.length;
  const at = new Float64Array(size);
  const due = new Float64Array(size);
  const state = new Uint32Array(size);
  const seq = new Uint32Array(size);
  const read = openReader(input, state);
  const wheel = openWheel(due, 2 * intervalSeconds + 5, from);
  const outageAt = (van: number, instant: number) =>
    profiles?.[van]?.outages.find((outage) => instant >= outage.from && instant < outage.until);
  const latencyOf = (van: number): number => LATENCY[0] + (LATENCY[1] - LATENCY[0]) * nextOf(state, van);
  const schedule = (van: number): void => {
    if (at[van]! > until) return;
    const instant = at[van]!;
    const outage = outageAt(van, instant);
    // What was kept comes as fast as it is taken, an hour of it within seconds.
    const sent = outage === undefined ? instant : outage.until + (instant - outage.from) * CATCHING_UP;
    due[van] = sent + latencyOf(van);
    wheel.put(van);
  };
  const advance = (van: number): void => {
    // The sum of three uniform numbers: near enough to a normal one, σ = 0.5.
    const sum = nextOf(state, van) + nextOf(state, van) + nextOf(state, van);
    const usual = Math.max(intervalSeconds / 2, intervalSeconds + (sum - 1.5) * 2 * JITTER);
    at[van] = at[van]! + usual / (profiles?.[van]?.factorAt(at[van]!) ?? 1);
    seq[van] = seq[van]! + 1;
  };
  for (let van = 0; van < size; van++) {
    state[van] = hash32(`${input.seed}/swarm/${names[van]}`);
    at[van] = from + (profiles?.[van]?.joins ?? 0) + intervalSeconds * nextOf(state, van);
    read.begin(van);
    const last = input.after?.(names[van]!);
    // What is skipped is lived through, so that what follows is the same as without a break.
    while (last !== undefined && at[van]! < last - OVERLAP) {
      latencyOf(van);
      read.members(van, at[van]!, false);
      nextOf(state, van);
      advance(van);
    }
    schedule(van);
  }
  return {
    size,
    nameOf: (van) => names[van]!,
    nextDue: wheel.next,
    take: (limit) => {
      for (;;) {
        const van = wheel.take(limit);
        if (van < 0) return undefined;
        const [instant, number, sentAt] = [at[van]!, seq[van]!, due[van]!];
        const members = read.members(van, instant, true);
        const isMissing = nextOf(state, van) < missing;
        advance(van);
        schedule(van);
        if (isMissing) continue;
        const ms = Math.round(instant * 1000);
        return {
          van,
          due: sentAt,
          ms,
          seq: number,
          members: `"ts":${ms},"seq":${number},"boot":"b0",${members}`,
          isBuffered: outageAt(van, instant) !== undefined,
        };
      }
    },
  };
}

/** Mulberry32 (Tommy Ettinger, public domain): one word of state, in [0, 1). */
function nextOf(state: Uint32Array, van: number): number {
  const sum = (state[van]! + 0x6d2b79f5) >>> 0;
  state[van] = sum;
  let mixed = Math.imul(sum ^ (sum >>> 15), sum | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
}

/**
 * Slots of a wheel that turns with time, each a list linked through `after`. What is due more than a
 * turn later, as after a resumption, stays in its slot until its turn has come.
 */
function openWheel(due: Float64Array, horizon: number, from: number) {
  let slots = 1;
  while (slots < horizon / TICK) slots *= 2;
  const head = new Int32Array(slots).fill(-1);
  const after = new Int32Array(due.length);
  let turn = Math.floor(from / TICK);
  let waiting = 0;
  /** Before the van that is next in the slot of this turn; -1: it is the first of its list. */
  let before = -1;
  /** Turns on to the next van; -1: none is waiting. */
  const find = (): number => {
    if (waiting === 0) return -1;
    for (; ; turn++) {
      before = -1;
      for (let van = head[turn % slots]!; van >= 0; van = after[van]!) {
        if (due[van]! < (turn + 1) * TICK) return van;
        before = van;
      }
    }
  };
  return {
    put: (van: number): void => {
      const slot = Math.max(turn, Math.floor(due[van]! / TICK)) % slots;
      after[van] = head[slot]!;
      head[slot] = van;
      waiting++;
    },
    next: (): number | undefined => (find() < 0 ? undefined : (turn + 1) * TICK),
    take: (limit: number): number => {
      const van = find();
      if (van < 0 || (turn + 1) * TICK > limit) return -1;
      if (before < 0) head[turn % slots] = after[van]!;
      else after[before] = after[van]!;
      waiting--;
      return van;
    },
  };
}

/** What receiver and wires say, as JSON. */
function openReader(input: SwarmInput, state: Uint32Array) {
  const { names, loops, noise, noiseSeconds, intervalSeconds, from } = input;
  const size = names.length;
  const [knot, vertex, lap] = [new Int32Array(size), new Int32Array(size), new Int32Array(size)];
  const [east, north, heading] = [new Float32Array(size), new Float32Array(size), new Float32Array(size)];
  const [offset, odometer] = [new Float64Array(size), new Float64Array(size)];
  const rho = Math.exp(-intervalSeconds / noiseSeconds);
  const rest = Math.sqrt(1 - rho * rho) * noise;
  const loopOf = (van: number): Loop => loops[van % loops.length]!;
  const begin = (van: number): void => {
    offset[van] = loopOf(van).seconds * nextOf(state, van);
    odometer[van] = Math.round(5e6 + 175e6 * nextOf(state, van));
  };
  const members = (van: number, at: number, isTold: boolean): string => {
    const { track, seconds, metres } = loopOf(van);
    const { t, s, v, d, lng, lat } = track;
    const since = at - from + offset[van]!;
    const round = Math.floor(since / seconds);
    if (round !== lap[van]) {
      lap[van] = round;
      knot[van] = 0;
      vertex[van] = 0;
    }
    const time = since - round * seconds;
    let k = knot[van]!;
    while (k + 2 < t.length && t[k + 1]! <= time) k++;
    knot[van] = k;
    const span = t[k + 1]! - t[k]!;
    const passed = Math.max(0, Math.min(span, time - t[k]!));
    const acceleration = span > 0 ? (v[k + 1]! - v[k]!) / span : 0;
    const speed = Math.max(0, v[k]! + acceleration * passed);
    const driven = Math.min(s[k + 1]!, s[k]! + v[k]! * passed + (acceleration * passed * passed) / 2);
    let p = vertex[van]!;
    while (p + 2 < d.length && d[p + 1]! <= driven) p++;
    vertex[van] = p;
    const piece = d[p + 1]! - d[p]!;
    const share = piece > 0 ? Math.max(0, Math.min(1, (driven - d[p]!) / piece)) : 0;
    const width = Math.cos(radiansFromDegrees(lat[p]!));
    const [dLng, dLat] = [lng[p + 1]! - lng[p]!, lat[p + 1]! - lat[p]!];
    if (dLng !== 0 || dLat !== 0)
      heading[van] = (degreesFromRadians(Math.atan2(dLng * width, dLat)) + 360) % 360;
    // Box–Muller gives two normal numbers at once.
    const radius = Math.sqrt(-2 * Math.log(1 - nextOf(state, van)));
    const angle = 2 * Math.PI * nextOf(state, van);
    east[van] = east[van]! * rho + rest * radius * Math.cos(angle);
    north[van] = north[van]! * rho + rest * radius * Math.sin(angle);
    if (!isTold) return '';
    const x = lng[p]! + dLng * share + east[van]! / (METRES_PER_DEGREE * width);
    const y = lat[p]! + dLat * share + north[van]! / METRES_PER_DEGREE;
    const isMoving = speed > 0.3;
    // Engines are switched off for longer halts.
    const ignition = isMoving || span < 90;
    const heard = isMoving ? speed : 0;
    return (
      `"lat":${decimals(y, 7)},"lng":${decimals(x, 7)},"speed":${decimals(heard, 2)},` +
      `"heading":${Math.round(heading[van]!)},"accuracy":${decimals(noise, 1)},"satellites":${8 + ((van + Math.floor(at / 600)) % 6)},` +
      `"ignition":${ignition},"odometer":${decimals(odometer[van]! + round * metres + driven, 1)}`
    );
  };
  return { begin, members };
}

const scales = [1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7];
const decimals = (value: number, digits: number): number =>
  Math.round(value * scales[digits]!) / scales[digits]!;
