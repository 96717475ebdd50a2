import type { Doubt, Observation } from '../vehicle-state.ts';
import { filterPolicy } from './policy.ts';
import { isReachable, metresBetween } from './step.ts';

/**
 * The doubt after one more fix at a place the vehicle cannot have reached: places that agree with one
 * another are one story, which may be the truth after all.
 */
export function doubted(doubt: Doubt | null, { at, lng, lat }: Observation): Doubt {
  const isSame = doubt !== null && isReachable(doubt, { at, lng, lat });
  return {
    count: isSame ? doubt.count + 1 : 1,
    since: isSame ? (doubt.since ?? doubt.at) : at,
    at,
    lng,
    lat,
  };
}

/**
 * Whether a fix goes on with the story of the doubt rather than with the good one: with time the
 * vehicle can have reached any place, but not by being where it cannot have been.
 */
export function isOfDoubt(doubt: Doubt, good: Observation, fix: Observation): boolean {
  return isReachable(doubt, fix) && metresBetween(doubt, fix) < metresBetween(good, fix) / 2;
}

/**
 * Whether the story of the doubt is now believed over the one before it, which began at `since`: whoever
 * was wrong, the vehicle is found again. A first fix that was wrong is outvoted soon.
 */
export function isBelieved(
  { count, since, at }: Doubt,
  good: Observation,
  goodSince: number,
  isFlipped: boolean,
): boolean {
  const { resyncCount, resyncSeconds, flipSeconds } = filterPolicy;
  if (count < resyncCount) return false;
  const story = good.at - goodSince;
  const patience = story < resyncSeconds ? story : isFlipped ? flipSeconds : resyncSeconds;
  return at - (since ?? at) >= patience;
}
