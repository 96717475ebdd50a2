import type { Random } from '../../../schemas/random.ts';
import { type Choice, emptyChoice, NO_BLINK, offerBeside, offerTour } from './insertion.ts';
import { lookAround, type Neighbours, type Places } from './neighbours.ts';
import { DELIVERY, type Problem } from './problem.ts';
import { type Touched, touch } from './ruin.ts';
import { offerTourToShipment } from './shipment-insertion.ts';
import { link, refreshAround, refreshTour, type Tours } from './tours.ts';

export type RecreateParams = {
  /** Probability that a place is not looked at. */
  readonly blinkChance: number;
  /** A stop is offered only to tours that serve one of this many of its nearest. */
  readonly nearMax: number;
  /** A stop is offered this many places, each beside one of its nearest. */
  readonly placesMax: number;
  /** How much of the waiting a place forces counts as its distance. */
  readonly waitWeight: number;
  /**
   * Where tours have more stops than this, near tours are walked from end to end instead: the right gap in a long tour
   * is often between two stops neither of which is near.
   */
  readonly walkedFrom: number;
};

/** How one call recreates: by all places of near tours, or only by those beside near stops. */
type How = Pick<RecreateParams, 'blinkChance' | 'nearMax'> & { readonly walksTours: boolean };

/** Scratch memory of `recreate`, made once per search. */
export type RecreateMemory = {
  readonly waiting: Int32Array;
  readonly key: Float64Array;
  readonly offered: Int32Array;
  readonly choice: Choice;
  readonly places: Places;
  readonly vehiclesOfType: readonly Int32Array[];
  /** For each type the first of its vehicles that may be empty; valid within one call. */
  readonly firstEmpty: Int32Array;
  stamp: number;
};

const RANDOM = 0;
const LARGEST = 1;
const FARTHEST = 2;
const CLOSEST = 3;
const NARROWEST = 4;
const EARLIEST = 5;
const SOONEST_CLOSED = 6;
/** Orders of insertion by their weights, from SISR with the additions its section 5.3 makes for windows. */
const orders = [
  RANDOM,
  RANDOM,
  RANDOM,
  RANDOM,
  LARGEST,
  LARGEST,
  LARGEST,
  LARGEST,
  FARTHEST,
  FARTHEST,
  CLOSEST,
  NARROWEST,
  NARROWEST,
  EARLIEST,
  EARLIEST,
  SOONEST_CLOSED,
  SOONEST_CLOSED,
];

/**
 * Put the stops of the bank back one by one where they cost least, now and then blind to a place
 * ("blink"). A new tour is opened whenever that is cheaper, not only when nothing else fits. What fits
 * nowhere, or costs more than leaving it out, stays in the bank.
 */
export function recreate(
  problem: Problem,
  tours: Tours,
  touched: Touched,
  neighbours: Neighbours,
  memory: RecreateMemory,
  random: Random,
  { blinkChance, nearMax, walksTours }: How,
  isOver: () => boolean = never,
): void {
  const { waiting, choice, places } = memory;
  const count = takeBank(problem, tours, memory, random);
  memory.firstEmpty.fill(0);
  for (let k = 0; k < count; k++) {
    const stop = waiting[k]!;
    // A first plan of thousands of stops may take longer than there is time.
    if (k % 32 === 31 && isOver()) {
      keepWaiting(problem, tours, memory, k, count);
      return;
    }
    tours.totalCost -= problem.unservedCost[stop]!;
    choice.delta = problem.unservedCost[stop]!;
    choice.vehicle = -1;
    if (isDue(choice)) choice.untilBlink = nextBlink(blinkChance, random);
    if (problem.mate[stop]! < 0 && !walksTours) offerBeside(problem, tours, stop, places, choice);
    else offerNear(problem, tours, stop, neighbours, nearMax, memory, blinkChance, random);
    offerEmpty(problem, tours, stop, memory);
    if (choice.vehicle < 0) offerAll(problem, tours, stop, memory);
    if (choice.vehicle >= 0) {
      touch(touched, choice.vehicle);
      insert(problem, tours, stop, choice);
    } else {
      tours.totalCost += problem.unservedCost[stop]!;
      keepWaiting(problem, tours, memory, k, k + 1);
    }
  }
}

function never(): boolean {
  return false;
}

/** Leave stops in the bank, whose price is still counted. */
function keepWaiting(
  problem: Problem,
  tours: Tours,
  { waiting }: RecreateMemory,
  from: number,
  to: number,
): void {
  for (let k = from; k < to; k++) {
    const stop = waiting[k]!;
    tours.bank[tours.bankCount++] = stop;
    if (problem.mate[stop]! >= 0) tours.bank[tours.bankCount++] = problem.mate[stop]!;
  }
}

/** Move the bank into `waiting`, in an order drawn by chance. A shipment waits as its pickup alone. */
function takeBank(problem: Problem, tours: Tours, { waiting, key }: RecreateMemory, random: Random): number {
  const order = orders[random.integer(orders.length)]!;
  let count = 0;
  for (let b = 0; b < tours.bankCount; b++) {
    const stop = tours.bank[b]!;
    if (problem.kind[stop] === DELIVERY) continue;
    const own = urgency(problem, stop, order, random);
    let k = count++;
    while (k > 0 && key[k - 1]! > own) {
      key[k] = key[k - 1]!;
      waiting[k] = waiting[k - 1]!;
      k--;
    }
    key[k] = own;
    waiting[k] = stop;
  }
  tours.bankCount = 0;
  return count;
}

/** Smaller goes first. */
function urgency(problem: Problem, stop: number, order: number, random: Random): number {
  const { dimensionCount, net, place, size, costBase, costInto, stopCount, open, close } = problem;
  if (order === LARGEST) return dimensionCount > 0 ? -Math.abs(net[stop * dimensionCount]!) : random.next();
  if (order === FARTHEST || order === CLOSEST) {
    const away = costInto[costBase[0]! + place[stop]! * size + place[stopCount]!]!;
    return order === FARTHEST ? -away : away;
  }
  if (order === NARROWEST) return close[stop]! - open[stop]!;
  if (order === EARLIEST) return open[stop]!;
  if (order === SOONEST_CLOSED) return -close[stop]!;
  return random.next();
}

/** Whether the next blink is to be drawn: none is pending, or the last has happened. */
function isDue({ untilBlink }: Choice): boolean {
  return untilBlink > NO_BLINK / 2;
}

/** Places until the next one skipped: geometric, so that chance is asked once per blink and not per place. */
function nextBlink(chance: number, random: Random): number {
  if (chance <= 0) return NO_BLINK;
  return 1 + Math.floor(Math.log(1 - random.next()) / Math.log(1 - chance));
}

function offer(problem: Problem, tours: Tours, stop: number, vehicle: number, choice: Choice): void {
  if (problem.mate[stop]! >= 0) offerTourToShipment(problem, tours, stop, vehicle, choice);
  else offerTour(problem, tours, stop, vehicle, choice);
}

function offerNear(
  problem: Problem,
  tours: Tours,
  stop: number,
  neighbours: Neighbours,
  nearMax: number,
  memory: RecreateMemory,
  blinkChance: number,
  random: Random,
): void {
  const { offered, choice } = memory;
  const stamp = ++memory.stamp;
  lookAround(problem, neighbours, stop);
  const { count, near } = neighbours;
  const last = Math.min(count, nearMax) + stop * count;
  for (let k = stop * count; k < last; k++) {
    const vehicle = tours.tourOf[near[k]!]!;
    if (vehicle < 0 || offered[vehicle] === stamp) continue;
    offered[vehicle] = stamp;
    offer(problem, tours, stop, vehicle, choice);
    if (isDue(choice)) choice.untilBlink = nextBlink(blinkChance, random);
  }
}

/** One empty vehicle of each type. */
function offerEmpty(
  problem: Problem,
  tours: Tours,
  stop: number,
  { vehiclesOfType, firstEmpty, choice }: RecreateMemory,
): void {
  for (let type = 0; type < vehiclesOfType.length; type++) {
    const vehicles = vehiclesOfType[type]!;
    for (let k = firstEmpty[type]!; k < vehicles.length; k++) {
      const vehicle = vehicles[k]!;
      if (tours.size[vehicle] !== 0) continue;
      firstEmpty[type] = k;
      choice.untilBlink = Math.max(choice.untilBlink, 3);
      offer(problem, tours, stop, vehicle, choice);
      break;
    }
  }
}

/** The last resort: tours that serve none of the near stops. */
function offerAll(
  problem: Problem,
  tours: Tours,
  stop: number,
  { offered, choice, stamp }: RecreateMemory,
): void {
  for (let vehicle = 0; vehicle < problem.vehicleCount; vehicle++) {
    if (offered[vehicle] === stamp || tours.size[vehicle] === 0) continue;
    choice.untilBlink = NO_BLINK;
    offer(problem, tours, stop, vehicle, choice);
  }
}

function insert(problem: Problem, tours: Tours, stop: number, choice: Choice): void {
  const { isRich, hasDuration, hasMixedLoad } = problem.traits;
  const { vehicle, after, deliveryAfter, delta } = choice;
  const delivery = problem.mate[stop]!;
  link(tours, stop, after);
  if (delivery >= 0) link(tours, delivery, deliveryAfter === after ? stop : deliveryAfter);
  if (isRich || hasDuration || hasMixedLoad) refreshTour(problem, tours, vehicle);
  else refreshAround(problem, tours, stop, delta);
}

export function recreateMemory(problem: Problem, places: Places): RecreateMemory {
  const vehiclesOfType = Array.from({ length: problem.typeCount }, (_, type) =>
    Int32Array.from(Array.from(problem.typeOf.keys()).filter((vehicle) => problem.typeOf[vehicle] === type)),
  );
  return {
    waiting: new Int32Array(problem.stopCount),
    key: new Float64Array(problem.stopCount),
    offered: new Int32Array(problem.vehicleCount),
    choice: emptyChoice(),
    places,
    vehiclesOfType,
    firstEmpty: new Int32Array(problem.typeCount),
    stamp: 0,
  };
}
