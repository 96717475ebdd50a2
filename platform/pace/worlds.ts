import type { StopVisit } from '../../schemas/event.ts';
import type { Route } from '../../schemas/plan.ts';
import type { Position } from '../../schemas/position.ts';
import { type Random, random } from '../../schemas/random.ts';
import { openRouter } from '../../simulator/city/paths.ts';
import { cityOf } from '../../simulator/city/road-file.ts';
import { dayPlan, type RoutePlan } from '../../simulator/plan.ts';
import { type Scenario, scenarios } from '../../simulator/scenario/scenario.ts';
import { openTrackReader } from '../../simulator/van/track.ts';
import { type VanDay, vanDay } from '../../simulator/van/van.ts';

/** A kind of day: drivers as the simulator has them, and what happens to all of them beside that. */
export type World = {
  readonly name: string;
  readonly driver?: Partial<Scenario['driver']>;
  readonly startHour?: number;
  /** Factors on services and on legs for the whole fleet, at the start of the day and ten hours on. */
  readonly service?: readonly [number, number];
  readonly travel?: readonly [number, number];
  /** Noise that neighbouring stops of a route share: its spread (σ of the logarithm), in stops how long. */
  readonly shared?: { readonly spread: number; readonly stops: number };
};

/** Noise settings. All were looked at while the estimator was tuned; only the seeds of a run are new. */
export const worlds: readonly World[] = [
  { name: 'demo' },
  { name: 'varied', driver: { spread: 0.15, slow: 0.2, swap: 0.04, failed: 0.03 } },
  { name: 'drifted', service: [1.04, 1.1], travel: [1.06, 1.14] },
  { name: 'alike', driver: { spread: 0.04, slow: 0, swap: 0 }, startHour: 7.5 },
  {
    name: 'zones',
    shared: { spread: 0.1, stops: 15 },
    driver: { swap: 0.03, failed: 0.01 },
    service: [1.06, 1.06],
  },
  { name: 'short', driver: { lunchMinutes: 0, spread: 0.12 }, startHour: 12, service: [0.95, 0.95] },
];

/** What was truly behind a route's day, as the noise floor knows it. */
export type Hidden = {
  readonly pace: number;
  readonly style: VanDay['driver']['style'];
  readonly lunch: { readonly seconds: number; readonly after: number };
  /** Standard normal each planned service came from, by index. */
  readonly effort: Float64Array;
  readonly serviceFactor: (at: number) => number;
  readonly travelFactor: (at: number) => number;
};

/** A visit that is over. */
export type ServedStop = StopVisit & { readonly departedAt: number };

/** A route and all that came of it. */
export type RouteDay = {
  readonly route: Route;
  readonly depot: Position;
  /** By arrival. */
  readonly visits: readonly ServedStop[];
  /** The leg (index into visits) on which lunch was taken, or −1. */
  readonly lunchLeg: number;
  readonly leftAt: number;
  readonly returnedAt: number;
  readonly position: (at: number) => Position;
  readonly hidden: Hidden;
};

/** One shift of one fleet; every route has the simulator's own geometry, chance and driver. */
export function fleetDay(world: World, vans: number, seed: string): RouteDay[] {
  const demo = scenarios.demo!;
  const scenario: Scenario = {
    ...demo,
    seed: `pace/${world.name}/${seed}`,
    vans,
    startHour: world.startHour ?? demo.startHour,
    driver: { ...demo.driver, ...world.driver },
  };
  const city = cityOf(scenario);
  const plan = dayPlan(scenario, city, SHIFT_START);
  const router = openRouter(city.graph);
  return plan.routes.map((route, routeIndex) => {
    const day = vanDay({ scenario, city, router, plan, routeIndex });
    const depot = plan.depots[route.depotIndex]!.position;
    return warped({ world, day, route: routeOf(route, routeIndex), planned: route, depot }, scenario.seed);
  });
}

const SHIFT_START = 1_790_000_000;

function routeOf(planned: RoutePlan, index: number): Route {
  const id = index + 1;
  return {
    ...{ id, fleetId: 1, code: planned.code, serviceDate: '2026-09-21', depotId: planned.depotIndex + 1 },
    ...{ vehicleId: id, version: 1 },
    plannedDeparture: planned.plannedDeparture,
    plannedReturn: planned.plannedReturn,
    stops: planned.stops.map(({ place: _place, effort: _effort, ...stop }, sequence) => ({
      ...stop,
      id: id * 1000 + sequence,
      routeId: id,
      sequence,
    })),
  };
}

type Warp = {
  readonly world: World;
  readonly day: VanDay;
  readonly route: Route;
  readonly planned: RoutePlan;
  readonly depot: Position;
};

/** The simulator's day with every leg and service stretched by what the world adds. */
function warped({ world, day, route, planned, depot }: Warp, seed: string): RouteDay {
  const chance = random(`${seed}/warp/${route.code}`);
  const from = day.leftAt;
  const ramp =
    ([a, b]: readonly [number, number]) =>
    (at: number): number =>
      a + (b - a) * Math.min(1, Math.max(0, (at - from) / 36_000));
  const serviceFactor = ramp(world.service ?? [1, 1]);
  const travelFactor = ramp(world.travel ?? [1, 1]);
  const shared = sharedNoise(world, day.visits.length + 1, chance);
  const indexOf = new Map(planned.stops.map(({ code }, i) => [code, i]));
  const lunchLeg = lunchLegOf(day, planned, indexOf);
  const knots = { was: [day.leftAt], is: [day.leftAt] };
  let now = day.leftAt;
  let was = day.leftAt;
  let furthest = -1;
  const spend = (until: number, factor: number): void => {
    now += (until - was) * factor;
    was = until;
    knots.was.push(was);
    knots.is.push(now);
  };
  const visits = day.visits.map((visit, k): ServedStop => {
    const index = indexOf.get(visit.stop)!;
    spend(visit.arrivedAt, k === lunchLeg ? 1 : travelFactor(now) * shared[k]!);
    const arrivedAt = now;
    spend(visit.departedAt, serviceFactor(now) * shared[k]!);
    const isOutOfSequence = index < furthest;
    furthest = Math.max(furthest, index);
    return {
      ...{ stopId: route.stops[index]!.id, routeId: route.id, vehicleId: route.vehicleId },
      ...{ arrivedAt, departedAt: now, confidence: 0.95, evidence: 'halt' },
      ...{ outcome: visit.outcome, isOutOfSequence },
    };
  });
  spend(day.returnedAt, travelFactor(now) * shared.at(-1)!);
  const read = openTrackReader(day.track);
  const { pace, style, lunch, lunchAfter } = day.driver;
  return {
    ...{ route, depot, visits, lunchLeg, leftAt: day.leftAt, returnedAt: now },
    position: (at) => read(unwarped(knots, at)),
    hidden: {
      ...{ pace, style, lunch: { seconds: lunch, after: planned.plannedDeparture + lunchAfter } },
      effort: Float64Array.from(planned.stops, ({ effort }) => effort),
      serviceFactor,
      travelFactor,
    },
  };
}

/** exp of a first-order autoregression with mean one: what a neighbourhood does to stops in a row. */
function sharedNoise({ shared }: World, count: number, chance: Random): Float64Array {
  if (!shared) return new Float64Array(count).fill(1);
  const keep = Math.exp(-1 / shared.stops);
  let state = shared.spread * chance.normal();
  return Float64Array.from({ length: count }, () => {
    state = keep * state + Math.sqrt(1 - keep * keep) * shared.spread * chance.normal();
    return Math.exp(state - shared.spread ** 2 / 2);
  });
}

function lunchLegOf(
  { visits, driver }: VanDay,
  { stops }: RoutePlan,
  indexOf: ReadonlyMap<string, number>,
): number {
  let best = -1;
  let most = 0.7 * driver.lunch;
  if (driver.lunch <= 0) return best;
  for (let k = 1; k < visits.length; k++) {
    const index = indexOf.get(visits[k]!.stop)!;
    const before = stops[index - 1];
    const gap = visits[k]!.arrivedAt - visits[k - 1]!.departedAt;
    const planned = before ? stops[index]!.plannedArrival - before.plannedArrival - before.service : 0;
    const more = gap - (planned > 1200 ? 0 : Math.max(0, planned));
    if (more <= most) continue;
    best = k;
    most = more;
  }
  return best;
}

function unwarped({ was, is }: { was: readonly number[]; is: readonly number[] }, at: number): number {
  let low = 0;
  let high = is.length - 1;
  if (at <= is[0]!) return was[0]! + (at - is[0]!);
  if (at >= is[high]!) return was[high]! + (at - is[high]!);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (is[middle]! <= at) low = middle;
    else high = middle;
  }
  const span = is[high]! - is[low]!;
  return was[low]! + (span > 0 ? ((at - is[low]!) / span) * (was[high]! - was[low]!) : 0);
}
