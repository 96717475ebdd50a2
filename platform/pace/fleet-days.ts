import type { StopVisit } from '../../schemas/event.ts';
import type { Route } from '../../schemas/plan.ts';
import type { Position } from '../../schemas/position.ts';
import { type Random, random } from '../../schemas/random.ts';
import type { City } from '../../simulator/city/city.ts';
import { openRouter, type Router } from '../../simulator/city/paths.ts';
import { cityOf } from '../../simulator/city/road-file.ts';
import { type DayPlan, dayPlan, type RoutePlan } from '../../simulator/plan.ts';
import { type Scenario, scenarios } from '../../simulator/scenario/scenario.ts';
import { type Disruption, openDisruptions, type VanTrouble } from '../../simulator/van/disruptions.ts';
import { type Driver, driverOf } from '../../simulator/van/driver.ts';
import { openGates } from '../../simulator/van/gate.ts';
import { disruptionsOf } from '../../simulator/van/random-disruptions.ts';
import { openTrackReader } from '../../simulator/van/track.ts';
import { type VanDay, vanDay } from '../../simulator/van/van.ts';
import type { World } from './worlds.ts';

/** Standing that no stop explains, on the way to visit `leg` (an index into visits; their number: home). */
export type Pause = {
  readonly leg: number;
  readonly seconds: number;
  /** From when on it is settled that it comes: lunch always is. */
  readonly knownFrom: number;
};

/** What was truly behind a route's day, as the noise floor knows it. */
export type Hidden = {
  readonly pace: number;
  readonly style: VanDay['driver']['style'];
  readonly lunch: { readonly seconds: number; readonly after: number };
  /** Standard normal each planned service came from, by index. */
  readonly effort: Float64Array;
  /** What the world makes of services and legs. */
  readonly service: Drift;
  readonly travel: Drift;
  /** Breakdowns and stops that came in between. */
  readonly pauses: readonly Pause[];
  readonly jams: readonly Jam[];
};

/** A factor that changes evenly for ten hours. */
export type Drift = { readonly since: number; readonly factors: readonly [number, number] };

export const driftAt = ({ since, factors: [a, b] }: Drift, at: number): number =>
  a + (b - a) * Math.min(1, Math.max(0, (at - since) / 36_000));

/** Streets round some stops (indexes) that are so many times as slow for a while. */
export type Jam = {
  readonly from: number;
  readonly until: number;
  readonly slowness: number;
  readonly stops: readonly number[];
};

/** A visit that is over. */
export type ServedStop = StopVisit & { readonly departedAt: number };

/** A route and all that came of it. */
export type RouteDay = {
  readonly route: Route;
  readonly depot: Position;
  /** Shifts of this driver before, in this fleet. */
  readonly shiftsBefore: number;
  /** By arrival. */
  readonly visits: readonly ServedStop[];
  /** The leg (index into visits) on which lunch was taken, or −1. */
  readonly lunchLeg: number;
  readonly leftAt: number;
  readonly returnedAt: number;
  readonly position: (at: number) => Position;
  readonly hidden: Hidden;
};

/** The first shift of a fleet begins then; each other one a day later. */
const SHIFT_START = 1_790_000_000;
const DAY = 86_400;

/**
 * Shifts of one fleet on days in a row: one city and the same drivers, some of them new each day; plan,
 * chance and trouble are each day's own. Every route has the simulator's own geometry, chance and driver.
 */
export function* fleetDays(
  world: World,
  { vans, days }: { readonly vans: number; readonly days: number },
  seed: string,
): Generator<RouteDay[]> {
  const demo = scenarios.demo!;
  const fleetSeed = `pace/${world.name}/${seed}`;
  const base: Scenario = {
    ...demo,
    ...{ seed: fleetSeed, vans, startHour: world.startHour ?? demo.startHour, random: world.random ?? {} },
    driver: { ...demo.driver, ...world.driver },
  };
  const city = cityOf(base);
  const router = openRouter(city.graph);
  const shifts = new Map<number, number>();
  for (let day = 0; day < days; day++) {
    const scenario = { ...base, seed: `${fleetSeed}/${day}` };
    const plan = dayPlan(scenario, city, SHIFT_START + day * DAY);
    yield shiftOf({ world, scenario, city, router, plan, day, fleetSeed, shifts });
  }
}

type Shift = {
  readonly world: World;
  readonly scenario: Scenario;
  readonly city: City;
  readonly router: Router;
  readonly plan: DayPlan;
  readonly day: number;
  readonly fleetSeed: string;
  /** By driver, how many he has had. */
  readonly shifts: Map<number, number>;
};

function shiftOf(shift: Shift): RouteDay[] {
  const { world, scenario, city, plan, router, day, shifts } = shift;
  const { seed } = scenario;
  const all = disruptionsOf({ ...scenario, random: scenario.random }, city, plan);
  const troubleOf = openDisruptions({ seed, disruptions: all, city, plan });
  const troubles = plan.routes.map((_, routeIndex) => troubleOf(routeIndex));
  const leaves = openGates({ scenario, plan, troubleOf: (routeIndex) => troubles[routeIndex]! });
  const jams = all.flatMap((entry) => {
    if (entry.kind !== 'jam') return [];
    const from = plan.shiftStart + entry.after * 60;
    return [{ ...entry, from, until: from + entry.lasts * 60 }];
  });
  return plan.routes.map((route, routeIndex) => {
    const driverId = driverIdOf(shift, routeIndex);
    const driver = driverOn(shift, route, driverId);
    const trouble = troubles[routeIndex]!;
    const input = { scenario, city, router, plan, routeIndex, trouble, driver };
    const drove = vanDay({ ...input, leavesAt: leaves(routeIndex) });
    const shiftsBefore = shifts.get(driverId) ?? 0;
    shifts.set(driverId, shiftsBefore + 1);
    const depot = plan.depots[route.depotIndex]!.position;
    const told = { ...routeOf(route, day * 1000 + routeIndex), vehicleId: routeIndex + 1, driverId };
    const warp = { world: worldOn(world, day), day: drove, route: told, planned: route, depot, trouble };
    const { hidden, ...what } = warped(warp, seed);
    return { ...what, shiftsBefore, hidden: { ...hidden, jams: jamsOn(route, jams, city) } };
  });
}

type JamArea = { readonly from: number; readonly until: number } & Extract<Disruption, { kind: 'jam' }>;

function jamsOn({ stops }: RoutePlan, jams: readonly JamArea[], { frame }: City): Jam[] {
  return jams.flatMap(({ from, until, speed, east, north, radius }) => {
    const near = stops.flatMap(({ position }, i) => {
      const [x, y] = [frame.x(position.lng) - east * 1000, frame.y(position.lat) - north * 1000];
      return Math.hypot(x, y) < radius ? [i] : [];
    });
    return near.length === 0 ? [] : [{ from, until, slowness: 1 / speed, stops: near }];
  });
}

const worldOn = (world: World, day: number): World =>
  day >= (world.driftsFrom ?? 0) ? world : { ...world, service: [1, 1], travel: [1, 1] };

/** The van's usual driver, or now and then one who is new. */
function driverIdOf({ world, scenario, day }: Shift, routeIndex: number): number {
  const isNew = random(`${scenario.seed}/newcomer ${routeIndex}`).chance(world.newcomers ?? 0);
  return isNew ? (day + 1) * 10_000 + routeIndex : routeIndex + 1;
}

/** Style and pace are the person's, the form of the day, lunch and the start are the day's. */
function driverOn({ world, scenario, fleetSeed }: Shift, route: RoutePlan, driverId: number): Driver {
  const person = driverOf(scenario, random(`${fleetSeed}/driver/${driverId}`));
  const today = driverOf(scenario, random(`${scenario.seed}/van/${route.vehicle}`).fork('driver'));
  const form = Math.exp((world.form ?? 0) * random(`${scenario.seed}/form/${route.vehicle}`).normal());
  return { ...today, style: person.style, pace: person.pace * form };
}

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
  readonly trouble: VanTrouble;
};

/** The simulator's day with every leg and service stretched by what the world adds. */
function warped({ world, day, route, planned, depot, trouble }: Warp, seed: string) {
  const chance = random(`${seed}/warp/${route.code}`);
  const service: Drift = { since: day.leftAt, factors: world.service ?? [1, 1] };
  const travel: Drift = { since: day.leftAt, factors: world.travel ?? [1, 1] };
  const shared = sharedNoise(world, day.visits.length + 1, chance);
  const indexOf = new Map(planned.stops.map(({ code }, i) => [code, i]));
  const { lunchLeg, others } = standingOf(day);
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
  /** On the way: what is driven is stretched, what is rested is not. */
  const goTo = (until: number, k: number): void => {
    for (const rest of day.rests) {
      if (rest.from < was || rest.until > until) continue;
      spend(rest.from, driftAt(travel, now) * shared[k]!);
      spend(rest.until, 1);
    }
    spend(until, driftAt(travel, now) * shared[k]!);
  };
  const visits = day.visits.map((visit, k): ServedStop => {
    const index = indexOf.get(visit.stop)!;
    goTo(visit.arrivedAt, k);
    const arrivedAt = now;
    spend(visit.departedAt, driftAt(service, now) * shared[k]!);
    const isOutOfSequence = index < furthest;
    furthest = Math.max(furthest, index);
    return {
      ...{ stopId: route.stops[index]!.id, routeId: route.id, vehicleId: route.vehicleId },
      ...{ arrivedAt, departedAt: now, confidence: 0.95, evidence: 'halt' },
      ...{ outcome: visit.outcome, isOutOfSequence },
    };
  });
  goTo(day.returnedAt, day.visits.length);
  const read = openTrackReader(day.track);
  const { pace, style, lunch, lunchAfter } = day.driver;
  const settled = [...trouble.breakdowns, ...trouble.added].map((one) => one.from);
  return {
    ...{ route, depot, visits, lunchLeg, leftAt: day.leftAt, returnedAt: now },
    position: (at: number) => read(between(knots.is, knots.was, at)),
    hidden: {
      ...{ pace, style, lunch: { seconds: lunch, after: planned.plannedDeparture + lunchAfter } },
      effort: Float64Array.from(planned.stops, ({ effort }) => effort),
      ...{ service, travel },
      pauses: others.map(({ leg, from, until }) => ({
        ...{ leg, seconds: until - from },
        knownFrom: between(
          knots.was,
          knots.is,
          settled.filter((at) => at <= from).reduce((latest, at) => Math.max(latest, at), day.leftAt),
        ),
      })),
    },
  };
}

/** On which leg lunch was, and what else stood or drove about where the plan has nothing. */
function standingOf({ rests, visits, driver, disruptions }: VanDay) {
  const legAt = (at: number): number => {
    const next = visits.findIndex(({ arrivedAt }) => arrivedAt >= at);
    return next < 0 ? visits.length : next;
  };
  const lunch = rests.find(
    ({ from, until }) => driver.lunch > 0 && Math.abs(until - from - driver.lunch) < 1e-3,
  );
  const others = disruptions
    .filter(({ kind }) => kind === 'breakdown' || kind === 'van-swap' || kind === 'added-stops')
    .map(({ from, until }) => ({ leg: legAt(from), from, until }));
  return { lunchLeg: lunch === undefined ? -1 : legAt(lunch.until), others };
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

/** Where an instant of one clock lies on the other; both run alike before the first knot and after the last. */
function between(was: readonly number[], is: readonly number[], at: number): number {
  let low = 0;
  let high = was.length - 1;
  if (at <= was[0]!) return is[0]! + (at - was[0]!);
  if (at >= was[high]!) return is[high]! + (at - was[high]!);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (was[middle]! <= at) low = middle;
    else high = middle;
  }
  const span = was[high]! - was[low]!;
  return is[low]! + (span > 0 ? ((at - was[low]!) / span) * (is[high]! - is[low]!) : 0);
}
