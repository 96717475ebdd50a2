import type { Problem } from './problem.ts';
import { link, refreshTour, type Tours, unlink } from './tours.ts';

/**
 * Fill empty tours with a plan from elsewhere. A route that breaks a rule is left out whole: the search
 * stays among feasible plans, and its stops wait in the bank to be put where they fit.
 */
export function adopt(problem: Problem, tours: Tours, orders: readonly (readonly number[])[]): void {
  for (const [vehicle, order] of orders.entries()) {
    let after = problem.stopCount + vehicle;
    for (const stop of order) {
      link(tours, stop, after);
      after = stop;
    }
    if (order.length === 0) continue;
    const isDrivable = refreshTour(problem, tours, vehicle);
    if (isDrivable && keepsRules(problem, tours, vehicle)) continue;
    for (const stop of order) {
      unlink(tours, stop);
      tours.tourOf[stop] = -1;
    }
    refreshTour(problem, tours, vehicle);
  }
  tours.bankCount = 0;
  tours.totalCost = 0;
  for (let v = 0; v < problem.vehicleCount; v++) tours.totalCost += tours.cost[v]!;
  for (let stop = 0; stop < problem.stopCount; stop++) {
    if (tours.tourOf[stop]! >= 0) continue;
    tours.bank[tours.bankCount++] = stop;
    tours.totalCost += problem.unservedCost[stop]!;
  }
}

/** Whether a tour keeps the rules that are not about time: loads, who may serve what, pickups before deliveries. */
function keepsRules(problem: Problem, tours: Tours, vehicle: number): boolean {
  const { stopCount, vehicleCount, dimensionCount, traits, capacity } = problem;
  const start = stopCount + vehicle;
  const end = start + vehicleCount;
  for (let d = 0; d < dimensionCount; d++) {
    const k = traits.hasMixedLoad
      ? tours.peakTo[end * dimensionCount + d]!
      : tours.load[vehicle * dimensionCount + d]!;
    if (k > capacity[vehicle * dimensionCount + d]!) return false;
  }
  const aboard = new Set<number>();
  for (let node = tours.next[start]!; ; node = tours.next[node]!) {
    if (node === end) return aboard.size === 0;
    if (problem.allowed[node * vehicleCount + vehicle] === 0) return false;
    const mate = problem.mate[node]!;
    if (mate > node) aboard.add(node);
    else if (mate >= 0 && !aboard.delete(mate)) return false;
  }
}
