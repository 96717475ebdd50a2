import type { Proposal } from '../schemas/event.ts';
import { type FleetPace, factorsOf } from './pace/factors.ts';
import { LATENESS_WEIGHT, type SequenceProblem } from './route/problem.ts';
import type { Resequenced, SearchInput } from './route/search.ts';
import type { RouteRun } from './routes.ts';
import type { VehicleRecord } from './vehicles.ts';

/** A better order is worth a dispatcher's click from this many seconds, or this share of what is left. */
const SAVING_SECONDS = 120;
const SAVING_SHARE = 0.01;
/** Seconds each new leg has to save: straight lines deceive by about as much. */
const SAVING_PER_LEG = 5;
/** Fewer stops than this are not worth reordering. */
const STOPS_MIN = 6;
/** Seconds of fleet clock between two searches for one route. */
const SEEK_SECONDS = 300;
/** The next stops stay: the driver is on the way, and a dispatcher needs minutes to decide. */
const COMMITTED = 3;
const ROUNDS = 60;

/** What was asked for a route, so that the answer can be judged when it comes. */
export type Quest = {
  readonly routeId: number;
  readonly version: number;
  readonly clock: number;
  /** Remaining stops in the running order. */
  readonly stopIds: readonly number[];
  readonly input: SearchInput;
};

/** A search for a better order of what is left of a late route, when one is due. */
export function questFor(
  run: RouteRun,
  record: VehicleRecord | undefined,
  fleet: () => FleetPace,
): Quest | undefined {
  const { latest, plan, route } = run;
  const good = record?.state.good;
  if (!latest || !good || run.proposal) return undefined;
  const { pace, progress } = latest;
  if (pace.status !== 'at_risk' && pace.status !== 'behind') return undefined;
  if (progress.remaining.length < STOPS_MIN || pace.at - run.soughtAt < SEEK_SECONDS) return undefined;
  if (record.state.trip.phase !== 'away') return undefined;
  const { leg, service } = factorsOf(run.experience, fleet());
  const { serving, remaining } = progress;
  const rest = serving < 0 ? 0 : plan.service[serving]! * service[plan.kind[serving]!]! * 0.5;
  const column = (values: Float64Array) => Float64Array.from(remaining, (i) => values[i]!);
  const problem: SequenceProblem = {
    start:
      serving < 0 ? { lng: good.lng, lat: good.lat } : { lng: plan.lng[serving]!, lat: plan.lat[serving]! },
    startAt: pace.at + rest,
    depot: plan.depot,
    lng: column(plan.lng),
    lat: column(plan.lat),
    service: Float64Array.from(remaining, (i) => plan.service[i]! * service[plan.kind[i]!]!),
    windowFrom: column(plan.windowFrom),
    windowUntil: column(plan.windowUntil),
    perMetre: plan.perMetre * leg.slope,
    committed: COMMITTED,
  };
  return {
    routeId: route.id,
    version: route.version,
    clock: pace.at,
    stopIds: Array.from(remaining, (i) => plan.stopIds[i]!),
    input: { problem, seed: `${route.id}/${route.version}/${remaining.length}`, rounds: ROUNDS },
  };
}

/** The proposal that an answer amounts to; none when it saves too little or the route has moved on. */
export function proposalOf(
  quest: Quest,
  { order, before, after }: Resequenced,
  run: RouteRun,
): Proposal | undefined {
  if (run.route.version !== quest.version || run.proposal) return undefined;
  const saving = before.cost - after.cost;
  const newLegs = order.reduce(
    (count, stop, k) => count + (k > 0 && Math.abs(stop - order[k - 1]!) !== 1 ? 1 : 0),
    0,
  );
  const least = Math.max(SAVING_SECONDS, SAVING_SHARE * before.cost, SAVING_PER_LEG * newLegs);
  if (saving < least) return undefined;
  const stopIds = Array.from(order, (i) => quest.stopIds[i]!);
  const proposal: Proposal = {
    routeId: quest.routeId,
    fromVersion: quest.version,
    createdAt: quest.clock,
    stopIds,
    costBefore: before.cost,
    costAfter: after.cost,
    explanation: explained(order, before, after),
  };
  return isOutdated(proposal, run) ? undefined : proposal;
}

function explained(order: Int32Array, before: Resequenced['before'], after: Resequenced['after']): string {
  const moved = order.reduce((count, stop, place) => count + (stop === place ? 0 : 1), 0);
  const minutes = (seconds: number) => Math.round(seconds / 60);
  const earlier = minutes(before.seconds - after.seconds);
  const sooner = earlier >= 0 ? `back ${earlier} min earlier` : `back ${-earlier} min later`;
  const promise =
    before.lateness > 0 || after.lateness > 0
      ? `, ${minutes(after.lateness)} instead of ${minutes(before.lateness)} min late at promised windows`
      : '';
  return (
    `Another order of the ${order.length} remaining stops (${moved} change place, the next ${COMMITTED} stay): ` +
    `${sooner}${promise}. Cost is seconds to the return plus ${LATENESS_WEIGHT} × seconds late at windows; ` +
    'travel is straight lines at this route’s own pace.'
  );
}

/**
 * Whether the route has moved on from a proposal: another version, or stops served in another order
 * than the proposed one.
 */
export function isOutdated({ fromVersion, stopIds }: Proposal, run: RouteRun): boolean {
  if (run.route.version !== fromVersion || run.status === 'finished') return true;
  const firstOpen = stopIds.findIndex((id) => !run.visits.has(id));
  if (firstOpen < 0 || stopIds.length - firstOpen < STOPS_MIN) return true;
  return stopIds.slice(firstOpen).some((id) => run.visits.has(id));
}
