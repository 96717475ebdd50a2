import type { StopVisit } from '../../schemas/event.ts';
import { type FleetPace, legOf } from './factors.ts';
import { HOURS, hourOf } from './hour-of-day.ts';
import type { RoutePlan } from './route-plan.ts';
import { areaOf, SPEED_COLUMNS, type Speeds, speedColumn } from './speeds.ts';

/** A day counts by this much a day later. */
const KEPT = 0.85;
/** Areas of which less than so many seconds are left are let go; nor are there ever more than so many. */
const AREA_LEAST = 120;
const AREAS_MAX = 50_000;
/** Beyond this multiple of what was expected a leg held something else than streets. */
const TELLING = 3;
/** A route tells of hours and areas from so many stops. */
const STOPS_MIN = 20;

export type Driven = { readonly plan: RoutePlan; readonly visits: ReadonlyMap<number, StopVisit> };

/** Takes in a day's legs and services, each route held against its own mean. */
export function learnSpeeds({ hours, areas }: Speeds, routes: readonly Driven[], fleet: FleetPace): Speeds {
  const byHour = hours.map((value) => value * KEPT);
  const byArea = new Map<number, [number, number]>();
  for (const [area, [expected, actual]] of areas) {
    if (expected > AREA_LEAST && byArea.size < AREAS_MAX) byArea.set(area, [KEPT * expected, KEPT * actual]);
  }
  for (const { plan, visits } of routes) {
    const legs = legsOf(plan, visits, fleet);
    const services = servicesOf(plan, visits, fleet);
    if (services.length < STOPS_MIN || legs.length === 0) continue;
    const mean = services.reduce((sum, { off }) => sum + off, 0) / services.length;
    const ratio =
      legs.reduce((sum, { actual }) => sum + actual, 0) /
      legs.reduce((sum, { expected }) => sum + expected, 0);
    for (const { i, off } of services) {
      const at = hourOf(plan.arrivals[i]!) * SPEED_COLUMNS;
      byHour[at + speedColumn.services]! += 1;
      byHour[at + speedColumn.off]! += off - mean + Math.log(plan.serviceFactor[i]!);
    }
    for (const { i, expected, actual } of legs) {
      const at = hourOf(plan.arrivals[i]!) * SPEED_COLUMNS;
      byHour[at + speedColumn.expected]! += (ratio * expected) / plan.hourFactor[i]!;
      byHour[at + speedColumn.actual]! += actual;
      const area = areaOf({ lng: plan.lng[i]!, lat: plan.lat[i]! });
      const known = byArea.get(area) ?? [0, 0];
      if (!byArea.has(area) && byArea.size >= AREAS_MAX) continue;
      byArea.set(area, [known[0] + (ratio * expected) / plan.areaFactor[i]!, known[1] + actual]);
    }
  }
  return { hours: centred(byHour), areas: byArea };
}

/** Legs between neighbours, as expected of the fleet and as they were. */
function legsOf(plan: RoutePlan, visits: ReadonlyMap<number, StopVisit>, fleet: FleetPace) {
  const found: { i: number; expected: number; actual: number }[] = [];
  for (let i = 1; i < plan.count; i++) {
    const [from, to] = [visits.get(plan.stopIds[i - 1]!), visits.get(plan.stopIds[i]!)];
    if (from?.departedAt === undefined || to === undefined) continue;
    const actual = to.arrivedAt - from.departedAt;
    const expected = legOf(plan.legs[i]!, fleet.ownLeg);
    if (actual > 0 && actual < TELLING * expected) found.push({ i, expected, actual });
  }
  return found;
}

function servicesOf(plan: RoutePlan, visits: ReadonlyMap<number, StopVisit>, fleet: FleetPace) {
  const found: { i: number; off: number }[] = [];
  for (let i = 0; i < plan.count; i++) {
    const visit = visits.get(plan.stopIds[i]!);
    if (visit?.departedAt === undefined || plan.service[i]! <= 0) continue;
    const spent = visit.departedAt - Math.max(visit.arrivedAt, plan.windowFrom[i]!);
    if (spent > 0) found.push({ i, off: Math.log(spent / plan.service[i]!) - fleet.median[plan.kind[i]!]! });
  }
  return found;
}

/** Hours differ from their mean: what all of them share is the fleet's ratio, not theirs. */
function centred(hours: Float64Array): Float64Array {
  const total = (which: keyof typeof speedColumn) => {
    let sum = 0;
    for (let hour = 0; hour < HOURS; hour++) sum += hours[hour * SPEED_COLUMNS + speedColumn[which]]!;
    return sum;
  };
  const off = total('services') > 0 ? total('off') / total('services') : 0;
  const ratio = total('expected') > 0 ? total('actual') / total('expected') : 1;
  for (let hour = 0; hour < HOURS; hour++) {
    const at = hour * SPEED_COLUMNS;
    hours[at + speedColumn.off]! -= off * hours[at + speedColumn.services]!;
    hours[at + speedColumn.expected]! *= ratio;
  }
  return hours;
}
