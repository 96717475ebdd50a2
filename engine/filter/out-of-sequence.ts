import type { Observation, VehicleState } from '../vehicle-state.ts';
import { filterPolicy } from './policy.ts';

/** Whether two neighbours in time are so by the device's own count, or cannot be compared by it. */
export function isNextInSequence(good: Observation, fix: Observation): boolean {
  if (good.key < 0 || fix.key < 0 || good.deviceId !== fix.deviceId) return true;
  return fix.key - good.key === 1;
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

/** Fixes one after another that do not fit the count of those before them, and follow one another. */
export type Stray = { readonly key: number; readonly count: number };

/** The stray fixes with one more. */
export function strayed(stray: Stray | null | undefined, { key }: Observation): Stray {
  const isNext = stray && key > stray.key && key - stray.key <= filterPolicy.seqGap;
  return { key, count: isNext ? stray.count + 1 : 1 };
}

/**
 * Whether a fix's count cannot follow the one before it: it ran on faster than the device ever counts, or
 * fell back without beginning anew. Where several fixes of a wrong clock stand between two good ones, none
 * has good neighbours on both sides. So many that follow one another are believed after all.
 */
export function isStray({ good, stray, period }: VehicleState, fix: Observation): boolean {
  if (good === null || good.key < 0 || fix.key < 0 || good.deviceId !== fix.deviceId) return false;
  const { seqGap, seqHurry, seqAnew, strayCount } = filterPolicy;
  const step = fix.key - good.key;
  const isHurried = step > seqGap && fix.at - good.at < seqHurry * step * (period ?? 0);
  const isBack = step <= 0 && fix.key > seqAnew;
  return (isHurried || isBack) && strayed(stray, fix).count < strayCount;
}

/** Seconds for each count of the device, at its quickest of late: a parked van reports seldom. */
export function periodAfter(period: number | undefined, good: Observation | null, fix: Observation) {
  if (good === null || good.key < 0 || good.deviceId !== fix.deviceId) return period;
  const step = fix.key - good.key;
  if (step <= 0 || step > filterPolicy.seqGap || fix.at <= good.at) return period;
  return Math.min((period ?? Number.POSITIVE_INFINITY) * 1.02, (fix.at - good.at) / step);
}
