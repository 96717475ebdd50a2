import type { Crossing } from '../../schemas/event.ts';
import { distanceOf } from '../../schemas/position.ts';
import { fleetPlace } from './fence-grid.ts';
import {
  candidates,
  containing,
  depth,
  FACTS,
  type FencePack,
  indexOf,
  isTouched,
  PARAMS,
} from './fence-pack.ts';
import { isOpen } from './schedule.ts';

/** Where a vehicle was at one good fix. */
export type Point = { readonly at: number; readonly lng: number; readonly lat: number };

/**
 * Where a vehicle stands to one fence; a fence it is plainly outside of has none. A *run* is the
 * stretch of fixes that contradict `inside` by more than the margin: once long enough it becomes a
 * crossing, stamped with its first fix.
 */
export type Standing = {
  readonly fenceId: number;
  readonly inside: boolean;
  /** Instant of the enter; null when the vehicle was inside as its data began. */
  readonly since: number | null;
  readonly run: Run | null;
};

type Run = {
  readonly from: number;
  readonly last: number;
  /** Seconds by which the truth may precede the first fix of the run, on average. */
  readonly lead: number;
};

/** A pass is judged only between fixes this near: what lies between is otherwise unknown. */
const PASS_SECONDS = 120;
const PASS_METRES = 3000;
/** The fences that hold the fix in hand. */
const holders = new Int32Array(4096);

/** Half a gap counts towards the length of a run, up to this many seconds. */
const LEAD_MAX = 15;

/**
 * Advances every fence near the step from `before` to `fix`, and says what was crossed. Event time
 * only, so it does not matter when a fix arrived.
 */
export function cross(
  standings: readonly Standing[],
  {
    before,
    fix,
    vehicleId,
    fleetId,
  }: { before: Point | null; fix: Point; vehicleId: number; fleetId: number },
  pack: FencePack,
  crossings: Crossing[],
): readonly Standing[] {
  const isStep =
    before !== null &&
    fix.at - before.at <= PASS_SECONDS &&
    distanceOf(before.lng, before.lat, fix.lng, fix.lat) <= PASS_METRES;
  const from = isStep ? before : fix;
  const near = candidates(pack, fleetId, {
    west: Math.min(from.lng, fix.lng),
    south: Math.min(from.lat, fix.lat),
    east: Math.max(from.lng, fix.lng),
    north: Math.max(from.lat, fix.lat),
  });
  if (near.length === 0 && standings.length === 0) return standings;

  const next: Standing[] = [];
  const held = containing(pack, fleetPlace(pack.grid, fleetId), fix.lng, fix.lat, holders);
  const lead = before === null ? 0 : Math.min(LEAD_MAX, (fix.at - before.at) / 2);
  for (const i of near) {
    const fenceId = pack.facts[i * FACTS]!;
    const standing = standings.find((known) => known.fenceId === fenceId);
    const isThere = isOn(pack, i, fix.at);
    const inside = isThere && isAmong(i, held);
    if (!standing) {
      if (!inside) {
        if (!isThere) continue;
        const line = { ax: from.lng, ay: from.lat, bx: fix.lng, by: fix.lat };
        if (isStep && isTouched(pack, i, line)) {
          crossings.push({ vehicleId, fenceId, kind: 'pass', at: fix.at });
        }
        continue;
      }
      // Inside as the data begins: nobody saw it enter.
      if (before === null) {
        next.push({ fenceId, inside, since: null, run: null });
        continue;
      }
    }
    const outside = standing ?? { fenceId, inside: false, since: null, run: null };
    advance(outside, { i, inside, isThere, fix, lead, vehicleId }, pack, next, crossings);
  }
  for (const standing of standings) {
    if (near.some((i) => pack.facts[i * FACTS] === standing.fenceId)) continue;
    const i = indexOf(pack, standing.fenceId);
    // A fence that is no more is forgotten.
    if (i < 0) continue;
    const isThere = isOn(pack, i, fix.at);
    advance(standing, { i, inside: false, isThere, fix, lead, vehicleId }, pack, next, crossings);
  }
  return next;
}

/** Whether fence `i` is there at an instant: outside of its hours nobody is inside. */
function isOn({ schedules }: FencePack, i: number, at: number): boolean {
  if (schedules.size === 0) return true;
  const schedule = schedules.get(i);
  return schedule === undefined || isOpen(schedule, at);
}

function isAmong(i: number, held: number): boolean {
  for (let k = 0; k < held; k++) if (holders[k] === i) return true;
  return false;
}

type Sight = {
  readonly i: number;
  readonly inside: boolean;
  /** Whether these are the fence's hours; when they end, no margin keeps anybody inside. */
  readonly isThere: boolean;
  readonly fix: Point;
  readonly lead: number;
  readonly vehicleId: number;
};

function advance(
  standing: Standing,
  sight: Sight,
  pack: FencePack,
  next: Standing[],
  crossings: Crossing[],
): void {
  const { i, inside, fix, lead } = sight;
  const { run } = standing;
  const margin = sight.isThere ? pack.params[i * PARAMS + (standing.inside ? 2 : 1)]! : 0;
  const least = pack.params[i * PARAMS + (standing.inside ? 4 : 3)]!;
  const isContrary =
    inside !== standing.inside && (margin <= 0 || Math.abs(depth(pack, i, fix.lng, fix.lat)) >= margin);
  if (!isContrary && run === null) {
    if (standing.inside) next.push(standing);
    return;
  }
  if (isContrary) {
    const grown: Run = { from: run?.from ?? fix.at, last: fix.at, lead: run?.lead ?? lead };
    if (grown.last - grown.from >= least) confirm(standing, grown, sight.vehicleId, next, crossings);
    else next.push({ ...standing, run: grown });
    return;
  }
  // The run ended before it was confirmed. Between fixes it may have been longer than the fixes show:
  // half a gap at each end is the expected rest.
  if (run && run.last - run.from + run.lead + lead >= least) {
    const turned: Standing[] = [];
    confirm(standing, run, sight.vehicleId, turned, crossings);
    const flipped = turned[0] ?? { ...standing, inside: !standing.inside, since: null, run: null };
    advance(flipped, sight, pack, next, crossings);
    return;
  }
  if (standing.inside) next.push({ ...standing, run: null });
}

function confirm(
  { fenceId, inside, since }: Standing,
  { from }: Run,
  vehicleId: number,
  next: Standing[],
  crossings: Crossing[],
): void {
  if (inside) {
    const dwell = since === null ? undefined : from - since;
    crossings.push({ vehicleId, fenceId, kind: 'exit', at: from, dwell });
  } else {
    crossings.push({ vehicleId, fenceId, kind: 'enter', at: from });
    next.push({ fenceId, inside: true, since: from, run: null });
  }
}

/** What the standings may still turn into: crossings stamped before the next fix. */
export function pendingCrossings(
  standings: readonly Standing[],
): { fenceId: number; kind: string; at: number }[] {
  return standings.flatMap(({ fenceId, inside, run }) =>
    run === null ? [] : [{ fenceId, kind: inside ? 'exit' : 'enter', at: run.from }],
  );
}
