import type { Observation } from '../vehicle-state.ts';
import { isReachable } from './step.ts';

/**
 * Whether a place out of reach is within reach once a sign is put back: north and south, east and west,
 * or both exchanged.
 */
export function isMirrored(good: Observation, { at, lng, lat }: Observation): boolean {
  return (
    isReachable(good, { at, lng: -lng, lat }) ||
    isReachable(good, { at, lng, lat: -lat }) ||
    isReachable(good, { at, lng: -lng, lat: -lat })
  );
}
