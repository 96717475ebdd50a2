import { type Frame, frame as frameAt, type Position } from '../../schemas/position.ts';

/**
 * Where a van truly is at every instant of its day, exact between its knots.
 *
 *   knot    t Float64 instant, s Float64 metres driven, v Float64 m/s: constant acceleration between two
 *   vertex  d Float64 metres driven, lng, lat Float64: straight between two
 */
export type Track = {
  readonly t: Float64Array;
  readonly s: Float64Array;
  readonly v: Float64Array;
  readonly d: Float64Array;
  readonly lng: Float64Array;
  readonly lat: Float64Array;
};

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
    const span = t[knot + 1]! - t[knot]!;
    const since = Math.max(0, Math.min(span, at - t[knot]!));
    const acceleration = span > 0 ? (v[knot + 1]! - v[knot]!) / span : 0;
    const metres = s[knot]! + v[knot]! * since + (acceleration * since * since) / 2;
    const driven = Math.max(s[knot]!, Math.min(s[knot + 1]!, metres));
    if (vertex > 0 && driven < d[vertex]!) vertex = 0;
    while (vertex + 2 < d.length && d[vertex + 1]! <= driven) vertex++;
    const piece = d[vertex + 1]! - d[vertex]!;
    const share = piece > 0 ? Math.max(0, Math.min(1, (driven - d[vertex]!) / piece)) : 0;
    const east = (lng[vertex + 1]! - lng[vertex]!) * Math.cos((lat[vertex]! * Math.PI) / 180);
    const north = lat[vertex + 1]! - lat[vertex]!;
    if (east !== 0 || north !== 0) heading = ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360;
    return {
      lng: lng[vertex]! + (lng[vertex + 1]! - lng[vertex]!) * share,
      lat: lat[vertex]! + (lat[vertex + 1]! - lat[vertex]!) * share,
      speed: Math.max(0, v[knot]! + acceleration * since),
      heading,
      driven,
    };
  };
}

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
  return {
    now,
    driven,
    wait,
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

/** A straight drive of a few metres at walking pace, as in a yard. */
export function creep(from: Position, to: Position) {
  const plane: Frame = frameAt(from);
  const metres = Math.hypot(plane.x(to.lng), plane.y(to.lat));
  const seconds = Math.max(1, metres / 2.5);
  return {
    // Speeds up for the first half, slows down for the second: twice the mean in the middle.
    motion: { t: [0, seconds / 2, seconds], s: [0, metres / 2, metres], v: [0, (2 * metres) / seconds, 0] },
    line: { lng: [from.lng, to.lng], lat: [from.lat, to.lat], d: [0, metres] },
    metres,
  };
}
