import type { HaltState } from '../trip/halt.ts';
import type { Observation } from '../vehicle-state.ts';
import { filterPolicy } from './policy.ts';
import { metresBetween } from './step.ts';

/**
 * Whether a fix wanders off from where the vehicle stands with its ignition off: a receiver under a roof.
 * Judged by where the halt was first seen, since a mean would wander along. By speed alone it cannot be
 * told from a van that went on to the next door between two fixes.
 */
export function isParkedDrift(halt: HaltState | null, lastAt: number, fix: Observation): boolean {
  if (fix.ignition !== false || halt === null || halt.shown === null || halt.isOff !== true) return false;
  const { driftMetres, driftAccuracy, driftSeconds, accuracy } = filterPolicy;
  if (fix.at - lastAt > driftSeconds) return false;
  const reach = Math.max(driftMetres, driftAccuracy * Math.max(fix.accuracy ?? accuracy, halt.accuracy ?? 0));
  return metresBetween(halt.shown, fix) > reach;
}
