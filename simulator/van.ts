import type { StopReport } from '../schemas/fix.ts';
import type { Position } from '../schemas/position.ts';
import { type Random, random } from '../schemas/random.ts';
import type { City } from './city.ts';
import { type Driver, driverOf, pressesOf, serviceTime } from './driver.ts';
import { drive, lineOf } from './motion.ts';
import type { Place, Router } from './paths.ts';
import type { DayPlan, RoutePlan, StopPlan } from './plan.ts';
import type { Scenario } from './scenario.ts';
import { creep, openTrackBuilder, type Track, type TrackBuilder } from './track.ts';

/** A stop as it was really served: from standing still to driving off. */
export type TrueVisit = {
  readonly stop: string;
  readonly arrivedAt: number;
  readonly departedAt: number;
  readonly outcome: 'served' | 'failed';
};

/** A stretch in which something of the van is switched: [from, until). */
export type Stretch = { readonly from: number; readonly until: number };

/** Everything that really happened to one van on one shift, whatever its device made of it. */
export type VanDay = {
  readonly vehicle: string;
  readonly route: string;
  readonly driver: Driver;
  readonly track: Track;
  readonly visits: readonly TrueVisit[];
  readonly leftAt: number;
  readonly returnedAt: number;
  readonly engineOff: readonly Stretch[];
  readonly doorOpen: readonly Stretch[];
  readonly unbelted: readonly Stretch[];
  readonly isElectric: boolean;
  /** Metres on the odometer when the day began, and the share of tank or battery. */
  readonly odometer: number;
  readonly energy: number;
  readonly reports: readonly StopReport[];
};

/** Seconds a van is on the air before it leaves and after it is back. */
const BEFORE = 600;
const AFTER = 900;

export type VanInput = {
  readonly scenario: Scenario;
  readonly city: City;
  readonly router: Router;
  readonly plan: DayPlan;
  readonly routeIndex: number;
};

type Doing = {
  readonly input: VanInput;
  readonly route: RoutePlan;
  readonly driver: Driver;
  readonly chance: Random;
  readonly track: TrackBuilder;
  readonly visits: TrueVisit[];
  readonly engineOff: Stretch[];
  readonly doorOpen: Stretch[];
  readonly unbelted: Stretch[];
  readonly reports: StopReport[];
};

/** Drives one van through its day. Same scenario and route, same day, to the last digit. */
export function vanDay(input: VanInput): VanDay {
  const { scenario, plan, routeIndex } = input;
  const route = plan.routes[routeIndex]!;
  const chance = random(`${scenario.seed}/van/${route.vehicle}`);
  const driver = driverOf(scenario, chance.fork('driver'));
  const depot = plan.depots[route.depotIndex]!;
  const slot = slotIn(input.city, depot.position, routeIndex);
  const leaves = route.plannedDeparture + driver.lateStart;
  const track = openTrackBuilder(route.plannedDeparture - BEFORE, slot);
  const doing: Doing = {
    input,
    route,
    driver,
    chance: chance.fork('day'),
    track,
    visits: [],
    engineOff: [{ from: track.now(), until: leaves - 60 }],
    doorOpen: [{ from: track.now() + 120, until: leaves - 90 }],
    unbelted: [],
    reports: [],
  };
  track.wait(leaves - track.now());
  const leftAt = track.now();
  const gate = pointOf(input.city, depot.gate);
  const out = creep(slot, gate);
  track.move(out.motion, out.line);
  const here = serveAll(doing, depot.gate);
  driveTo(doing, here, depot.gate, false);
  const back = creep(gate, slot);
  track.move(back.motion, back.line);
  const returnedAt = track.now();
  doing.engineOff.push({ from: returnedAt + 45, until: Number.POSITIVE_INFINITY });
  track.wait(AFTER);
  const { visits, engineOff, doorOpen, unbelted, reports } = doing;
  return {
    vehicle: route.vehicle,
    route: route.code,
    driver,
    track: track.build(),
    visits,
    leftAt,
    returnedAt,
    engineOff,
    doorOpen,
    unbelted,
    isElectric: chance.chance(scenario.electric),
    odometer: Math.round(chance.between(5e6, 180e6)),
    energy: chance.between(0.7, 1),
    reports,
  };
}

/** Parking places in rows round the middle of the yard. */
function slotIn({ frame }: City, { lng, lat }: Position, index: number): Position {
  const [column, row] = [index % 8, Math.floor(index / 8) % 6];
  return frame.position(frame.x(lng) + (column - 3.5) * 7, frame.y(lat) + (row - 2.5) * 9);
}

function pointOf(city: City, place: Place): Position {
  const path = { edges: [place.edge], from: place, to: place, seconds: 0, metres: 0 };
  const line = lineOf(city.graph, path);
  return { lng: line.lng[0]!, lat: line.lat[0]! };
}

function serveAll(doing: Doing, gate: Place): Place {
  const { route, driver, chance, track } = doing;
  const order = orderServed(route.stops, doing.input.scenario.driver.swap, chance.fork('order'));
  let here = gate;
  let lunch = driver.lunch;
  for (const stop of order) {
    const isHungry = lunch > 0 && track.now() - route.plannedDeparture > driver.lunchAfter;
    const target = parkingFor(doing, stop);
    if (isHungry) {
      const path = doing.input.router(here, target);
      // Lunch is taken on the way, clear of any address: at the far end of a longer leg.
      const corner = path.metres > 260 && path.edges.length >= 4 ? path.edges[path.edges.length >> 1]! : -1;
      if (corner >= 0) {
        here = driveTo(doing, here, { edge: corner, offset: 1 }, false);
        rest(doing, lunch);
        lunch = 0;
      }
    }
    here = driveTo(doing, here, target, true);
    serve(doing, stop);
  }
  return here;
}

/** The planned order with a neighbour taken first now and then. */
function orderServed(stops: readonly StopPlan[], swap: number, chance: Random): StopPlan[] {
  const order = stops.slice();
  for (let i = 0; i + 1 < order.length; i++) {
    if (!chance.chance(swap)) continue;
    [order[i], order[i + 1]] = [order[i + 1]!, order[i]!];
    i++;
  }
  return order;
}

/** A few metres from the door, now and then further. */
function parkingFor({ input, chance }: Doing, stop: StopPlan): Place {
  const { graph } = input.city;
  const isBad = chance.chance(input.scenario.driver.badParking);
  const away = isBad ? (chance.chance(0.5) ? 1 : -1) * chance.between(15, 24) : 4 * chance.normal();
  const length = graph.length[stop.place.edge]!;
  const offset = Math.max(8, Math.min(length - 8, stop.place.offset + Math.max(-24, Math.min(24, away))));
  return { edge: stop.place.edge, offset };
}

function driveTo(doing: Doing, from: Place, to: Place, isStop: boolean): Place {
  const { input, driver, chance, track } = doing;
  const path = input.router(from, to);
  const hour = input.scenario.startHour + (track.now() - input.plan.shiftStart) / 3600;
  const startedAt = track.now();
  const { graph } = input.city;
  track.move(drive({ graph, path, style: driver.style, hour, chance, isStop }), lineOf(graph, path));
  if (chance.chance(driver.unbelted)) doing.unbelted.push({ from: startedAt, until: track.now() });
  return path.to;
}

function serve(doing: Doing, stop: StopPlan): void {
  const { driver, chance, track, input } = doing;
  const arrivedAt = track.now();
  const seconds = serviceTime(driver, stop.effort, chance);
  const outcome = chance.chance(input.scenario.driver.failed) ? 'failed' : 'served';
  track.wait(seconds);
  const departedAt = track.now();
  doing.visits.push({ stop: stop.code, arrivedAt, departedAt, outcome });
  // Getting out and in again takes a few seconds on either side of the parcel.
  if (chance.chance(driver.switchesOff)) doing.engineOff.push({ from: arrivedAt + 2, until: departedAt - 3 });
  doing.doorOpen.push({ from: arrivedAt + 4, until: arrivedAt + Math.min(14, seconds * 0.4) });
  doing.reports.push(...pressesOf({ driver, stop: stop.code, arrivedAt, departedAt, outcome, chance }));
}

function rest({ track, engineOff }: Doing, seconds: number): void {
  const from = track.now();
  track.wait(seconds);
  engineOff.push({ from: from + 5, until: track.now() - 5 });
}
