import type { Observation } from '../vehicle-state.ts';
import { filterPolicy } from './policy.ts';

/**
 * Whether a fix says the last good position again, to the last digit, and that the vehicle moves: noise
 * alone would have changed a digit, so nothing was measured. One that says it stands may be right, since
 * some receivers hold their position at rest.
 */
export function isStaleRepeat(good: Observation, fix: Observation): boolean {
  if (fix.lng !== good.lng || fix.lat !== good.lat || fix.speed === undefined) return false;
  const { staleMetres, staleSpeed } = filterPolicy;
  return fix.speed >= staleSpeed && fix.speed * (fix.at - good.at) >= staleMetres;
}
