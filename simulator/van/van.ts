import type { StopReport } from '../../schemas/fix.ts';
import type { Position } from '../../schemas/position.ts';
import { type Random, random } from '../../schemas/random.ts';
import type { City } from '../city/city.ts';
import type { Place, Router } from '../city/paths.ts';
import type { DayPlan, RoutePlan, StopPlan } from '../plan.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { TrueDisruption, VanTrouble } from './disruptions.ts';
import { type Driver, driverOf, pressesOf, serviceTime } from './driver.ts';
import { drive, lineOf } from './motion.ts';
import type { Stretch } from './stretches.ts';
import { creep, openTrackBuilder, type Track, type TrackBuilder } from './track.ts';

/** A stop as it was really served: from standing still to driving off. */
export type TrueVisit = {
  readonly stop: string;
  readonly arrivedAt: number;
  readonly departedAt: number;
  readonly outcome: 'served' | 'failed';
};

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
  /** Lunch and other standing that is no stop. */
  readonly rests: readonly Stretch[];
  readonly isElectric: boolean;
  /** Metres on the odometer when the day began, and the share of tank or battery. */
  readonly odometer: number;
  readonly energy: number;
  readonly reports: readonly StopReport[];
  /** What went wrong for this van; that of places is in the scenario. */
  readonly disruptions: readonly TrueDisruption[];
};

/** Seconds a van is on the air before it leaves and after it is back. */
export const ON_AIR_BEFORE = 600;
const AFTER = 900;

export type VanInput = {
  readonly scenario: Scenario;
  readonly city: City;
  readonly router: Router;
  readonly plan: DayPlan;
  readonly routeIndex: number;
  readonly trouble?: VanTrouble | undefined;
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
  readonly rests: Stretch[];
  readonly reports: StopReport[];
  readonly disruptions: TrueDisruption[];
  /** Of the trouble's breakdowns and added stops, how many are over. */
  readonly met: { breakdowns: number; added: number };
};

/** Drives one van through its day. Same scenario and route, same day, to the last digit. */
export function vanDay(input: VanInput): VanDay {
  const { scenario, plan, routeIndex, trouble } = input;
  const route = plan.routes[routeIndex]!;
  const chance = random(`${scenario.seed}/van/${route.vehicle}`);
  const driver = underConditions(driverOf(scenario, chance.fork('driver')), scenario, trouble);
  const depot = plan.depots[route.depotIndex]!;
  const slot = slotIn(input.city, depot.position, routeIndex);
  const leaves = route.plannedDeparture + driver.lateStart + (trouble?.late ?? 0);
  const track = openTrackBuilder(route.plannedDeparture - ON_AIR_BEFORE, slot);
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
    rests: [],
    reports: [],
    disruptions: (trouble?.kinds ?? []).map((kind) => ({ ...kind, vehicle: route.vehicle })),
    met: { breakdowns: 0, added: 0 },
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
  const { visits, engineOff, doorOpen, unbelted, rests, reports, disruptions } = doing;
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
    rests,
    isElectric: chance.chance(scenario.electric),
    odometer: Math.round(chance.between(5e6, 180e6)),
    energy: chance.between(0.7, 1),
    reports,
    disruptions,
  };
}

/** What the day makes of a driver: the weather, a van too full. */
function underConditions(driver: Driver, { conditions }: Scenario, trouble?: VanTrouble): Driver {
  const { style } = driver;
  const { driving, service } = conditions;
  return {
    ...driver,
    style: {
      speedFactor: style.speedFactor * driving,
      acceleration: style.acceleration * Math.min(1, driving),
      braking: style.braking * Math.min(1, driving),
    },
    pace: driver.pace * service * (trouble?.serviceFactor ?? 1),
  };
}

/** Parking places in rows round the middle of the yard. */
function slotIn({ frame }: City, { lng, lat }: Position, index: number): Position {
  const [column, row] = [index % 8, Math.floor(index / 8) % 6];
  return frame.position(frame.x(lng) + (column - 3.5) * 7, frame.y(lat) + (row - 2.5) * 9);
}

function pointOf(city: City, place: Place): Position {
  const path = { edges: [place.edge], from: place, to: place, seconds: 0, metres: 0, isTurned: false };
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
    here = breakDown(doing, here, target);
    here = driveTo(doing, here, target, true);
    serve(doing, stop);
    here = serveAdded(doing, here);
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
  const { trouble } = input;
  const path = input.router(from, to, trouble?.closed(track.now()));
  const hour = input.scenario.startHour + (track.now() - input.plan.shiftStart) / 3600;
  const startedAt = track.now();
  const { graph } = input.city;
  const share = trouble && ((edge: number) => trouble.speed(edge, startedAt));
  track.move(drive({ graph, path, style: driver.style, hour, chance, isStop, share }), lineOf(graph, path));
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

/** Stands where the van happens to be on its way, engine off, until it is repaired. */
function breakDown(doing: Doing, here: Place, target: Place): Place {
  const { input, track, met, route } = doing;
  const next = input.trouble?.breakdowns[met.breakdowns];
  if (next === undefined || track.now() < next.from) return here;
  met.breakdowns++;
  const path = input.router(here, target);
  const edge = path.edges[path.edges.length >> 1]!;
  const reached = path.edges.length < 3 ? here : driveTo(doing, here, { edge, offset: 1 }, false);
  const from = track.now();
  rest(doing, next.seconds);
  doing.disruptions.push({ kind: 'breakdown', vehicle: route.vehicle, from, until: track.now() });
  return reached;
}

/** Stops that the plan does not know, a little way from here: standing that no stop explains. */
function serveAdded(doing: Doing, here: Place): Place {
  const { input, track, met, route, driver, chance } = doing;
  const next = input.trouble?.added[met.added];
  if (next === undefined || track.now() < next.from) return here;
  met.added++;
  const { graph } = input.city;
  const extra = chance.fork(`added ${met.added}`);
  const from = track.now();
  let place = here;
  for (let i = 0; i < next.count; i++) {
    const outward = graph.to[place.edge]!;
    const edge =
      graph.firstEdge[outward]! + extra.integer(graph.firstEdge[outward + 1]! - graph.firstEdge[outward]!);
    place = driveTo(doing, place, { edge, offset: graph.length[edge]! * extra.between(0.3, 0.7) }, true);
    rest(doing, serviceTime(driver, extra.normal(), extra));
  }
  doing.disruptions.push({ kind: 'added-stops', vehicle: route.vehicle, from, until: track.now() });
  return place;
}

function rest({ track, engineOff, rests }: Doing, seconds: number): void {
  const from = track.now();
  track.wait(seconds);
  rests.push({ from, until: track.now() });
  engineOff.push({ from: from + 5, until: track.now() - 5 });
}
