import type { Pace, PaceStatus, StopEta, StopVisit } from '../../schemas/event.ts';
import type { Position } from '../../schemas/position.ts';
import type { Factors } from './factors.ts';
import { normalCdf, type Progress, type Projection, progressOf, projectRoute, Z90 } from './projection.ts';
import { type RoutePlan, stopsExpected } from './route-plan.ts';

/** Seconds past the planned return that are still on time. */
export const GRACE = 600;
/** P(late) at which a route becomes at risk, and below which it no longer is. */
export const AT_RISK_FROM = 0.6;
export const AT_RISK_UNTIL = 0.4;
/** Stops behind the plan at which a route is behind, and below which it no longer is. */
const BEHIND_FROM = 2;
const BEHIND_UNTIL = 1;

/** Seconds a change of risk must last before an alert is raised or resolved. */
export const LASTING_SECONDS = 600;

/** The written rule of the at-risk alert. */
export const atRiskRule = `at risk: P(return later than planned + ${GRACE / 60} min) ≥ ${AT_RISK_FROM} for ${LASTING_SECONDS / 60} min; over when < ${AT_RISK_UNTIL} for as long`;

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
  }: {
    readonly factors: Factors;
    readonly breaksTaken: number;
    readonly before: PaceStatus | undefined;
  },
): Standing {
  const at = now.heardAt;
  const progress = progressOf(plan, visits);
  const hasDeparted = now.departedAt !== undefined || progress.doneCount > 0;
  const projection = projectRoute(
    plan,
    progress,
    { at, position: now.position, hasDeparted, breaksTaken },
    factors,
  );
  const { doneCount, remaining } = progress;
  const expected = stopsExpected(plan, at);
  const isFinished = before === 'finished' || (now.isHome && isOver(plan, progress));
  const finish = isFinished ? Math.min(at, lastDeparture(visits) ?? at) : projection.finish;
  const sd = isFinished ? 0 : projection.finishSd;
  const lateBy = plan.finish + GRACE;
  const late = sd > 0 ? 1 - normalCdf((lateBy - finish) / sd) : finish > lateBy ? 1 : 0;
  const stopsBehind = expected - doneCount;
  const since = now.departedAt ?? plan.departure;
  const left = plan.finish - plan.returnLeg - at;
  const pace: Pace = {
    routeId: plan.routeId,
    vehicleId: plan.vehicleId,
    at: now.at,
    status: isFinished ? 'finished' : status({ hasDeparted, late, stopsBehind, before }),
    stopsTotal: plan.count,
    stopsDone: doneCount,
    stopsExpected: expected,
    stopsBehind,
    secondsBehind: secondsBehind(plan, doneCount, at),
    rate: at - since > 60 ? (doneCount * 3600) / (at - since) : 0,
    rateNeeded: remaining.length === 0 ? 0 : (remaining.length * 3600) / Math.max(left, 60),
    finishPlanned: plan.finish,
    finishP50: finish,
    finishP90: finish + Z90 * sd,
    lateProbability: late,
    nextStopId: remaining.length > 0 ? plan.stopIds[remaining[0]!] : undefined,
  };
  return { pace, projection, progress };
}

/** Back home with nothing ahead, whatever was passed over; nearly all done counts as all. */
function isOver({ count }: RoutePlan, { doneCount, aheadCount, serving }: Progress): boolean {
  return serving < 0 && doneCount > 0 && (aheadCount === 0 || doneCount >= 0.95 * count);
}

/** Statuses hold on to themselves: each is left later than it is entered. */
function status({
  hasDeparted,
  late,
  stopsBehind,
  before,
}: {
  hasDeparted: boolean;
  late: number;
  stopsBehind: number;
  before: PaceStatus | undefined;
}): PaceStatus {
  if (late >= (before === 'at_risk' ? AT_RISK_UNTIL : AT_RISK_FROM)) return 'at_risk';
  if (stopsBehind >= (before === 'behind' ? BEHIND_UNTIL : BEHIND_FROM)) return 'behind';
  if (!hasDeparted) return 'not_started';
  if (-stopsBehind >= (before === 'ahead' ? BEHIND_UNTIL : BEHIND_FROM)) return 'ahead';
  return 'on_pace';
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
export function stopEtas(plan: RoutePlan, { projection, progress }: Standing): StopEta[] {
  return Array.from(progress.remaining, (i, k) => ({
    stopId: plan.stopIds[i]!,
    p50: projection.mean[k]!,
    p90: projection.mean[k]! + Z90 * projection.sd[k]!,
  }));
}
