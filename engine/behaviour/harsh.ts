import { type BehaviourKind, type BehaviourPolicy, noticedKinds } from '../../schemas/behaviour.ts';
import { radiansFromDegrees } from '../../schemas/units.ts';
import type { Observation } from '../vehicle-state.ts';
import type { Emit } from './behaviour.ts';

/** Something harsh that two fixes show, until it is certain that no device says the same. */
export type Claim = {
  readonly kind: BehaviourKind;
  readonly from: number;
  readonly until: number;
  /** g. */
  readonly value: number;
};

const GRAVITY = 9.80665;
/** A device that feels something says so within this, seconds: what both tell is told once, in its words. */
const TOLD_WITHIN = 12;
/** A device's instant further from its fix than this is not believed, seconds. */
const NOTICE_AGE = 600;
/** Two receivers' noise apart: closer fixes say nothing, seconds. */
const INTERVAL_MIN = 0.5;
/** Slower, the course of a receiver is chance, m/s; and less of a turn is a bend, degrees. */
const CORNER_SPEED = 5;
const TURN_MIN = 20;
/** Within less, the error of two courses is as much as a corner, seconds. */
const CORNER_INTERVAL_MIN = 1.5;
/** A receiver knows its course no better than this, degrees: only what is beyond is held against a driver. */
const COURSE_ERROR = 3;

/** Advances the claims by a fix: settles the old, adds the new, gives way to what the device says. */
export function claims(
  open: readonly Claim[],
  before: Observation | null,
  fix: Observation,
  policy: BehaviourPolicy,
  emit: Emit,
): readonly Claim[] {
  const added = before === null ? undefined : seen(before, fix, policy);
  if (added === undefined && fix.noticed === undefined && open.length === 0) return open;
  let kept = added === undefined ? open : joined(open, added);
  for (const notice of fix.noticed ?? []) {
    const kind = noticedKinds[notice.kind];
    if (kind === undefined) continue;
    const isBelieved = notice.at <= fix.at && fix.at - notice.at <= NOTICE_AGE;
    const at = isBelieved ? notice.at : fix.at;
    emit({
      ...{ kind, startedAt: at, endedAt: at, value: notice.value, limit: limitOf(kind, policy) },
      ...{ distance: 0, source: 'device' },
    });
    kept = kept.filter(
      (claim) => claim.kind !== kind || at < claim.from - TOLD_WITHIN || at > claim.until + TOLD_WITHIN,
    );
  }
  const settled = kept.filter(({ until }) => fix.at - until > TOLD_WITHIN);
  if (settled.length === 0) return kept;
  for (const { kind, from, until, value } of settled)
    emit({
      ...{ kind, startedAt: from, endedAt: until, value, limit: limitOf(kind, policy), distance: 0 },
      source: 'fixes',
    });
  return kept.filter(({ until }) => fix.at - until <= TOLD_WITHIN);
}

const limitOf = (kind: BehaviourKind, { brakingG, accelerationG, corneringG }: BehaviourPolicy): number =>
  kind === 'harsh_braking' ? brakingG : kind === 'harsh_acceleration' ? accelerationG : corneringG;

/** Two intervals in a row are one happening. */
function joined(open: readonly Claim[], added: Claim): readonly Claim[] {
  const last = open.at(-1);
  if (last === undefined || last.kind !== added.kind || added.from - last.until > 1) return [...open, added];
  const value = Math.max(last.value, added.value);
  return [...open.slice(0, -1), { ...last, until: added.until, value }];
}

/**
 * What a step between two fixes proves: a mean change of speed over the interval was reached at some
 * instant of it, so it may be claimed however long that is, as long as it is at least the threshold; a corner needs
 * headings near one another, since a course turns by more than it shows.
 */
function seen(before: Observation, fix: Observation, policy: BehaviourPolicy): Claim | undefined {
  const seconds = fix.at - before.at;
  if (before.speed === undefined || fix.speed === undefined || seconds < INTERVAL_MIN) return undefined;
  const claim = (kind: BehaviourKind, value: number): Claim => ({
    kind,
    from: before.at,
    until: fix.at,
    value,
  });
  if (seconds <= policy.brakingInterval) {
    const g = (fix.speed - before.speed) / seconds / GRAVITY;
    if (-g >= policy.brakingG) return claim('harsh_braking', -g);
    if (g >= policy.accelerationG) return claim('harsh_acceleration', g);
  }
  if (
    seconds < CORNER_INTERVAL_MIN ||
    seconds > policy.corneringInterval ||
    before.speed < CORNER_SPEED ||
    fix.speed < CORNER_SPEED
  )
    return undefined;
  if (before.heading === undefined || fix.heading === undefined) return undefined;
  const turn = Math.abs(((fix.heading - before.heading + 540) % 360) - 180);
  if (turn < TURN_MIN) return undefined;
  const g = ((radiansFromDegrees(turn) / seconds) * (before.speed + fix.speed)) / 2 / GRAVITY;
  return g * (1 - COURSE_ERROR / turn) >= policy.corneringG ? claim('harsh_cornering', g) : undefined;
}
