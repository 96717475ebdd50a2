import type { Position } from '../../schemas/position.ts';
import { random } from '../../schemas/random.ts';
import type { City } from '../city/city.ts';
import type { Router } from '../city/paths.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { answer, type Doing, type VanInput } from './acts.ts';
import type { DeviceView, VanDay } from './day.ts';
import type { VanTrouble } from './disruptions.ts';
import { type Driver, driverOf } from './driver.ts';
import type { Company, Driving } from './driving.ts';
import { judgeCommand, judgeRoute, type Order } from './orders.ts';
import { step } from './steps.ts';
import { parcelKey, plannedTask } from './tasks.ts';
import { openTrackBuilder } from './track.ts';
import { roadTravel } from './travel.ts';

export type { VanInput } from './acts.ts';
export type { DeviceView, TrueVisit, VanDay } from './day.ts';

/** Seconds a van is on the air before it leaves and after it is back. */
export const ON_AIR_BEFORE = 600;
const AFTER = 900;

/**
 * A van that drives its day step by step: a step is what is decided at one instant (to drive to the
 * next stop and serve it, to eat, to wait for another van), and is finished whatever is ordered
 * meanwhile. What is ordered is heard at the first decision after it. The same input and the same
 * orders at the same instants give the same day, however far it is asked for at a time.
 */
export type Van = {
  /** What the device can know of it, growing. */
  readonly view: DeviceView;
  /** Decides everything that begins before an instant: up to and with it all is certain then. */
  readonly advance: (at: number) => void;
  /** The instant the device goes off; infinite while that is open. */
  readonly offAirAt: () => number;
  /**
   * Sends something down. It is heard at its instant, but not before anything that is certain already;
   * returns the order with the instant it took effect: given again at that one, all is the same.
   */
  readonly take: (order: Order) => Order;
  /** Takes parcels out of the van: those of them that it had. */
  readonly giveUp: (keys: readonly string[]) => readonly string[];
  /** What it is at, and what it has done: look at nothing in it that is later than it was advanced to. */
  readonly state: () => Readonly<Driving>;
  /** The whole day; decides what is left of it. */
  readonly day: () => VanDay;
};

/** Drives one van through its day by itself. Same scenario and route, same day, to the last digit. */
export const vanDay = ({
  router,
  ...input
}: Omit<VanInput, 'travel'> & { readonly router: Router }): VanDay =>
  openVan({ ...input, travel: roadTravel(input.city.graph, router) }).day();

export function openVan(input: VanInput, company?: Company): Van {
  const driving = beginDay(input, company);
  const { doing, aboard } = driving;
  const view = viewOf(doing);
  let isDeciding = false;
  /** Everything before this is certain. */
  let certain = Number.NEGATIVE_INFINITY;
  const advance = (at: number): void => {
    // Two vans that wait for one another ask one another: who asked first goes on.
    if (isDeciding) return;
    isDeciding = true;
    while (step(driving, Math.min(at, offAirAt())));
    isDeciding = false;
    certain = Math.max(certain, at);
  };
  const offAirAt = (): number =>
    driving.phase === 'home' ? doing.outings.at(-1)!.returnedAt + AFTER : Infinity;
  return {
    view,
    advance,
    offAirAt,
    take: (order) => takeOrder(driving, { ...order, at: afterAll(order.at, certain) }),
    giveUp: (keys) => keys.filter((key) => aboard.delete(key)),
    state: () => driving,
    day: () => {
      advance(Number.POSITIVE_INFINITY);
      const { route, driver, track, visits, outings, rests, handovers, skipped, disruptions } = doing;
      track.wait(offAirAt() - track.now());
      return {
        ...view,
        ...{ driver, visits, outings, rests, handovers, skipped, disruptions },
        track: track.build(),
        route: route.code,
        leftAt: outings[0]!.leftAt,
        returnedAt: outings.at(-1)!.returnedAt,
      };
    },
  };
}

/** Whole milliseconds, as orders are written down. */
const afterAll = (at: number, certain: number): number =>
  at > certain ? Math.ceil(at * 1000) / 1000 : (Math.floor(certain * 1000) + 1) / 1000;

function beginDay(input: VanInput, company: Company | undefined): Driving {
  const { scenario, plan, routeIndex, trouble } = input;
  const route = plan.routes[routeIndex]!;
  const own =
    input.driver ?? driverOf(scenario, random(`${scenario.seed}/van/${route.vehicle}`).fork('driver'));
  const driver = underConditions(own, scenario, trouble);
  const depot = plan.depots[route.depotIndex]!;
  const slot = slotIn(input.city, depot.position, routeIndex);
  const track = openTrackBuilder(route.plannedDeparture - ON_AIR_BEFORE, slot);
  const leaves = input.leavesAt ?? route.plannedDeparture + driver.lateStart + (trouble?.late ?? 0);
  const doing: Doing = {
    ...{ input, route, driver, track, here: depot.gate, breakdowns: 0, added: 0, lunch: driver.lunch },
    ...{
      visits: [],
      outings: [],
      unbelted: [],
      deeds: [],
      rests: [],
      reports: [],
      handovers: [],
      skipped: [],
    },
    ...{ answers: [], deviceOrders: [], swaps: [] },
    engineOff: [{ from: track.now(), until: leaves - 60 }],
    doorOpen: [{ from: track.now() + 120, until: leaves - 90 }],
    disruptions: (trouble?.kinds ?? []).map((kind) => ({ ...kind, vehicle: route.vehicle })),
  };
  return {
    ...{ doing, company, slot, over: new Set(), routes: [], messages: [] },
    aboard: new Set(route.stops.map(({ position }) => parcelKey(position))),
    phase: 'yard',
    tasks: route.stops.map(plannedTask),
    decidesAt: leaves,
    ...{ current: undefined, passedOver: undefined, homeward: undefined, stranded: undefined },
    version: 0,
  };
}

function viewOf({ input, route, track, ...lists }: Doing): DeviceView {
  const { engineOff, doorOpen, unbelted, deeds, reports, answers, deviceOrders, swaps } = lists;
  const chance = random(`${input.scenario.seed}/van/${route.vehicle}`);
  return {
    ...{ engineOff, doorOpen, unbelted, deeds, reports, answers, deviceOrders, swaps },
    vehicle: route.vehicle,
    track: track.live,
    isElectric: chance.chance(input.scenario.electric),
    odometer: Math.round(chance.between(5e6, 180e6)),
    energy: chance.between(0.7, 1),
  };
}

/** Judges what was sent down, answers, and keeps what is to be heard at the next decision. */
function takeOrder(van: Driving, order: Order): Order {
  const { doing, routes, messages } = van;
  const { input, route } = doing;
  const { at, channel, payload } = order;
  if (channel === 'route') {
    const { serviceDate } = input.plan.document.routes[input.routeIndex]!;
    const own = { vehicle: route.vehicle, route: route.code, serviceDate, version: van.version };
    const verdict = judgeRoute(payload, at, own);
    answer(doing, verdict.answer);
    if (!verdict.isTaken) return order;
    van.version = verdict.message.version;
    routes.push({ at, message: verdict.message });
    return order;
  }
  const verdict = judgeCommand(payload, at);
  for (const one of verdict.answers) answer(doing, one);
  if (verdict.order !== undefined) doing.deviceOrders.push(verdict.order);
  if (verdict.message !== undefined) messages.push({ at, id: verdict.message });
  return order;
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
