import { distanceOf } from '../schemas/position.ts';
import { fixFlags } from '../schemas/reasons.ts';
import type { Observation, VehicleState } from './vehicle-state.ts';

/** Beyond what a van drives, m/s. */
const SPEED_MAX = 70;
/** Metres two honest fixes may differ by noise alone. */
const NOISE = 50;
/** Consecutive fixes that agree with one another before they are believed over the last good one. */
const RESYNC_COUNT = 3;

/**
 * What the fixes before it say about a fix: `flags` of a neighbour's judgement (0 is good), and the
 * doubt to remember. Whoever is wrong, the vehicle is found again after three consistent fixes.
 */
export function judge(
  { good, doubt }: VehicleState,
  fix: Observation,
): { readonly flags: number; readonly doubt: VehicleState['doubt'] } {
  if (good === null || isReachable(good, fix)) return { flags: 0, doubt: null };
  const count = doubt !== null && isReachable(doubt, fix) ? doubt.count + 1 : 1;
  if (count >= RESYNC_COUNT) return { flags: 0, doubt: null };
  return { flags: fixFlags.implausible_speed, doubt: { count, at: fix.at, lng: fix.lng, lat: fix.lat } };
}

function isReachable(
  from: { readonly at: number; readonly lng: number; readonly lat: number },
  to: Observation,
): boolean {
  const metres = distanceOf(from.lng, from.lat, to.lng, to.lat) - NOISE;
  return metres <= SPEED_MAX * Math.max(1, to.at - from.at);
}
