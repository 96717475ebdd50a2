import type { Observation } from '../vehicle-state.ts';
import { filterPolicy } from './policy.ts';

/** Whether two neighbours in time are so by the device's own count, or cannot be compared by it. */
export function isNextInSequence(good: Observation, fix: Observation): boolean {
  if (good.key < 0 || fix.key < 0 || good.deviceId !== fix.deviceId) return true;
  const step = fix.key - good.key;
  return step > 0 && step <= filterPolicy.seqGap;
}

/**
 * Whether the neighbours in time follow one another in the device's count and the fix between them
 * belongs elsewhere: its clock was wrong. A device that started anew goes on from its new count, and is
 * not taken for that; fixes of two devices of one vehicle are not compared.
 */
export function isOutOfSequence(before: Observation, fix: Observation, after: Observation): boolean {
  if (before.key < 0 || fix.key < 0 || after.key < 0) return false;
  if (before.deviceId !== fix.deviceId || fix.deviceId !== after.deviceId) return false;
  const step = after.key - before.key;
  return step > 0 && step <= filterPolicy.seqGap && (fix.key < before.key || fix.key > after.key);
}
