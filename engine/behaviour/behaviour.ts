import { type Behaviour, type BehaviourPolicy, speedingFrom } from '../../schemas/behaviour.ts';
import type { Observation } from '../vehicle-state.ts';
import { type Claim, claims } from './harsh.ts';

/** A stretch under way in which something goes on. */
type Run = {
  readonly from: number;
  /** Last instant at which it certainly did. */
  readonly until: number;
  readonly worst: number;
  readonly distance: number;
};

/** What of a driver's doing is not decided yet; null while there is nothing, which is nearly always. */
export type BehaviourState = {
  readonly claims: readonly Claim[];
  readonly speeding: Run | null;
  readonly unbelted: Run | null;
  readonly idling: Run | null;
  readonly parking: Run | null;
};

export type Emit = (behaviour: Omit<Behaviour, 'vehicleId' | 'fixAt' | 'fixKey' | 'policyVersion'>) => void;

/** Fixes further apart say nothing of what was in between, seconds. */
const GAP_SECONDS = 60;
/** Slower than this a van stands, m/s; faster it drives. */
const STANDING = 0.5;
const MOVING = 1.5;
/** Who is unbelted at one light and drives on is so once, seconds. */
const PAUSE_SECONDS = 90;

const calm: BehaviourState = { claims: [], speeding: null, unbelted: null, idling: null, parking: null };

/** Advances by one good fix; `before` is the good fix before it. */
export function behaviourStep(
  state: BehaviourState | null,
  before: Observation | null,
  fix: Observation,
  policy: BehaviourPolicy,
  emit: Emit,
): BehaviourState | null {
  const was = state ?? calm;
  const known = before !== null && fix.at - before.at <= GAP_SECONDS ? before : null;
  const settled = claims(was.claims, known, fix, policy, emit);
  const speeding = speedingRun(was.speeding, known, fix, policy, emit);
  const unbelted = unbeltedRun(was.unbelted, known, fix, policy, emit);
  const idling = idlingRun(was.idling, known, fix, policy, emit);
  const parking = parkingRun(was.parking, known, fix, emit);
  if (speeding === null && unbelted === null && idling === null && parking === null && settled.length === 0)
    return null;
  if (
    speeding === was.speeding &&
    unbelted === was.unbelted &&
    idling === was.idling &&
    parking === was.parking &&
    settled === was.claims
  )
    return state;
  return { claims: settled, speeding, unbelted, idling, parking };
}

function speedingRun(
  run: Run | null,
  before: Observation | null,
  fix: Observation,
  { speedLimit, speedingSeconds }: BehaviourPolicy,
  emit: Emit,
): Run | null {
  const speed = fix.speed ?? 0;
  const least = speedLimit === null ? Number.POSITIVE_INFINITY : speedingFrom(speedLimit);
  const isFast = speed >= least;
  if (run === null) return isFast ? begun(passing(before, fix, least), fix, speed) : null;
  if (isFast && before !== null) return extended(run, fix, speed);
  const until = before === null ? run.until : passing(before, fix, least);
  if (until - run.from >= speedingSeconds && speedLimit !== null) {
    const { from, worst, distance } = run;
    emit({
      ...{ kind: 'speeding', startedAt: from, endedAt: until, value: worst, limit: speedLimit, distance },
      source: 'fixes',
    });
  }
  return isFast ? begun(fix.at, fix, speed) : null;
}

/** When the speed passed `least` between two fixes, taken as changing evenly; whole milliseconds. */
function passing(before: Observation | null, fix: Observation, least: number): number {
  if (before?.speed === undefined || fix.speed === undefined || before.speed === fix.speed) return fix.at;
  const share = Math.max(0, Math.min(1, (least - before.speed) / (fix.speed - before.speed)));
  return Math.round((before.at + (fix.at - before.at) * share) * 1000) / 1000;
}

function unbeltedRun(
  run: Run | null,
  before: Observation | null,
  fix: Observation,
  { unbeltedSpeed }: BehaviourPolicy,
  emit: Emit,
): Run | null {
  const speed = fix.speed ?? 0;
  const isLapse = fix.belt === false && speed > unbeltedSpeed;
  if (run === null) return isLapse ? begun(fix.at, fix, speed) : null;
  if (isLapse && before !== null) return extended(run, fix, speed);
  const goesOn = fix.belt === false && fix.ignition !== false && fix.at - run.until < PAUSE_SECONDS;
  if (goesOn && before !== null) return run;
  const { from, until, worst, distance } = run;
  emit({
    ...{ kind: 'unbelted', startedAt: from, endedAt: until, value: worst, limit: unbeltedSpeed, distance },
    source: 'fixes',
  });
  return isLapse ? begun(fix.at, fix, speed) : null;
}

function idlingRun(
  run: Run | null,
  before: Observation | null,
  fix: Observation,
  { idlingSeconds }: BehaviourPolicy,
  emit: Emit,
): Run | null {
  const { speed } = fix;
  const isIdle = fix.ignition === true && speed !== undefined && speed < STANDING;
  if (run === null) return isIdle ? begun(fix.at, fix, 0) : null;
  // Neither standing nor driving: a receiver's noise.
  if (before !== null && fix.ignition === true && (speed ?? 0) < MOVING)
    return isIdle ? extended(run, fix, 0) : run;
  const seconds = run.until - run.from;
  if (seconds >= idlingSeconds)
    emit({
      ...{ kind: 'idling', startedAt: run.from, endedAt: run.until, value: seconds, limit: idlingSeconds },
      ...{ distance: 0, source: 'fixes' },
    });
  return isIdle ? begun(fix.at, fix, 0) : null;
}

/** First the engine off, then the door open: the other way round is told once for each time the door was open. */
function parkingRun(run: Run | null, before: Observation | null, fix: Observation, emit: Emit): Run | null {
  const isOpen = fix.door === true && fix.ignition === true && (fix.speed ?? 0) < STANDING;
  if (run === null) return isOpen ? begun(fix.at, fix, 0) : null;
  if (isOpen && before !== null) return extended(run, fix, 0);
  const { from, until } = run;
  emit({
    ...{ kind: 'parking_sequence', startedAt: from, endedAt: until, value: until - from, limit: 0 },
    ...{ distance: 0, source: 'fixes' },
  });
  return isOpen ? begun(fix.at, fix, 0) : null;
}

const begun = (from: number, { at }: Observation, worst: number): Run => ({
  from,
  until: at,
  worst,
  distance: worst * (at - from),
});

const extended = (run: Run, { at }: Observation, speed: number): Run => ({
  from: run.from,
  until: at,
  worst: Math.max(run.worst, speed),
  distance: run.distance + speed * (at - run.until),
});
