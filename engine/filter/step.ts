import { METRES_PER_DEGREE } from '../../schemas/position.ts';
import { radiansFromDegrees } from '../../schemas/units.ts';
import type { Observation } from '../vehicle-state.ts';
import { filterPolicy } from './policy.ts';

export type Place = { readonly lng: number; readonly lat: number };

/**
 * Metres between two places as a plane has them: 0.1 % short of the sphere's over 50 km, and large
 * wherever those are, which is all a filter asks.
 */
export function metresBetween(a: Place, b: Place): number {
  return Math.hypot(eastOf(a, b), northOf(a, b));
}

/** Metres east of `a` that `b` is, the shorter way round. */
export function eastOf(a: Place, b: Place): number {
  let degrees = b.lng - a.lng;
  if (degrees > 180) degrees -= 360;
  else if (degrees < -180) degrees += 360;
  return degrees * METRES_PER_DEGREE * Math.cos(radiansFromDegrees((a.lat + b.lat) / 2));
}

export function northOf(a: Place, b: Place): number {
  return (b.lat - a.lat) * METRES_PER_DEGREE;
}

/** Whether a van can have come from one place to the other in the time between. */
export function isReachable(
  from: { readonly at: number; readonly lng: number; readonly lat: number },
  to: { readonly at: number; readonly lng: number; readonly lat: number },
): boolean {
  const { noise, speedMax } = filterPolicy;
  return metresBetween(from, to) - noise <= speedMax * Math.max(1, to.at - from.at);
}

/** Metres driven between two fixes by the speeds they say; undefined where one says none. */
export function drivenBetween(a: Observation, b: Observation): number | undefined {
  if (a.speed === undefined || b.speed === undefined) return undefined;
  return ((a.speed + b.speed) / 2) * (b.at - a.at);
}
