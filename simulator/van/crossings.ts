import { defaultFencePolicy, type FencePolicy } from '../../schemas/fence.ts';
import type { PlanDocument } from '../../schemas/plan.ts';
import type { Frame } from '../../schemas/position.ts';
import { type Area, areaOf, openLookup } from '../city/shapes.ts';
import { openTrackReader, type Track } from './track.ts';

export type CrossingTruth = {
  readonly vehicle: string;
  readonly set: string;
  readonly fence: string;
  readonly kind: 'enter' | 'exit';
  readonly at: number;
  /**
   * False where the answer hangs on less than a device can tell: a border moved by the noise, or a
   * stay shortened by two reports, would give another one. Such a crossing counts neither way.
   */
  readonly isSure: boolean;
};

export type CrossingLookup = {
  readonly frame: Frame;
  readonly fences: PlanDocument['fences'];
  readonly areas: readonly Area[];
  readonly near: (x: number, y: number) => readonly number[];
};

/** Beyond this from a border nothing is pending: a second of motorway plus every margin, metres. */
const FAR = 90;
/** Twice the usual GPS error, metres. */
const NOISE = 10;
/** Crossings of two readings of one track are the same when this close, seconds. */
const SAME = 45;

export function openCrossings(fences: PlanDocument['fences'], frame: Frame): CrossingLookup {
  const areas = fences.map(({ shape }) => areaOf(shape, frame));
  return { frame, fences, areas, near: openLookup(areas, FAR) };
}

/** Distance of one van to one border at an instant. */
type Sighting = { readonly at: number; readonly distance: number };

/**
 * Enters and exits of one van by the default policy, from its true path. The path is read once a
 * second while it moves, which no stay that counts falls through. Where the van is when the day
 * begins is no enter.
 */
export function crossingsOf(
  day: { readonly vehicle: string; readonly track: Track },
  lookup: CrossingLookup,
  intervalSeconds: number,
): CrossingTruth[] {
  const slack = 2 * intervalSeconds + 2;
  return [...sightingsByFence(day.track, lookup)].flatMap(([index, sightings]) => {
    const { set, name: fence } = lookup.fences[index]!;
    const base = changes(sightings, defaultFencePolicy, 0);
    const others = variants(slack).map(({ policy, shift }) => changes(sightings, policy, shift));
    const isIn = (list: readonly Change[], { kind, at }: Change) =>
      list.some((other) => other.kind === kind && Math.abs(other.at - at) < SAME);
    const possible = others.flat().filter((change) => !isIn(base, change));
    const only = possible.filter((change, i) => !isIn(possible.slice(0, i), change));
    return [
      ...base.map((change) => ({ ...change, isSure: others.every((list) => isIn(list, change)) })),
      ...only.map((change) => ({ ...change, isSure: false })),
    ]
      .sort((a, b) => a.at - b.at)
      .map(({ kind, at, isSure }) => ({
        vehicle: day.vehicle,
        set,
        fence,
        kind,
        at: Math.round(at * 1000) / 1000,
        isSure,
      }));
  });
}

function variants(slack: number): { policy: FencePolicy; shift: number }[] {
  const policy = defaultFencePolicy;
  const times = [-slack, slack].map((seconds) => ({
    policy: {
      ...policy,
      minInside: Math.max(0, policy.minInside + seconds),
      minOutside: Math.max(0, policy.minOutside + seconds),
    },
    shift: 0,
  }));
  return [...times, { policy, shift: NOISE }, { policy, shift: -NOISE }];
}

function sightingsByFence(track: Track, { frame, areas, near }: CrossingLookup): Map<number, Sighting[]> {
  const byFence = new Map<number, Sighting[]>();
  const where = openTrackReader(track);
  let active: readonly number[] = [];
  const see = (at: number): void => {
    const { lng, lat } = where(at);
    const [x, y] = [frame.x(lng), frame.y(lat)];
    const candidates = near(x, y);
    for (const index of candidates) {
      const sightings = byFence.get(index) ?? [];
      if (sightings.length === 0) byFence.set(index, sightings);
      sightings.push({ at, distance: areas[index]!.signedDistance(x, y) });
    }
    for (const index of active) {
      if (!candidates.includes(index)) byFence.get(index)!.push({ at, distance: FAR });
    }
    active = candidates;
  };
  const { t, s } = track;
  see(t[0]!);
  for (let knot = 0; knot + 1 < t.length; knot++) {
    const [from, until] = [t[knot]!, t[knot + 1]!];
    const steps = s[knot] === s[knot + 1] ? 1 : Math.max(1, Math.ceil(until - from));
    for (let step = 1; step <= steps; step++) see(from + ((until - from) * step) / steps);
  }
  // What was left pending behind the last fence border is decided by the end of the day.
  for (const [index, sightings] of byFence) {
    if (!active.includes(index)) sightings.push({ at: t.at(-1)!, distance: FAR });
  }
  return byFence;
}

type Change = { readonly kind: 'enter' | 'exit'; readonly at: number };

/** The policy's words as a state machine over sightings; `shift` moves the border outwards, metres. */
function changes(sightings: readonly Sighting[], policy: FencePolicy, shift: number): Change[] {
  const found: Change[] = [];
  let isInside = sightings[0]!.distance - shift <= 0;
  let since: number | undefined;
  for (let i = 1; i < sightings.length; i++) {
    const [before, now] = [sightings[i - 1]!, sightings[i]!];
    const border = shift + (isInside ? policy.exitMargin : -policy.enterMargin);
    const isOther = isInside ? now.distance > border : now.distance <= border;
    const minimum = isInside ? policy.minOutside : policy.minInside;
    if (since === undefined) {
      if (isOther) since = instantOf(before, now, border);
      continue;
    }
    const until = isOther ? now.at : instantOf(before, now, border);
    if (until - since >= minimum) {
      found.push({ kind: isInside ? 'exit' : 'enter', at: since });
      isInside = !isInside;
      since = undefined;
      // What this very sighting says of the new state is read against the new border.
      i--;
    } else if (!isOther) since = undefined;
  }
  return found;
}

/** When the distance passed the border between two sightings, taken as changing evenly. */
function instantOf(before: Sighting, now: Sighting, border: number): number {
  const change = now.distance - before.distance;
  if (change === 0) return now.at;
  const share = Math.max(0, Math.min(1, (border - before.distance) / change));
  return before.at + (now.at - before.at) * share;
}
