import { fixFlags } from '../../schemas/reasons.ts';
import type { Observation, VehicleState } from '../vehicle-state.ts';
import { doubted, isBelieved, isOfDoubt } from './implausible-speed.ts';
import { isNextInSequence, isOutOfSequence, isStray } from './out-of-sequence.ts';
import { isParkedDrift } from './parked-drift.ts';
import { isMirrored } from './sign-flip.ts';
import { isOffMotion, isSpike } from './spike.ts';
import { isStaleRepeat } from './stale-repeat.ts';
import { isReachable } from './step.ts';

/** The verdict on a fix that only the next one can settle. */
export const HELD = -1;

/**
 * What the fixes before it say about a fix: 0 is good, bits of `fixFlags` are not, and `HELD` is a fix
 * that may be a spike or have a wrong clock. It is not used for conclusions until the next fix has come,
 * and only then flagged, if at all: so nothing is concluded that has to be taken back, and what follows
 * from an ordinary fix is said at once.
 */
export function judge({ last, good, since, doubt, halt }: VehicleState, fix: Observation): number {
  if (good === null) return 0;
  if (!isReachable(good, fix) || (doubt !== null && isOfDoubt(doubt, good, fix) && isOffMotion(good, fix))) {
    const isFlipped = isMirrored(good, fix);
    if (isBelieved(doubted(doubt, fix), good, since ?? good.at, isFlipped)) return 0;
    return isFlipped ? fixFlags.sign_flip : fixFlags.implausible_speed;
  }
  if (isStaleRepeat(good, fix)) return fixFlags.stale_repeat;
  if (isParkedDrift(halt, last?.at ?? good.at, good, fix)) return fixFlags.parked_drift;
  if (!isNextInSequence(good, fix) || isOffMotion(good, fix)) return HELD;
  return 0;
}

/** What a fix's neighbours on both sides say about it; 0 is good. `fix` was held, `good` is before it. */
export function judgeHeld(
  state: VehicleState,
  good: Observation,
  fix: Observation,
  after: Observation,
): number {
  if (isOutOfSequence(good, fix, after) || isStray(state, fix)) return fixFlags.out_of_sequence;
  return isSpike(good, fix, after) ? fixFlags.spike : 0;
}
