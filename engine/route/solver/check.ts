import type { Plan, PlannedRoute, Step } from './plan.ts';
import type { ProblemInput, ShipmentInput, StopInput, VehicleInput, VisitInput } from './problem-input.ts';

/** The judge's word on a plan. */
export type Verdict = {
  /** Every rule is kept and everything that had to be served is. */
  readonly feasible: boolean;
  /** Each broken rule, in a sentence. */
  readonly violations: readonly string[];
  /** Recomputed from the problem; unserved stops that may be left out included. */
  readonly cost: number;
};

/**
 * Judge a plan from the problem as it was asked, not as it was packed. Nothing here is shared with the
 * search: if both are wrong, they are wrong separately.
 */
export function check(input: ProblemInput, plan: Plan): Verdict {
  const violations: string[] = [];
  const served = new Map<string, number>();
  const driven = new Set<string>();
  const tasks: Tasks = new Map([...input.stops, ...(input.shipments ?? [])].map((task) => [task.id, task]));
  let cost = 0;
  for (const route of plan.routes) {
    const vehicle = input.vehicles.find(({ id }) => id === route.vehicle);
    if (!vehicle) {
      violations.push(`there is no vehicle ${route.vehicle}`);
      continue;
    }
    if (driven.has(route.vehicle)) violations.push(`vehicle ${route.vehicle} has two routes`);
    driven.add(route.vehicle);
    const say = (sentence: string): void => void violations.push(`vehicle ${route.vehicle}: ${sentence}`);
    cost += checkRoute(input, tasks, vehicle, route, served, say);
  }
  cost += checkAllServed(input, plan, served, violations);
  if (Math.abs(cost - plan.cost) > 1e-6 * Math.max(1, Math.abs(cost))) {
    violations.push(`the plan says it costs ${plan.cost}, it costs ${cost}`);
  }
  return { feasible: violations.length === 0, violations, cost };
}

type Say = (sentence: string) => void;
type Tasks = ReadonlyMap<string, StopInput | ShipmentInput>;

function checkAllServed(
  input: ProblemInput,
  plan: Plan,
  served: ReadonlyMap<string, number>,
  violations: string[],
): number {
  const named = new Set(plan.unserved.map(({ id }) => id));
  let cost = 0;
  for (const task of input.stops) {
    if ((served.get(task.id) ?? 0) > 1) violations.push(`stop ${task.id} is served more than once`);
  }
  for (const task of [...input.stops, ...(input.shipments ?? [])]) {
    const isServed = served.has(task.id);
    if (isServed && named.has(task.id)) violations.push(`stop ${task.id} is served and called unserved`);
    if (isServed) continue;
    if (!named.has(task.id)) violations.push(`stop ${task.id} is neither served nor called unserved`);
    else if (task.unservedCost === undefined) violations.push(`stop ${task.id} must be served and is not`);
    cost += task.unservedCost ?? 0;
  }
  return cost;
}

/** Returns the cost of the route. */
function checkRoute(
  input: ProblemInput,
  tasks: Tasks,
  vehicle: VehicleInput,
  route: PlannedRoute,
  served: Map<string, number>,
  say: Say,
): number {
  const { steps } = route;
  const first = steps[0];
  const last = steps.at(-1);
  if (first?.kind !== 'start' || last?.kind !== 'end') {
    say('the route does not run from a start to an end');
    return 0;
  }
  const visits = visitsOf(tasks, steps, say);
  const { distance, travelled } = checkClock(input, vehicle, steps, visits, say);
  checkLoad(tasks, vehicle, steps, say);
  checkShipments(steps, say);
  checkBreaks(vehicle, steps, say);

  const span = last.done - first.done;
  const stopCount = steps.filter(({ kind }) => kind !== 'start' && kind !== 'end' && kind !== 'break').length;
  if (first.done < vehicle.shift.from) say('it departs before its shift');
  if (last.done > vehicle.shift.until) say(`it is back at ${last.done}, after its shift`);
  if (span > (vehicle.durationMax ?? Number.POSITIVE_INFINITY)) say(`it is out for ${span}, too long`);
  if (distance > (vehicle.distanceMax ?? Number.POSITIVE_INFINITY)) say(`it drives ${distance}, too far`);
  if (travelled > (vehicle.travelTimeMax ?? Number.POSITIVE_INFINITY))
    say(`it drives for ${travelled}, too long`);
  if (stopCount > (vehicle.stopsMax ?? Number.POSITIVE_INFINITY)) say(`it has ${stopCount} stops, too many`);

  const { fixed, perDuration = 0, overtime } = vehicle.costs;
  let cost = fixed + legCosts(input, vehicle, steps) + perDuration * span;
  if (overtime) cost += overtime.rate * Math.max(0, span - overtime.after);
  for (const [index, step] of steps.entries()) {
    for (const { after, rate } of visits[index]?.lateness ?? [])
      cost += rate * Math.max(0, step.begin - after);
    const task = taskById(tasks, step);
    if (!task) continue;
    if (step.kind !== 'delivery') served.set(task.id, (served.get(task.id) ?? 0) + 1);
    if (task.skills?.some((skill) => !vehicle.skills?.includes(skill))) say(`lacks a skill for ${task.id}`);
    if (task.vehicles && !task.vehicles.includes(vehicle.id)) say(`may not serve ${task.id}`);
    const isAway = task.home !== undefined && task.home.vehicle !== vehicle.id;
    if (isAway && step.kind !== 'delivery') cost += task.home?.moveCost ?? 0;
  }
  return cost;
}

function taskById(tasks: Tasks, { kind, id = '' }: Step): StopInput | ShipmentInput | undefined {
  const task = tasks.get(id);
  if (task === undefined || kind === 'start' || kind === 'end' || kind === 'break') return undefined;
  return 'amount' in task === (kind !== 'stop') ? task : undefined;
}

function visitsOf(tasks: Tasks, steps: readonly Step[], say: Say): (VisitInput | undefined)[] {
  return steps.map((step) => {
    if (step.kind === 'start' || step.kind === 'end' || step.kind === 'break') return undefined;
    const task = taskById(tasks, step);
    if (!task) {
      say(`there is no ${step.kind} ${step.id}`);
      return undefined;
    }
    if (!('amount' in task)) return task;
    return step.kind === 'pickup' ? task.pickup : task.delivery;
  });
}

/** Each time follows from the one before; each service begins within a window and takes as long as it takes. */
function checkClock(
  input: ProblemInput,
  vehicle: VehicleInput,
  steps: readonly Step[],
  visits: readonly (VisitInput | undefined)[],
  say: Say,
): { distance: number; travelled: number } {
  const profile = input.profiles[vehicle.profile ?? 0];
  let at = vehicle.start;
  let clock = steps[0]?.done ?? 0;
  let distance = 0;
  let travelled = 0;
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'start') continue;
    if (step.kind === 'break') {
      if (step.begin < clock) say(`a break begins at ${step.begin}, before the work is done at ${clock}`);
      clock = step.done;
      continue;
    }
    const visit = visits[index];
    const place = step.kind === 'end' ? vehicle.end : visit?.place;
    const leg = at === undefined || place === undefined ? undefined : at * input.placeCount + place;
    const travel = leg === undefined ? 0 : (profile?.duration[leg] ?? 0);
    distance += leg === undefined ? 0 : (profile?.distance[leg] ?? 0);
    travelled += travel;
    const name = step.id ?? step.kind;
    if (step.arrival !== clock + travel) say(`reaches ${name} at ${step.arrival}, not at ${clock + travel}`);
    if (step.begin < step.arrival) say(`begins ${name} before it arrives`);
    if (step.done !== step.begin + (visit?.service ?? 0)) say(`is done with ${name} at the wrong time`);
    const isInWindow = visit?.windows?.some(({ from, until }) => step.begin >= from && step.begin <= until);
    if (isInWindow === false) say(`begins ${name} at ${step.begin}, outside its windows`);
    clock = step.done;
    at = place;
  }
  return { distance, travelled };
}

function legCosts(input: ProblemInput, vehicle: VehicleInput, steps: readonly Step[]): number {
  const profile = input.profiles[vehicle.profile ?? 0];
  const { perDistance, perTravelTime } = vehicle.costs;
  const places = steps.filter(({ kind }) => kind !== 'break').map(({ place }) => place);
  let cost = 0;
  for (const [index, to] of places.entries()) {
    const from = places[index - 1];
    if (index === 0 || from === undefined || to === undefined) continue;
    const leg = from * input.placeCount + to;
    // A leg has a whole price: it is what the driver's settlement is rounded to.
    cost += Math.round(
      perDistance * (profile?.distance[leg] ?? 0) + perTravelTime * (profile?.duration[leg] ?? 0),
    );
  }
  return cost;
}

function checkLoad(tasks: Tasks, vehicle: VehicleInput, steps: readonly Step[], say: Say): void {
  for (const [dimension, capacity] of vehicle.capacity.entries()) {
    let load = 0;
    for (const step of steps) {
      const task = taskById(tasks, step);
      if (task && !('amount' in task)) load += task.delivery?.[dimension] ?? 0;
    }
    if (load > capacity) say(`leaves with ${load} of ${capacity} in dimension ${dimension}`);
    for (const step of steps) {
      const task = taskById(tasks, step);
      if (!task) continue;
      if ('amount' in task) load += (task.amount[dimension] ?? 0) * (step.kind === 'pickup' ? 1 : -1);
      else load += (task.pickup?.[dimension] ?? 0) - (task.delivery?.[dimension] ?? 0);
      if (load > capacity) say(`carries ${load} of ${capacity} in dimension ${dimension} after ${task.id}`);
    }
  }
}

function checkShipments(steps: readonly Step[], say: Say): void {
  const aboard = new Set<string>();
  for (const { kind, id = '' } of steps) {
    if (kind === 'pickup') aboard.add(id);
    if (kind === 'delivery' && !aboard.delete(id)) say(`delivers ${id} without having picked it up`);
  }
  for (const id of aboard) say(`never delivers ${id}`);
}

/** Breaks come in the order of their windows; none is owed by a vehicle that is back before its window ends. */
function checkBreaks(vehicle: VehicleInput, steps: readonly Step[], say: Say): void {
  const owed = [...(vehicle.breaks ?? [])].sort((a, b) => a.window.from - b.window.from);
  const taken = steps.filter(({ kind }) => kind === 'break');
  const back = steps.at(-1)?.done ?? 0;
  for (const [index, { window, duration }] of owed.entries()) {
    const pause = taken[index];
    if (!pause) {
      if (back > window.until) say(`misses its break before ${window.until}`);
      continue;
    }
    if (pause.begin < window.from || pause.begin > window.until) {
      say(`takes a break at ${pause.begin}, outside ${window.from} … ${window.until}`);
    }
    if (pause.done - pause.begin !== duration)
      say(`takes a break of ${pause.done - pause.begin}, not ${duration}`);
  }
  if (taken.length > owed.length) say('takes more breaks than it has');
}
