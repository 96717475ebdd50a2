import { distanceOf, type Frame, frame as frameAt, type Position } from '../../schemas/position.ts';
import { degreesFromRadians, radiansFromDegrees } from '../../schemas/units.ts';
import { CORNER_RADIUS } from './temper.ts';

/**
 * Where a van truly is at every instant of its day, exact between its knots.
 *
 *   knot    t instant, s metres driven, v m/s: constant acceleration between two
 *   vertex  d metres driven, lng, lat degrees: straight between two
 *
 * Behind its last knot a van stands where it is.
 */
export type Track = {
  readonly t: Column;
  readonly s: Column;
  readonly v: Column;
  readonly d: Column;
  readonly lng: Column;
  readonly lat: Column;
};

/** Packed once the day is over, growing until then. */
export type Column = Float64Array | readonly number[];

export type Whereabouts = Position & {
  /** m/s. */
  readonly speed: number;
  /** Degrees clockwise from north; that of the last movement while standing. */
  readonly heading: number;
  /** Metres driven since the track began. */
  readonly driven: number;
};

/** Reads a track at instants; cheapest when each is later than the one before. */
export function openTrackReader(track: Track): (at: number) => Whereabouts {
  const { t, s, v, d, lng, lat } = track;
  let knot = 0;
  let vertex = 0;
  let heading = 0;
  return (at) => {
    if (knot > 0 && at < t[knot]!) knot = 0;
    while (knot + 2 < t.length && t[knot + 1]! <= at) knot++;
    const next = Math.min(knot + 1, t.length - 1);
    const span = t[next]! - t[knot]!;
    const since = Math.max(0, Math.min(span, at - t[knot]!));
    const acceleration = span > 0 ? (v[next]! - v[knot]!) / span : 0;
    const metres = s[knot]! + v[knot]! * since + (acceleration * since * since) / 2;
    const driven = Math.max(s[knot]!, Math.min(s[next]!, metres));
    if (vertex > 0 && driven < d[vertex]!) vertex = 0;
    while (vertex + 2 < d.length && d[vertex + 1]! <= driven) vertex++;
    const ahead = Math.min(vertex + 1, d.length - 1);
    const piece = d[ahead]! - d[vertex]!;
    const share = piece > 0 ? Math.max(0, Math.min(1, (driven - d[vertex]!) / piece)) : 0;
    const here = {
      lng: lng[vertex]! + (lng[ahead]! - lng[vertex]!) * share,
      lat: lat[vertex]! + (lat[ahead]! - lat[vertex]!) * share,
    };
    heading = chordBehind(track, vertex, driven, here) ?? towards(track, vertex, ahead) ?? heading;
    return {
      ...here,
      speed: Math.max(0, v[knot]! + acceleration * since),
      heading,
      driven,
    };
  };
}

/** Degrees from north of a way in degrees; undefined where there is none. */
function direction(lng: number, lat: number, toLng: number, toLat: number): number | undefined {
  const east = (toLng - lng) * Math.cos(radiansFromDegrees(lat));
  const north = toLat - lat;
  if (east === 0 && north === 0) return undefined;
  return (degreesFromRadians(Math.atan2(east, north)) + 360) % 360;
}

const towards = ({ lng, lat }: Track, from: number, to: number): number | undefined =>
  direction(lng[from]!, lat[from]!, lng[to]!, lat[to]!);

/**
 * Where a van points just behind a corner: lines turn at once, but vans go round on a circle, and
 * receivers tell the course of the way behind. So the heading is the chord of the last 2 · CORNER_RADIUS
 * metres, which turns by tan(half the corner) / CORNER_RADIUS per metre in the middle of them. Undefined on the
 * straight, and where the van turned round.
 */
function chordBehind(
  { d, lng, lat }: Track,
  vertex: number,
  driven: number,
  here: Position,
): number | undefined {
  const from = driven - 2 * CORNER_RADIUS;
  if (from >= d[vertex]! || from <= d[0]!) return undefined;
  let i = vertex;
  while (i > 0 && from < d[i]!) i--;
  const piece = d[i + 1]! - d[i]!;
  const share = piece > 0 ? (from - d[i]!) / piece : 0;
  const [startLng, startLat] = [
    lng[i]! + (lng[i + 1]! - lng[i]!) * share,
    lat[i]! + (lat[i + 1]! - lat[i]!) * share,
  ];
  if (distanceOf(startLng, startLat, here.lng, here.lat) < CHORD_MIN) return undefined;
  return direction(startLng, startLat, here.lng, here.lat);
}

/** A shorter one was turned round on, or is of a hairpin, metres. */
const CHORD_MIN = 1.2 * CORNER_RADIUS;

/** Puts a track together from what happens one after another. */
export type TrackBuilder = {
  readonly now: () => number;
  readonly wait: (seconds: number) => void;
  /** Adds a movement (t and s from 0) along a line (d from 0) that starts where the van stands. */
  readonly move: (
    motion: { readonly t: readonly number[]; readonly s: readonly number[]; readonly v: readonly number[] },
    line: { readonly lng: readonly number[]; readonly lat: readonly number[]; readonly d: readonly number[] },
  ) => void;
  readonly driven: () => number;
  /**
   * Where the van next stands still at or after an instant, before the track ends; forgets what comes
   * after. Undefined, and nothing forgotten, where it never does.
   */
  readonly cut: (at: number) => { readonly driven: number } | undefined;
  /** The growing columns. */
  readonly live: Track;
  readonly build: () => Track;
};

export function openTrackBuilder(at: number, start: Position): TrackBuilder {
  const knots = { t: [at], s: [0], v: [0] };
  const vertices = { d: [0], lng: [start.lng], lat: [start.lat] };
  const now = () => knots.t.at(-1)!;
  const driven = () => knots.s.at(-1)!;
  const wait = (seconds: number): void => {
    if (seconds <= 0) return;
    knots.t.push(now() + seconds);
    knots.s.push(driven());
    knots.v.push(0);
  };
  const cut = (at: number) => {
    const knot = knots.t.findIndex((t, i) => t >= at && knots.v[i] === 0);
    if (knot < 0 || knot === knots.t.length - 1) return undefined;
    const reached = knots.s[knot]!;
    const { lng, lat } = openTrackReader({ ...knots, ...vertices })(knots.t[knot]!);
    for (const column of Object.values(knots)) column.length = knot + 1;
    let last = vertices.d.length;
    while (last > 0 && vertices.d[last - 1]! >= reached) last--;
    for (const column of Object.values(vertices)) column.length = last;
    vertices.d.push(reached);
    vertices.lng.push(lng);
    vertices.lat.push(lat);
    return { driven: reached };
  };
  return {
    now,
    driven,
    wait,
    cut,
    live: { ...knots, ...vertices },
    move: (motion, line) => {
      const [t, s] = [now(), driven()];
      for (let i = 1; i < motion.t.length; i++) {
        knots.t.push(t + motion.t[i]!);
        knots.s.push(s + motion.s[i]!);
        knots.v.push(motion.v[i]!);
      }
      for (let i = 0; i < line.d.length; i++) {
        vertices.d.push(s + line.d[i]!);
        vertices.lng.push(line.lng[i]!);
        vertices.lat.push(line.lat[i]!);
      }
    },
    build: () => ({
      t: Float64Array.from(knots.t),
      s: Float64Array.from(knots.s),
      v: Float64Array.from(knots.v),
      d: Float64Array.from(vertices.d),
      lng: Float64Array.from(vertices.lng),
      lat: Float64Array.from(vertices.lat),
    }),
  };
}

/** How hard a yard is crossed, m/s². */
const CREEP = 1.2;

/** A straight drive of a few metres at walking pace, as in a yard. */
export function creep(from: Position, to: Position) {
  const plane: Frame = frameAt(from);
  const metres = Math.hypot(plane.x(to.lng), plane.y(to.lat));
  const seconds = Math.max(1, metres / 2.5, Math.sqrt((4 * metres) / CREEP));
  return {
    // Speeds up for the first half, slows down for the second: twice the mean in the middle.
    motion: { t: [0, seconds / 2, seconds], s: [0, metres / 2, metres], v: [0, (2 * metres) / seconds, 0] },
    line: { lng: [from.lng, to.lng], lat: [from.lat, to.lat], d: [0, metres] },
    metres,
  };
}
