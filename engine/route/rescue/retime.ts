import type { Route, Stop } from '../../../schemas/plan.ts';
import { distance, type Position } from '../../../schemas/position.ts';
import type { RescueVan } from './problem.ts';

/** A meeting in a route's running order: behind this stop (null: before any other). */
export type PlannedMeeting = {
  readonly afterStopId: number | null;
  readonly position: Position;
  readonly seconds: number;
};

/**
 * Planned arrivals of a route whose running order has changed, in the plan's own time: what stays
 * together keeps its gap, new neighbours get a leg by the plan's own fit, and the meeting takes its
 * detour. Up to the first change nothing moves. So a van that was ahead of its plan still is.
 */
export function retimed(
  route: Pick<Route, 'plannedDeparture' | 'stops'>,
  order: readonly Stop[],
  depot: Position,
  { meeting, fit }: { readonly meeting: PlannedMeeting; readonly fit: RescueVan['fit'] },
): Map<number, number> {
  const indexOf = new Map(route.stops.map(({ id }, index) => [id, index]));
  const leg = (from: Position, to: Position): number => fit.more + fit.perMetre * distance(from, to);
  const times = new Map<number, number>();
  let leaves = route.plannedDeparture;
  let hasChanged = false;
  for (const [k, stop] of order.entries()) {
    const before = order[k - 1];
    const index = indexOf.get(stop.id);
    const isNeighbour = index !== undefined && route.stops[index - 1]?.id === before?.id;
    const isMet = meeting.afterStopId === (before?.id ?? null);
    const from = before?.position ?? depot;
    const left = before ? before.plannedArrival + before.service : route.plannedDeparture;
    const gap = stop.plannedArrival - left;
    const travel = isNeighbour && gap >= 0 ? gap : leg(from, stop.position);
    const detour = isMet
      ? leg(from, meeting.position) + leg(meeting.position, stop.position) - leg(from, stop.position)
      : 0;
    hasChanged ||= isMet || !isNeighbour;
    const at = hasChanged
      ? leaves + travel + (isMet ? Math.max(0, detour) + meeting.seconds : 0)
      : stop.plannedArrival;
    times.set(stop.id, at);
    leaves = at + stop.service;
  }
  return times;
}
