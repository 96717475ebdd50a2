import { distanceOf } from '../../schemas/position.ts';
import { hash32, type Random } from '../../schemas/random.ts';
import { type Graph, type RoadClass, roadClasses } from '../city/graph.ts';
import { type Path, turnAngle } from '../city/paths.ts';
import {
  CORNER_RADIUS,
  cornerG,
  type Deed,
  FAST_FROM,
  harshCornerSpeed,
  openTemper,
  type Temper,
  type TemperInput,
} from './temper.ts';

/**
 * Movement without time steps: knots between which the acceleration is constant, so where a van is
 * at any instant follows exactly. Along knot i: t seconds, s metres from the start, v m/s.
 */
export type Motion = {
  readonly t: number[];
  readonly s: number[];
  readonly v: number[];
  /** What was done harshly or too fast on the way; t from the start of the motion. */
  readonly deeds?: readonly Deed[] | undefined;
};

export type Style = {
  /** On the speed of an empty road. */
  readonly speedFactor: number;
  /** m/s². */
  readonly acceleration: number;
  readonly braking: number;
};

/** As calibrated: 5 s means of acceleration have p99 at 1.35 and p1 at −1.42 m/s². */
export const usualStyle: Style = { speedFactor: 0.9, acceleration: 1.2, braking: 1.3 };

/** The last metres to a stop are for looking for the number, m/s at most. */
const APPROACH = [4, 5.07] as const;
/** Then the van halts, and is put to the kerb. */
const PARKING = [10, 2.57] as const;
const PARKING_PAUSE = [1.2, 6.1] as const;
/** So is it taken from there again. */
const PULLING_OUT = [8, 3.02] as const;
/** Turning round in a street, to and fro, seconds. */
const TURNING = 9;
/** Who goes round a corner does so at this speed at most, by degrees turned. */
const cornerSpeed = (degrees: number): number =>
  degrees > 150 ? 1.5 : degrees > 60 ? 6.8 : degrees > 30 ? 7 : Number.POSITIVE_INFINITY;

/** What a junction asks of who drives through it. */
export type Junction = {
  readonly speedMax: number;
  readonly pause: number;
  /** Degrees turned, where that is done harshly. */
  readonly harshTurn?: number | undefined;
};

/**
 * How roads slow down through the day: a morning and an evening peak, strongest on main roads;
 * `hour` is local. A share of the empty road's speed.
 */
export function traffic(hour: number, roadClass: RoadClass): number {
  const peak = (middle: number, width: number) => Math.exp(-(((hour - middle) / width) ** 2));
  const load = 0.3 * peak(8, 1.3) + 0.1 * peak(12.5, 2) + 0.35 * peak(17, 1.6);
  const share = roadClass === 'residential' || roadClass === 'service' ? 0.35 : 1;
  return 1 - load * share;
}

/** The rule of the junction between two edges; without chance, what it costs on average. */
export function junction(graph: Graph, edge: number, next: number, chance?: Random): Junction {
  const angle = Math.abs(turnAngle(graph, edge, next));
  const corner = cornerSpeed(angle);
  const node = graph.to[edge]!;
  const [mine, theirs] = [graph.roadClass[edge]!, majorAcross(graph, edge, node)];
  if (isMotorway(mine) || isMotorway(graph.roadClass[next]!)) return { speedMax: corner, pause: 0 };
  if (mine <= SECONDARY && theirs <= SECONDARY) return signal(corner, chance);
  if (theirs < mine) return { speedMax: 0, pause: chance === undefined ? 5.8 : chance.between(2, 9.7) };
  if (theirs > mine) return { speedMax: corner, pause: 0 };
  // Streets of equal rank: more than every third junction is an all-way stop, always the same ones.
  if (hash32(String(node)) % 100 < 39)
    return { speedMax: 0, pause: chance === undefined ? 2.3 : chance.between(1, 3.7) };
  return { speedMax: Math.min(corner, 11), pause: blockade(chance) };
}

const SECONDARY = roadClasses.indexOf('secondary');
const RESIDENTIAL = roadClasses.indexOf('residential');
const isMotorway = (roadClass: number): boolean => roadClass <= 1;

function signal(corner: number, chance?: Random): Junction {
  if (chance === undefined) return { speedMax: 0, pause: 16 };
  if (chance.chance(0.5)) return { speedMax: corner, pause: 0 };
  return { speedMax: 0, pause: chance.between(5, 60) };
}

/** A lorry that unloads, a car that parks: how often a quiet street is blocked at a junction, and how long. */
const BLOCKED = 0.099;
const blockade = (chance?: Random): number => {
  if (chance === undefined) return 11.2;
  const [isBlocked, seconds] = [chance.chance(BLOCKED), chance.lognormal(4.65, 0.4)];
  return isBlocked ? seconds : 0;
};

/** How often a quiet street cannot be driven faster than this, m/s: parked full, children, a refuse lorry. */
const NARROW = 0.39;
const NARROW_SPEED = [3.84, 6] as const;

/** What of its speed (m/s) a street lets a van drive today; without chance, what that is on average. */
function narrowed(roadClass: number, speed: number, chance?: Random): number {
  const [least, most] = NARROW_SPEED;
  if (chance === undefined) {
    if (roadClass < RESIDENTIAL) return speed;
    const pace = Math.log(most / least) / (most - least);
    return 1 / ((1 - NARROW) / speed + NARROW * pace);
  }
  const [isNarrow, slowed] = [chance.chance(NARROW), chance.between(least, most)];
  return isNarrow && roadClass >= RESIDENTIAL ? Math.min(speed, slowed) : speed;
}

/** The highest class among the roads that cross ours at the node; its index, lower is higher. */
function majorAcross(graph: Graph, edge: number, node: number): number {
  let least: number = roadClasses.length;
  for (let other = graph.firstEdge[node]!; other < graph.firstEdge[node + 1]!; other++) {
    const angle = Math.abs(turnAngle(graph, edge, other));
    if (angle > 30 && angle < 150) least = Math.min(least, graph.roadClass[other]!);
  }
  return least;
}

export type DriveInput = {
  readonly graph: Graph;
  readonly path: Path;
  readonly style: Style;
  readonly hour: number;
  readonly chance?: Random | undefined;
  /** Whether the end is an address to look for. */
  readonly isStop: boolean;
  /** Share of its usual speed that an edge allows just now. */
  readonly share?: ((edge: number) => number) | undefined;
  /** How often the driver is harsh, and too fast; without it, never. */
  readonly temper?: TemperInput | undefined;
};

/** The movement along a path from standstill to standstill, from t = 0 and s = 0. */
export function drive(input: DriveInput): Motion {
  const { graph, path, style, hour, chance, isStop, share } = input;
  const temper = input.temper && openTemper(input.temper);
  const lengths: number[] = [];
  const caps: number[] = [];
  /** At the start of piece i; the last one is the end of the path. */
  const limits: Junction[] = [{ speedMax: 0, pause: path.isTurned ? TURNING : 0 }];
  const last = path.edges.length - 1;
  let rounding = Number.POSITIVE_INFINITY;
  for (const [i, edge] of path.edges.entries()) {
    const from = i === 0 ? path.from.offset : 0;
    const until = i === last ? path.to.offset : graph.length[edge]!;
    const slowed = traffic(hour, roadClasses[graph.roadClass[edge]!]!);
    const usual = Math.max(2, graph.speed[edge]! * slowed * style.speedFactor) * (share?.(edge) ?? 1);
    const cap = narrowed(graph.roadClass[edge]!, usual, chance);
    const allowed = isMotorway(graph.roadClass[edge]!) ? (temper?.fast ?? cap) : cap;
    const length = Math.max(0, until - from);
    // Who comes round a corner speeds up when the wheels are straight again.
    const turning = rounding < allowed && length > CORNER_RADIUS ? CORNER_RADIUS : 0;
    if (turning > 0) {
      lengths.push(turning);
      caps.push(rounding);
      limits.push({ speedMax: Number.POSITIVE_INFINITY, pause: 0 });
    }
    lengths.push(length - turning);
    caps.push(allowed);
    rounding = Number.POSITIVE_INFINITY;
    if (i === last) limits.push({ speedMax: 0, pause: 0 });
    else {
      const next = path.edges[i + 1]!;
      const angle = turnAngle(graph, edge, next);
      const limit = turned(junction(graph, edge, next, chance), angle, temper);
      if (Math.abs(angle) > 60 && limit.speedMax > 0) rounding = limit.speedMax;
      limits.push(limit);
    }
  }
  slowTheStart(lengths, caps, limits, ...PULLING_OUT);
  if (isStop) {
    slowTheEnd(lengths, caps, limits, ...APPROACH);
    slowTheEnd(lengths, caps, limits, ...PARKING);
    const [least, most] = PARKING_PAUSE;
    const pause = chance === undefined ? (least + most) / 2 : chance.between(least, most);
    limits[lengths.length - 1] = { speedMax: 0, pause };
  }
  return motionThrough({ lengths, caps, limits, style, temper });
}

/** A corner that is taken at speed, now and then too fast for comfort. */
function turned(limit: Junction, angle: number, temper: Temper | undefined): Junction {
  const degrees = Math.abs(angle);
  const isCorner = limit.speedMax > 0 && degrees > 60 && degrees <= 150;
  if (temper === undefined || !isCorner || !temper.isHarsh()) return limit;
  return { ...limit, speedMax: harshCornerSpeed(temper.cornerG(), degrees), harshTurn: degrees };
}

function slowTheEnd(
  lengths: number[],
  caps: number[],
  limits: Junction[],
  metres: number,
  speed: number,
): void {
  let left = metres;
  for (let i = lengths.length - 1; i >= 0 && left > 0; i--) {
    const length = lengths[i]!;
    if (length > left + 1e-6) {
      split(lengths, caps, limits, i, length - left);
      caps[i + 1] = Math.min(caps[i + 1]!, speed);
      return;
    }
    caps[i] = Math.min(caps[i]!, speed);
    left -= length;
  }
}

function slowTheStart(
  lengths: number[],
  caps: number[],
  limits: Junction[],
  metres: number,
  speed: number,
): void {
  if (lengths[0]! > metres) split(lengths, caps, limits, 0, metres);
  caps[0] = Math.min(caps[0]!, speed);
}

/** Cuts piece i in two that ask the same of a driver. */
function split(lengths: number[], caps: number[], limits: Junction[], i: number, at: number): void {
  lengths.splice(i, 1, at, lengths[i]! - at);
  caps.splice(i, 0, caps[i]!);
  limits.splice(i + 1, 0, { speedMax: Number.POSITIVE_INFINITY, pause: 0 });
}

type Course = {
  readonly lengths: readonly number[];
  readonly caps: readonly number[];
  /** At the start of piece i; the last one is the end. */
  readonly limits: readonly Junction[];
  readonly style: Style;
  readonly temper: Temper | undefined;
};

/** The speed at each end of the pieces: as fast as limits, caps and ordinary acceleration allow. */
function endSpeeds({ lengths, caps, limits, style }: Course): number[] {
  const count = lengths.length;
  const speeds = limits.map(({ speedMax }, i) =>
    Math.min(speedMax, caps[i] ?? Number.POSITIVE_INFINITY, caps[i - 1] ?? Number.POSITIVE_INFINITY),
  );
  for (let i = 0; i < count; i++)
    speeds[i + 1] = Math.min(
      speeds[i + 1]!,
      Math.sqrt(speeds[i]! ** 2 + 2 * style.acceleration * lengths[i]!),
    );
  for (let i = count; i > 0; i--)
    speeds[i - 1] = Math.min(
      speeds[i - 1]!,
      Math.sqrt(speeds[i]! ** 2 + 2 * style.braking * lengths[i - 1]!),
    );
  return speeds;
}

function motionThrough(course: Course): Motion {
  const { lengths, caps, limits, temper } = course;
  const { acceleration: a, braking: b } = course.style;
  const count = lengths.length;
  const speeds = endSpeeds(course);
  const deeds: Deed[] = [];
  const motion = { t: [0], s: [0], v: [0], deeds };
  let [t, s] = [0, 0];
  const knot = (seconds: number, metres: number, speed: number): void => {
    if (seconds <= 1e-9) return;
    t += seconds;
    s += metres;
    motion.t.push(t);
    motion.s.push(s);
    motion.v.push(speed);
  };
  if (limits[0]!.pause > 0) knot(limits[0]!.pause, 0, 0);
  for (let i = 0; i < count; i++) {
    const [from, until, length] = [speeds[i]!, speeds[i + 1]!, lengths[i]!];
    // Where accelerating from one end meets braking to the other.
    const meeting = Math.sqrt((2 * a * b * length + b * from ** 2 + a * until ** 2) / (a + b));
    const top = Math.max(from, until, Math.min(caps[i]!, meeting));
    // Who is harsh gets there sooner, and brakes later: between the two it cruises for longer.
    const faster = temper?.pullingAway(top - from) ?? a;
    const harder = temper?.braking(top - until) ?? b;
    const speedUp = (top ** 2 - from ** 2) / (2 * faster);
    const slowDown = (top ** 2 - until ** 2) / (2 * harder);
    const cruise = Math.max(0, length - speedUp - slowDown);
    const startedAt = t;
    knot((top - from) / faster, speedUp, top);
    if (faster !== a) deeds.push(temper!.deed('harsh_acceleration', startedAt, t, faster));
    if (top >= FAST_FROM) deeds.push({ kind: 'speeding', from: t, until: t + cruise / top, value: top });
    knot(cruise / Math.max(top, 0.1), cruise, top);
    const brakesAt = t;
    knot((top - until) / harder, slowDown, until);
    if (harder !== b) deeds.push(temper!.deed('harsh_braking', brakesAt, t, harder));
    const { pause, harshTurn } = limits[i + 1]!;
    const turning = harshTurn === undefined ? undefined : cornerG(until, harshTurn, t);
    if (turning !== undefined) deeds.push(turning);
    if (pause > 0) knot(pause, 0, until);
  }
  return motion;
}

/** The line of a path, [lng, lat] each, with metres from its start. */
export type Line = { readonly lng: number[]; readonly lat: number[]; readonly d: number[] };

export function lineOf(graph: Graph, path: Path): Line {
  const line: Line = { lng: [], lat: [], d: [] };
  const last = path.edges.length - 1;
  for (const [i, edge] of path.edges.entries()) {
    const from = i === 0 ? path.from.offset : 0;
    const until = i === last ? path.to.offset : graph.length[edge]!;
    appendPiece(line, graph, edge, from, until);
  }
  return line;
}

function appendPiece(line: Line, graph: Graph, edge: number, from: number, until: number): void {
  const [first, last] = [graph.shapeFirst[edge]!, graph.shapeFirst[edge + 1]! - 1];
  const base = line.d.at(-1) ?? 0;
  const add = (lng: number, lat: number, offset: number): void => {
    const d = base + (offset - from);
    if (line.d.length > 0 && d - line.d.at(-1)! < 1e-6) return;
    line.lng.push(lng);
    line.lat.push(lat);
    line.d.push(d);
  };
  let along = 0;
  for (let i = first; i < last; i++) {
    const [lng, lat, nextLng, nextLat] = [
      graph.shapeLng[i]!,
      graph.shapeLat[i]!,
      graph.shapeLng[i + 1]!,
      graph.shapeLat[i + 1]!,
    ];
    const piece = distanceOf(lng, lat, nextLng, nextLat);
    const at = (offset: number) => {
      const share = piece === 0 ? 0 : (offset - along) / piece;
      add(lng + (nextLng - lng) * share, lat + (nextLat - lat) * share, offset);
    };
    if (along + piece >= from && along <= until) {
      at(Math.max(from, along));
      at(Math.min(until, along + piece));
    }
    along += piece;
  }
}
