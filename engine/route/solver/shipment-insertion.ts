import { type Choice, isBlink, standingCost, timingCost } from './insertion.ts';
import type { Problem } from './problem.ts';
import { routeTiming } from './schedule.ts';
import type { Tours } from './tours.ts';

/**
 * Offer every pair of places of one tour to a shipment. For each place of the pickup the delivery walks
 * down the tour, with the schedule carried along, until room or time runs out.
 */
export function offerTourToShipment(
  problem: Problem,
  tours: Tours,
  pickup: number,
  vehicle: number,
  choice: Choice,
): void {
  const { stopCount, vehicleCount, size, place, costInto, cost, traits } = problem;
  const delivery = problem.mate[pickup]!;
  if (problem.allowed[pickup * vehicleCount + vehicle] === 0) return;
  const { next, ready, leg } = tours;
  const toPickup = problem.costBase[vehicle]! + place[pickup]! * size;
  const toDelivery = problem.costBase[vehicle]! + place[delivery]! * size;
  const extra = standingCost(problem, tours, pickup, vehicle);
  const now = traits.isRich || traits.hasDuration ? timingCost(tours, vehicle) : 0;
  let first = stopCount + vehicle;
  do {
    const after = next[first]!;
    if (ready[first]! > problem.close[pickup]!) break;
    const there = costInto[toPickup + place[first]!]!;
    const added = there + cost[toPickup + place[after]!]! - leg[first]!;
    let done = doneAt(problem, vehicle, first, pickup, ready[first]!);
    if (done >= 0 && hasRoomForShipment(problem, tours, pickup, vehicle, first)) {
      let node = pickup;
      let following = after;
      for (;;) {
        const delta =
          node === pickup
            ? there + cost[toPickup + place[delivery]!]! + cost[toDelivery + place[after]!]! - leg[first]!
            : added +
              costInto[toDelivery + place[node]!]! +
              cost[toDelivery + place[following]!]! -
              leg[node]!;
        if (delta + extra < choice.delta && !isBlink(choice)) {
          const end = doneAt(problem, vehicle, node, delivery, done);
          if (end >= 0 && fitsBefore(problem, tours, vehicle, delivery, following, end)) {
            const second = node === pickup ? first : node;
            const total = delta + extra + shipmentTiming(problem, tours, vehicle, pickup, first, second, now);
            if (total < choice.delta) {
              choice.delta = total;
              choice.vehicle = vehicle;
              choice.after = first;
              choice.deliveryAfter = second;
            }
          }
        }
        // One stop further with the shipment on board.
        if (following >= stopCount || !hasRoomForShipment(problem, tours, pickup, vehicle, following)) break;
        done = doneAt(problem, vehicle, node, following, done);
        if (done < 0 || done > problem.close[delivery]!) break;
        node = following;
        following = next[following]!;
      }
    }
    first = after;
  } while (first < stopCount);
}

/** When `stop` is done if the node before it is done at `done`; −1 if that is too late. */
function doneAt(problem: Problem, vehicle: number, node: number, stop: number, done: number): number {
  const arrival =
    done +
    problem.time[problem.timeBase[vehicle]! + problem.place[node]! * problem.size + problem.place[stop]!]!;
  if (arrival > problem.close[stop]!) return -1;
  const open = problem.open[stop]!;
  return Math.max(arrival, open) + problem.service[stop]!;
}

function fitsBefore(
  problem: Problem,
  tours: Tours,
  vehicle: number,
  stop: number,
  following: number,
  done: number,
): boolean {
  const { size, place, time } = problem;
  const travel = time[problem.timeBase[vehicle]! + place[stop]! * size + place[following]!]!;
  return done + travel <= tours.late[following]!;
}

function hasRoomForShipment(
  problem: Problem,
  tours: Tours,
  pickup: number,
  vehicle: number,
  node: number,
): boolean {
  const { dimensionCount, capacity, net } = problem;
  for (let d = 0; d < dimensionCount; d++) {
    const load = tours.loadAt[node * dimensionCount + d]! + net[pickup * dimensionCount + d]!;
    if (load > capacity[vehicle * dimensionCount + d]!) return false;
  }
  return true;
}

/** Both ends change the timing at once, so limits and prices of time are judged by the exact schedule. */
function shipmentTiming(
  problem: Problem,
  tours: Tours,
  vehicle: number,
  pickup: number,
  first: number,
  second: number,
  now: number,
): number {
  if (!problem.traits.isRich && !problem.traits.hasDuration) return 0;
  return routeTiming(problem, vehicle, tours.next, pickup, first, problem.mate[pickup]!, second) - now;
}
