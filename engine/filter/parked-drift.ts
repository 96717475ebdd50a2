import type { HaltState } from '../trip/halt.ts';
import type { Observation } from '../vehicle-state.ts';
import { filterPolicy } from './policy.ts';
import { metresBetween, type Place } from './step.ts';

/**
 * Whether a fix wanders off from where the vehicle stands with its ignition off: a receiver under a roof.
 * Judged by where the halt was first seen, since a mean would wander along. By speed alone it cannot be
 * told from a van that went on to the next door between two fixes: when the last good fix is away already,
 * it did.
 */
export function isParkedDrift(
  halt: HaltState | null,
  lastAt: number,
  good: Observation,
  fix: Observation,
): boolean {
  if (fix.ignition !== false || halt === null || halt.shown === null || halt.isOff !== true) return false;
  if (fix.at - lastAt > filterPolicy.driftSeconds) return false;
  return isAway(halt.shown, halt, fix) && !isAway(halt.shown, halt, good);
}

function isAway(shown: Place, halt: HaltState, { lng, lat, accuracy }: Observation): boolean {
  const { driftMetres, driftAccuracy, accuracy: ordinary } = filterPolicy;
  const reach = Math.max(driftMetres, driftAccuracy * Math.max(accuracy ?? ordinary, halt.accuracy ?? 0));
  return metresBetween(shown, { lng, lat }) > reach;
}
