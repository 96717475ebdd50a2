import { type Experience, experienceOf, noExperience } from '../../engine/pace/experience.ts';
import { type Factors, type FleetPace, factorsOf, fleetPace } from '../../engine/pace/factors.ts';
import { type RoutePlan, routePlan } from '../../engine/pace/route-plan.ts';
import { GRACE, type Standing, standing } from '../../engine/pace/standing.ts';
import {
  handoverSeconds,
  type RescueMove,
  type RescueParams,
  type RescueVan,
  rescueParams,
} from '../../engine/route/rescue/problem.ts';
import { retimed } from '../../engine/route/rescue/retime.ts';
import { legFit, rescueVan } from '../../engine/route/rescue/van.ts';
import type { PaceStatus, StopVisit } from '../../schemas/event.ts';
import type { Position } from '../../schemas/position.ts';
import type { Appointment, Item, Shift, ShiftVan } from './shift.ts';
import { visitOf } from './shift.ts';
import { DEPOT_PLACE, ground, type TownRoute, type TownStop } from './town.ts';

export const DEPOT: Position = ground.position(DEPOT_PLACE.x, DEPOT_PLACE.y);
/** Hours a driver may be out. */
const HOURS = 11 * 3600;

/** What the platform knows of one van: its route as it is now, its visits, its pace. */
export type Desk = {
  readonly van: ShiftVan;
  route: TownRoute;
  plan: RoutePlan;
  experience: Experience;
  known: number;
  visits: Map<number, StopVisit>;
  status: PaceStatus | undefined;
  /** Its route before each meeting that is not over: what holds again when nobody came. */
  readonly before: Map<Appointment, TownRoute>;
  now: Standing | undefined;
  factors: Factors | undefined;
};

export function openDesks(shift: Shift): Desk[] {
  return shift.vans.map((van) => ({
    ...{ van, route: van.route, plan: routePlan(van.route, DEPOT), experience: noExperience, known: -1 },
    ...{ visits: new Map(), status: undefined, now: undefined, factors: undefined },
    before: new Map(),
  }));
}

/** When each stop is late: its window, or the end of its route's day, as first planned. */
export function dueTimes(routes: readonly TownRoute[]): Map<number, number> {
  const due = new Map<number, number>();
  for (const route of routes) {
    const end = route.plannedReturn + GRACE - routePlan(route, DEPOT).returnLeg;
    for (const { id, windowUntil } of route.stops) due.set(id, Math.min(windowUntil ?? end, end));
  }
  return due;
}

/** Takes back the plans of meetings to which somebody did not come. */
export function takeBack(desks: readonly Desk[]): void {
  for (const desk of desks) {
    for (const [met, route] of desk.before) {
      if (met.state === 'agreed') continue;
      desk.before.delete(met);
      if (met.state === 'done') continue;
      desk.route = { ...route, version: desk.route.version + 1 };
      desk.plan = routePlan(desk.route, DEPOT);
      desk.known = -1;
    }
  }
}

/** Judges every van's pace from the visits seen up to `at`. */
export function look(desks: readonly Desk[], at: number): FleetPace {
  for (const desk of desks) {
    const seen = visitsSeen(desk.van, at);
    const key =
      seen.size * 2 + (desk.van.current?.item !== 'home' && seen.size > desk.van.visits.size ? 1 : 0);
    if (key === desk.known) continue;
    desk.known = key;
    desk.visits = seen;
    desk.experience = experienceOf(desk.plan, seen);
  }
  const fleet = fleetPace(desks.map(({ experience }) => experience));
  for (const desk of desks) {
    const { van, plan, visits, experience, status, route } = desk;
    const isHome = van.returnedAt !== undefined && van.returnedAt <= at;
    const departedAt = at >= route.plannedDeparture ? route.plannedDeparture : undefined;
    const factors = factorsOf(experience, fleet);
    desk.factors = factors;
    desk.now = standing(
      plan,
      visits,
      {
        at,
        heardAt: at,
        position: departedAt === undefined ? undefined : positionOf(van, at),
        departedAt,
        isHome,
      },
      { factors, breaksTaken: experience.breakCount, before: status },
    );
    desk.status = desk.now.pace.status;
  }
  return fleet;
}

function visitsSeen(van: ShiftVan, at: number): Map<number, StopVisit> {
  const { current } = van;
  if (!current || current.item === 'home' || current.item.kind !== 'stop' || current.arrival > at) {
    return van.visits;
  }
  const { stop } = current.item;
  return new Map(van.visits).set(stop.id, visitOf(van, stop, current.arrival, undefined));
}

/** Straight on the way: what a fix would say, about. */
export function positionOf(van: ShiftVan, at: number): Position {
  const { current } = van;
  if (!current || current.arrival <= van.freeAt) return ground.position(van.x, van.y);
  const to =
    current.item === 'home'
      ? DEPOT_PLACE
      : current.item.kind === 'stop'
        ? current.item.stop
        : current.item.with;
  const share = Math.min(1, Math.max(0, (at - van.freeAt) / (current.arrival - van.freeAt)));
  return ground.position(van.x + share * (to.x - van.x), van.y + share * (to.y - van.y));
}

export const isMeeting = ({ ahead, current }: ShiftVan): boolean =>
  ahead.some(({ kind }) => kind === 'meet') ||
  (current !== undefined && current.item !== 'home' && current.item.kind === 'meet');

/** The van as the engine's own code sees it. */
export function seenVan(
  desk: Desk,
  due: ReadonlyMap<number, number>,
  committed: number,
): RescueVan | undefined {
  const { van, plan, visits, now, factors, route, experience } = desk;
  if (!now || !factors || now.pace.status === 'finished' || van.current?.item === 'home') return undefined;
  if (now.progress.aheadCount === 0) return undefined;
  return rescueVan({
    ...{ plan, visits, standing: now, factors, breaksTaken: experience.breakCount, frame: ground, committed },
    position: positionOf(van, now.pace.at),
    packagesOf: (id) => stopOf(route, id).packages,
    capacity: route.capacity,
    hoursUntil: route.plannedDeparture + HOURS,
    isStuck: van.isStuck,
    mayHelp: !isMeeting(van),
    dueOf: (id) => due.get(id) ?? Number.POSITIVE_INFINITY,
  });
}

const stopOf = ({ stops }: TownRoute, id: number): TownStop => stops.find((stop) => stop.id === id)!;

/** Gives both vans their new orders, and both desks their new plans, as accepting a proposal does. */
export function agree(
  shift: Shift,
  desks: readonly Desk[],
  move: RescueMove,
  { meetAt, wait, params = rescueParams }: { meetAt: number; wait: number; params?: RescueParams },
): Appointment {
  const giver = desks[move.giverId - 1]!;
  const helper = desks[move.helperId - 1]!;
  const remaining = new Set(giver.route.stops.map(({ id }) => id));
  const kept = new Set(helper.route.stops.map(({ id }) => id));
  const pieceIds = move.helperStops
    .filter(({ id }) => !kept.has(id) && remaining.has(id))
    .map(({ id }) => id);
  const piece = pieceIds.map((id) => stopOf(giver.route, id));
  const isMoved = new Set(pieceIds);
  const seconds = handoverSeconds(params, piece.length);
  const { x, y } = move.meeting;
  const met: Appointment = {
    ...{ id: shift.appointments.length + 1, x, y, giver: giver.van.index, helper: helper.van.index },
    ...{ stops: piece, seconds, until: meetAt + wait, helperAt: undefined, state: 'agreed' },
    giverOrder: giver.route.stops.map(({ id }) => id),
    giverAt: giver.van.isStuck ? meetAt - wait : undefined,
  };
  shift.appointments.push(met);
  const position = ground.position(x, y);
  const rest = giver.now!.progress;
  const openIds = Array.from(rest.remaining.subarray(0, rest.aheadCount), (i) => giver.plan.stopIds[i]!);
  const giverAfter = openIds.filter((id) => !isMoved.has(id))[move.meeting.giverAfter - 1];
  const helperAfter = move.helperStops[move.meeting.helperAfter - 1]?.id;
  giver.van.ahead = withMeeting(
    giver.van.ahead.filter((item) => item.kind !== 'stop' || !isMoved.has(item.stop.id)),
    met,
    giverAfter,
  );
  const stopById = new Map([...helper.route.stops, ...piece].map((stop) => [stop.id, stop]));
  const open = new Set(helper.van.ahead.flatMap((item) => (item.kind === 'stop' ? [item.stop.id] : [])));
  helper.van.ahead = withMeeting(
    move.helperStops.flatMap(({ id }) =>
      open.has(id) || isMoved.has(id) ? [{ kind: 'stop' as const, stop: stopById.get(id)! }] : [],
    ),
    met,
    helperAfter,
  );
  giver.before.set(met, giver.route);
  helper.before.set(met, helper.route);
  const done = helper.route.stops.filter(({ id }) => !move.helperStops.some((stop) => stop.id === id));
  const before = lastServed(giver, giverAfter);
  const after = lastServed(helper, helperAfter);
  replan(
    giver,
    giver.route.stops.filter(({ id }) => !isMoved.has(id)),
    { afterStopId: before, position, seconds },
  );
  replan(helper, [...done, ...move.helperStops.map(({ id }) => stopById.get(id)!)], {
    afterStopId: after,
    position,
    seconds,
  });
  return met;
}

function lastServed(desk: Desk, id: number | undefined): number | null {
  if (id !== undefined) return id;
  const { last } = desk.now!.progress;
  return last < 0 ? null : desk.plan.stopIds[last]!;
}

function replan(
  desk: Desk,
  order: readonly TownStop[],
  meeting: Parameters<typeof retimed>[3]['meeting'],
): void {
  const times = retimed(desk.route, order, DEPOT, { meeting, fit: legFit(desk.plan) });
  const stops = order.map((stop, sequence) => ({ ...stop, sequence, plannedArrival: times.get(stop.id)! }));
  desk.route = { ...desk.route, version: desk.route.version + 1, stops };
  desk.plan = routePlan(desk.route, DEPOT);
  desk.known = -1;
}

function withMeeting(items: readonly Item[], met: Appointment, afterId: number | undefined): Item[] {
  const at = items.findIndex((item) => item.kind === 'stop' && item.stop.id === afterId) + 1;
  return [...items.slice(0, at), { kind: 'meet', with: met }, ...items.slice(at)];
}
