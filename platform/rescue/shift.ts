import type { StopVisit } from '../../schemas/event.ts';
import { DEPOT_PLACE, type TownRoute, type TownStop } from './town.ts';
import type { Truth } from './truth.ts';

/** Two vans that are to meet; parcels change vans when both are there. */
export type Appointment = {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  readonly giver: number;
  readonly helper: number;
  readonly stops: readonly TownStop[];
  readonly seconds: number;
  readonly until: number;
  /** The giver's order before: what holds again when nobody comes. */
  readonly giverOrder: readonly number[];
  giverAt: number | undefined;
  helperAt: number | undefined;
  state: 'agreed' | 'done' | 'failed';
};

export type Item =
  | { readonly kind: 'stop'; readonly stop: TownStop }
  | { readonly kind: 'meet'; readonly with: Appointment };

/** A van on its way: what it has done, what it does, and what is ahead. */
export type ShiftVan = {
  readonly index: number;
  readonly route: TownRoute;
  /** Where and since when it is free to begin the next thing. */
  x: number;
  y: number;
  freeAt: number;
  /** What it is driving to or doing: not to be changed any more. */
  current: { readonly item: Item | 'home'; readonly arrival: number; readonly done: number } | undefined;
  ahead: Item[];
  readonly visits: Map<number, StopVisit>;
  metres: number;
  hasEaten: boolean;
  hasMishap: boolean;
  returnedAt: number | undefined;
  /** Stops whose parcels are in this van. */
  readonly onBoard: Set<number>;
  isStuck: boolean;
};

export type Shift = {
  readonly routes: readonly TownRoute[];
  readonly truth: Truth;
  readonly vans: ShiftVan[];
  readonly appointments: Appointment[];
  /** Parcels delivered that were not there, stops served twice: must stay empty. */
  readonly violations: string[];
  readonly servedAt: Map<number, number>;
};

export function beginShift(routes: readonly TownRoute[], truth: Truth): Shift {
  const vans = routes.map(
    (route, index): ShiftVan => ({
      ...{ index, route, ...DEPOT_PLACE, freeAt: route.plannedDeparture, current: undefined },
      ahead: route.stops.map((stop) => ({ kind: 'stop', stop })),
      ...{ visits: new Map(), metres: 0, hasEaten: false, hasMishap: false, returnedAt: undefined },
      ...{ onBoard: new Set(route.stops.map(({ id }) => id)), isStuck: false },
    }),
  );
  return { routes, truth, vans, appointments: [], violations: [], servedAt: new Map() };
}

/** From now on the van stays where it is; what it was driving to it does not reach. */
export function breakDown(van: ShiftVan): void {
  const item = van.current?.item;
  if (item !== undefined && item !== 'home') van.ahead.unshift(item);
  van.current = undefined;
  van.isStuck = true;
}

/** Lets everything happen up to an instant. */
export function advance(shift: Shift, until: number): void {
  for (let isMoving = true; isMoving; ) {
    for (const van of shift.vans) advanceVan(shift, van, until);
    isMoving = shift.appointments.some((each) => each.state === 'agreed' && resolved(shift, each, until));
  }
}

function advanceVan(shift: Shift, van: ShiftVan, until: number): void {
  while (van.returnedAt === undefined && !van.isStuck) {
    van.current ??= next(shift, van, until);
    const { current } = van;
    if (!current || current.done > until) return;
    finish(shift, van, current);
  }
}

/** Begins the next thing, when the van is free before `until`. */
function next({ truth }: Shift, van: ShiftVan, until: number): ShiftVan['current'] {
  pause(truth, van);
  if (van.freeAt > until) return undefined;
  const item = van.ahead.shift() ?? 'home';
  const to = item === 'home' ? DEPOT_PLACE : item.kind === 'stop' ? item.stop : item.with;
  const arrival = van.freeAt + truth.drive(van.index, van, to, van.freeAt);
  van.metres += 1.3 * Math.hypot(to.x - van.x, to.y - van.y);
  if (item === 'home') return { item, arrival, done: arrival };
  if (item.kind === 'meet') {
    const isGiver = item.with.giver === van.index;
    if (isGiver) item.with.giverAt = arrival;
    else item.with.helperAt = arrival;
    return { item, arrival, done: Number.POSITIVE_INFINITY };
  }
  const begin = Math.max(arrival, item.stop.windowFrom ?? arrival);
  return { item, arrival, done: begin + truth.service(van.index, item.stop) };
}

function pause({ lunch, mishap }: Truth, van: ShiftVan): void {
  const meal = lunch[van.index]!;
  if (!van.hasEaten && van.freeAt >= meal.after) {
    van.hasEaten = true;
    van.freeAt += meal.seconds;
  }
  const trouble = mishap[van.index];
  if (trouble && !van.hasMishap && van.freeAt >= trouble.after) {
    van.hasMishap = true;
    van.freeAt += trouble.seconds;
  }
}

function finish(
  shift: Shift,
  van: ShiftVan,
  { item, arrival, done }: NonNullable<ShiftVan['current']>,
): void {
  van.current = undefined;
  van.freeAt = done;
  if (item === 'home') {
    van.returnedAt = done;
    return;
  }
  const { x, y } = item.kind === 'stop' ? item.stop : item.with;
  van.x = x;
  van.y = y;
  if (item.kind !== 'stop') return;
  const { stop } = item;
  if (!van.onBoard.delete(stop.id)) shift.violations.push(`van ${van.index} has no parcels for ${stop.id}`);
  if (shift.servedAt.has(stop.id)) shift.violations.push(`stop ${stop.id} is served twice`);
  shift.servedAt.set(stop.id, Math.max(arrival, stop.windowFrom ?? arrival));
  van.visits.set(stop.id, visitOf(van, stop, arrival, done));
}

export function visitOf(
  van: ShiftVan,
  stop: TownStop,
  arrivedAt: number,
  departedAt: number | undefined,
): StopVisit {
  return {
    ...{ stopId: stop.id, routeId: van.route.id, vehicleId: van.route.vehicleId, arrivedAt, departedAt },
    ...{ confidence: 0.95, evidence: 'halt', outcome: 'served', isOutOfSequence: false },
  };
}

/** Ends a meeting: both are there, or somebody has waited long enough. Whether anything changed. */
function resolved(shift: Shift, met: Appointment, now: number): boolean {
  const giver = shift.vans[met.giver]!;
  const helper = shift.vans[met.helper]!;
  const { giverAt = Number.POSITIVE_INFINITY, helperAt = Number.POSITIVE_INFINITY } = met;
  const last = Math.max(giverAt, helperAt);
  if (last <= met.until) {
    const done = last + met.seconds;
    met.state = 'done';
    for (const { id } of met.stops) {
      if (!giver.onBoard.delete(id)) shift.violations.push(`van ${met.giver} has no parcels for ${id}`);
      helper.onBoard.add(id);
    }
    leave(giver, met, done);
    leave(helper, met, done);
    if (giver.isStuck) {
      giver.ahead = giver.ahead.filter((item) => item.kind !== 'meet' || item.with !== met);
    }
    return true;
  }
  if (now < met.until) return false;
  // Who is there goes on; who is still to come does not go there any more, or finds nobody.
  met.state = 'failed';
  const moved = new Set(met.stops.map(({ id }) => id));
  const isFor = (item: Item): boolean => item.kind === 'meet' && item.with === met;
  helper.ahead = helper.ahead.filter(
    (item) => !isFor(item) && !(item.kind === 'stop' && moved.has(item.stop.id)),
  );
  const place = (item: Item): number => (item.kind === 'stop' ? met.giverOrder.indexOf(item.stop.id) : -1);
  giver.ahead = [
    ...giver.ahead.filter((item) => !isFor(item)),
    ...met.stops.map((stop): Item => ({ kind: 'stop', stop })),
  ].sort((a, b) => place(a) - place(b));
  leave(giver, met, Math.max(giverAt, met.until));
  leave(helper, met, Math.max(helperAt, met.until));
  return true;
}

function leave(van: ShiftVan, met: Appointment, at: number): void {
  const item = van.current?.item;
  if (van.isStuck || item === undefined || item === 'home' || item.kind !== 'meet') return;
  van.current = undefined;
  van.x = met.x;
  van.y = met.y;
  van.freeAt = at;
}

/** Stops begun later than they were due, or never. */
export function lateStops(shift: Shift, dueOf: ReadonlyMap<number, number>): Set<number> {
  const late = new Set<number>();
  for (const [id, due] of dueOf) if ((shift.servedAt.get(id) ?? Number.POSITIVE_INFINITY) > due) late.add(id);
  return late;
}
