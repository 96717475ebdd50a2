import type { City } from './city/city.ts';
import { openKerbs } from './city/kerbs.ts';
import { openRouter } from './city/paths.ts';
import type { DayPlan, StopPlan } from './plan.ts';
import type { Scenario } from './scenario/scenario.ts';
import type { VanDay } from './van/day.ts';
import { openDisruptions } from './van/disruptions.ts';
import { openGates } from './van/gate.ts';
import { openMeetings } from './van/meetings.ts';
import type { Order } from './van/orders.ts';
import { disruptionsOf } from './van/random-disruptions.ts';
import { parcelKey, type StopBook } from './van/tasks.ts';
import { roadTravel, type Travel } from './van/travel.ts';
import { openVan, type Van } from './van/van.ts';

export type FleetInput = {
  readonly scenario: Scenario;
  readonly city: City;
  readonly plan: DayPlan;
  /** By road where nothing else is said. */
  readonly travel?: Travel | undefined;
};

/**
 * The vans of one shift, each driven as far as somebody asks for it: they know of one another only
 * where two of them are to meet. The same orders at the same instants give the same days.
 */
export type Fleet = {
  /** The van of a route by its place in the plan; driven from the start when not open. */
  readonly van: (routeIndex: number) => Van;
  /** Sends something down; returns it with the instant it took effect. Undefined: no such van. */
  readonly give: (order: Order) => Order | undefined;
  /** Everything given so far, in the order it was given. */
  readonly given: () => readonly Order[];
  /** Lets go of a van whose day is over, unless others may still ask what it was told. */
  readonly forget: (routeIndex: number) => void;
  readonly day: (routeIndex: number) => VanDay;
};

/** A fleet to which these orders were given before. */
export function openFleet(
  { scenario, city, plan, travel = roadTravel(city.graph, openRouter(city.graph)) }: FleetInput,
  before: readonly Order[] = [],
): Fleet {
  const disruptions = disruptionsOf(scenario, city, plan);
  const troubleOf = openDisruptions({ seed: scenario.seed, disruptions, city, plan });
  const leavesAt = openLater(() => openGates({ scenario, plan, troubleOf }));
  const vans = new Map<number, Van>();
  const orders: Order[] = [...before];
  const indexes = openIndexes(plan);
  const book: StopBook = { planned: indexes.stop, kerb: openLater(() => openKerbs(city)) };
  const van = (routeIndex: number): Van => {
    const open = vans.get(routeIndex);
    if (open !== undefined) return open;
    const trouble = troubleOf(routeIndex);
    const own = { routeIndex, trouble, leavesAt: leavesAt(routeIndex) };
    const opened = openVan({ scenario, city, travel, plan, ...own }, { meetings, book });
    vans.set(routeIndex, opened);
    const { vehicle } = plan.routes[routeIndex]!;
    for (const order of orders) if (order.vehicle === vehicle) opened.take(order);
    return opened;
  };
  const named = (vehicle: string): Van | undefined => {
    const index = indexes.vehicle(vehicle);
    return index === undefined ? undefined : van(index);
  };
  const meetings = openMeetings(scenario.seed, {
    advanceOther: (vehicle, at) => named(vehicle)?.advance(at),
    parcelsOf: (vehicle, keys) => named(vehicle)?.giveUp(keys) ?? [],
  });
  return {
    van,
    give: (order) => {
      const given = named(order.vehicle)?.take(order);
      if (given !== undefined) orders.push(given);
      return given;
    },
    given: () => orders,
    forget: (routeIndex) => {
      const { vehicle } = plan.routes[routeIndex]!;
      if (!orders.some((order) => order.vehicle === vehicle)) vans.delete(routeIndex);
    },
    day: (routeIndex) => van(routeIndex).day(),
  };
}

/** Makes the day of the van of one route, each time anew: none is kept that nobody was told about. */
export function dayMaker(shift: FleetInput, orders: readonly Order[] = []): (routeIndex: number) => VanDay {
  const fleet = openFleet(shift, orders);
  return (routeIndex) => {
    const day = fleet.day(routeIndex);
    fleet.forget(routeIndex);
    return day;
  };
}

/** Made when first asked for: most shifts are driven as planned, and never ask. */
function openLater<A, R>(open: () => (argument: A) => R): (argument: A) => R {
  let made: ((argument: A) => R) | undefined;
  return (argument) => {
    made ??= open();
    return made(argument);
  };
}

function openIndexes({ routes }: DayPlan) {
  return {
    vehicle: openLater(() => {
      const byName = new Map(routes.map(({ vehicle }, index) => [vehicle, index]));
      return (vehicle: string) => byName.get(vehicle);
    }),
    stop: openLater(() => {
      const byKey = new Map<string, StopPlan>();
      for (const { stops } of routes) for (const stop of stops) byKey.set(parcelKey(stop.position), stop);
      return (key: string) => byKey.get(key);
    }),
  };
}
