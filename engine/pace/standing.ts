import type { Pace, PaceStatus, StopEta, StopVisit } from '../../schemas/event.ts';
import type { Position } from '../../schemas/position.ts';
import { quantilesAt, shareAbove } from './calibration.ts';
import type { Factors } from './factors.ts';
import { Z90 } from './normal.ts';
import { type Progress, type Projection, progressOf, projectRoute } from './projection.ts';
import { type RoutePlan, stopsExpected } from './route-plan.ts';

/** Seconds past the planned return that are still on time. */
export const GRACE = 600;
/** P(late) at which a route becomes at risk, and below which it no longer is. */
export const AT_RISK_FROM = 0.75;
export const AT_RISK_UNTIL = 0.35;
/** P(late) at which a person is alerted: where four in ten routes are late, 0.75 is too often wrong about the others. */
export const ALERT_FROM = 0.85;
/** Until this share of its stops is done a route's own pace is hearsay; unless it is this late, seconds. */
const EVIDENCE_SHARE = 0.1;
const EVIDENCE_SECONDS = 2700;
/** Stops and seconds behind the plan (both) from which a route is behind, and below which no longer. */
const BEHIND_FROM = { stops: 4, seconds: 900 };
const BEHIND_UNTIL = { stops: 2, seconds: 450 };

/** Seconds a change of risk must last before an alert is raised or resolved. */
export const LASTING_SECONDS = 600;

/** The written rule of the at-risk alert. */
export const atRiskRule =
  `at risk: P(return later than planned + ${GRACE / 60} min) ≥ ${ALERT_FROM}, once ` +
  `${EVIDENCE_SHARE * 100} % of the stops are done or the route is ${EVIDENCE_SECONDS / 60} min behind, ` +
  `for ${LASTING_SECONDS / 60} min; over when < ${AT_RISK_UNTIL} for as long`;

export type Standing = { readonly pace: Pace; readonly projection: Projection; readonly progress: Progress };

/** Where a route stands against its plan at `now.at`, as far as its van was heard. */
export function standing(
  plan: RoutePlan,
  visits: ReadonlyMap<number, StopVisit>,
  now: {
    readonly at: number;
    /** Up to when the van was heard: a silent van is judged by then, not as if it stood still. */
    readonly heardAt: number;
    readonly position: Position | undefined;
    readonly departedAt: number | undefined;
    readonly isHome: boolean;
  },
  {
    factors,
    breaksTaken,
    before,
    progress = progressOf(plan, visits),
  }: {
    readonly factors: Factors;
    readonly breaksTaken: number;
    readonly before: PaceStatus | undefined;
    /** `progressOf(plan, visits)`, where it is known. */
    readonly progress?: Progress | undefined;
  },
): Standing {
  const at = now.heardAt;
  const hasDeparted = now.departedAt !== undefined || progress.doneCount > 0;
  const projection = projectRoute(
    plan,
    progress,
    { at, position: now.position, hasDeparted, departedAt: now.departedAt, breaksTaken },
    factors,
  );
  const { doneCount, remaining } = progress;
  const expected = stopsExpected(plan, at);
  const isFinished = before === 'finished' || (now.isHome && isOver(plan, progress));
  const mean = isFinished ? Math.min(at, lastDeparture(visits) ?? at) : projection.finish;
  const sd = isFinished ? 0 : projection.finishSd;
  const lateBy = plan.finish + GRACE;
  const doneShare = doneCount / plan.count;
  const late = sd > 0 ? shareAbove(factors.curves, doneShare, (lateBy - mean) / sd) : mean > lateBy ? 1 : 0;
  const quantiles = quantilesAt(factors.curves, doneShare);
  const stopsBehind = expected - doneCount;
  const lag = secondsBehind(plan, doneCount, at);
  const paused = pausedBeyondPlan(plan, breaksTaken, at);
  const since = now.departedAt ?? plan.departure;
  const left = plan.finish - plan.returnLeg - at;
  const pace: Pace = {
    routeId: plan.routeId,
    vehicleId: plan.vehicleId,
    at: now.at,
    status: isFinished
      ? 'finished'
      : status({ hasDeparted, late, doneShare, lag, stopsBehind, paused, before }),
    stopsTotal: plan.count,
    stopsDone: doneCount,
    stopsExpected: expected,
    stopsBehind,
    secondsBehind: lag,
    rate: at - since > 60 ? (doneCount * 3600) / (at - since) : 0,
    rateNeeded: remaining.length === 0 ? 0 : (remaining.length * 3600) / Math.max(left, 60),
    finishPlanned: plan.finish,
    finishP50: mean + quantiles.p50 * sd,
    finishP90: mean + quantiles.p90 * sd,
    lateProbability: late,
    learnedVersion: factors.version,
    nextStopId: remaining.length > 0 ? plan.stopIds[remaining[0]!] : undefined,
  };
  return { pace, projection, progress };
}

/** Back home with nothing ahead, whatever was passed over; nearly all done counts as all. */
function isOver({ count }: RoutePlan, { doneCount, aheadCount, serving }: Progress): boolean {
  return serving < 0 && doneCount > 0 && (aheadCount === 0 || doneCount >= 0.95 * count);
}

type Grounds = {
  readonly hasDeparted: boolean;
  readonly late: number;
  readonly doneShare: number;
  /** Seconds behind. */
  readonly lag: number;
  readonly stopsBehind: number;
  /** Seconds of breaks taken before the plan has them (negative: not taken yet although it has). */
  readonly paused: number;
  readonly before: PaceStatus | undefined;
};

/** Statuses hold on to themselves: each is left later than it is entered. */
function status({ hasDeparted, late, doneShare, lag, stopsBehind, paused, before }: Grounds): PaceStatus {
  const isEvident = before === 'at_risk' || doneShare >= EVIDENCE_SHARE || lag >= EVIDENCE_SECONDS;
  if (isEvident && late >= (before === 'at_risk' ? AT_RISK_UNTIL : AT_RISK_FROM)) return 'at_risk';
  // Who has had lunch earlier than planned is not behind for that.
  const pure = lag - paused;
  const { stops, seconds } = before === 'behind' ? BEHIND_UNTIL : BEHIND_FROM;
  if (stopsBehind >= stops && pure >= seconds) return 'behind';
  if (!hasDeparted) return 'not_started';
  const ahead = before === 'ahead' ? BEHIND_UNTIL : BEHIND_FROM;
  if (-stopsBehind >= ahead.stops && -pure >= ahead.seconds) return 'ahead';
  return 'on_pace';
}

function pausedBeyondPlan({ breaks }: RoutePlan, taken: number, at: number): number {
  let seconds = 0;
  for (const [i, pause] of breaks.entries()) {
    const due = Math.min(pause.seconds, Math.max(0, at - pause.at));
    seconds += (i < taken ? pause.seconds : 0) - due;
  }
  return seconds;
}

/** How long ago the plan was where the route is now; negative when it will be there only later. */
function secondsBehind({ doneBy, count, departure }: RoutePlan, done: number, at: number): number {
  const due = done < count ? doneBy[done]! : Number.POSITIVE_INFINITY;
  if (at > due) return at - due;
  const reached = done > 0 ? doneBy[done - 1]! : departure;
  return done > 0 && at < reached ? at - reached : 0;
}

function lastDeparture(visits: ReadonlyMap<number, StopVisit>): number | undefined {
  let last: number | undefined;
  for (const { departedAt, arrivedAt } of visits.values()) {
    const at = departedAt ?? arrivedAt;
    if (last === undefined || at > last) last = at;
  }
  return last;
}

/** Expected arrival at each remaining stop, in the order of the projection. */
export function stopEtas(
  { stopIds, count }: RoutePlan,
  {
    projection: { mean, sd, finishSd },
    progress: { remaining, doneCount },
  }: Pick<Standing, 'projection' | 'progress'>,
  { curves }: Factors,
): StopEta[] {
  const ahead = quantilesAt(curves, doneCount / count);
  return Array.from(remaining, (i, k) => {
    // What was learned of finishes holds the more, the more of what can go wrong lies before a stop.
    const share = finishSd > 0 ? Math.min(1, sd[k]! / finishSd) : 0;
    const p50 = share * ahead.p50;
    const p90 = Z90 + share * (ahead.p90 - Z90);
    return { stopId: stopIds[i]!, p50: mean[k]! + p50 * sd[k]!, p90: mean[k]! + p90 * sd[k]! };
  });
}
