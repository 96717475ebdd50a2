import { packMatrices } from './matrices.ts';
import { DELIVERY, HORIZON, PICKUP, type Problem, SINGLE, type Traits, UnsoundProblem } from './problem.ts';
import type { ProblemInput, VehicleInput, VisitInput, Window } from './problem-input.ts';
import { complaints, QUANTITY_MAX } from './validate.ts';

type Node = {
  readonly visit: VisitInput;
  readonly task: number;
  readonly kind: number;
};

/** Check and pack a problem. Throws `UnsoundProblem` naming all that is wrong with it. */
export function pack(input: ProblemInput): Problem {
  const wrong = complaints(input);
  if (wrong.length > 0) throw new UnsoundProblem(wrong);
  const shipments = input.shipments ?? [];
  const nodes: Node[] = input.stops.map((visit, task) => ({ visit, task, kind: SINGLE }));
  for (const [index, { pickup, delivery }] of shipments.entries()) {
    const task = input.stops.length + index;
    nodes.push({ visit: pickup, task, kind: PICKUP }, { visit: delivery, task, kind: DELIVERY });
  }
  const origin = originOf(input, nodes);
  const matrices = packMatrices(input);
  if (isTooDear(matrices.cost))
    throw new UnsoundProblem(['a leg costs 2^28 or more: use a coarser unit of cost']);
  const timing = packTiming(input, nodes, origin, matrices.nowhere);
  const tasks = packTasks(input, nodes);
  const vehicles = packVehicles(input);
  const traits: Traits = {
    hasDuration: input.vehicles.some((v) => v.durationMax !== undefined || (v.costs.perDuration ?? 0) > 0),
    isRich:
      nodes.some(({ visit }) => (visit.windows?.length ?? 0) > 1 || (visit.lateness?.length ?? 0) > 0) ||
      input.vehicles.some(isRichVehicle),
    hasMixedLoad: shipments.length > 0 || (hasAny(input, 'delivery') && hasAny(input, 'pickup')),
    hasShipments: shipments.length > 0,
    isSelective: tasks.allowed.includes(0) || tasks.home.some((vehicle) => vehicle >= 0),
  };
  return {
    input,
    stopCount: nodes.length,
    vehicleCount: input.vehicles.length,
    nodeCount: nodes.length + 2 * input.vehicles.length,
    dimensionCount: input.vehicles[0]?.capacity.length ?? 0,
    origin,
    ...timing,
    ...tasks,
    ...vehicles,
    ...typesOf(input, tasks.allowed, tasks.home),
    ...matrices,
    traits,
  };
}

function isTooDear(cost: Int32Array): boolean {
  for (let k = 0; k < cost.length; k++) {
    const price = cost[k] as number;
    if (price < 0 || price >= QUANTITY_MAX) return true;
  }
  return false;
}

function isRichVehicle(vehicle: VehicleInput): boolean {
  const { breaks = [], distanceMax, travelTimeMax, stopsMax, costs } = vehicle;
  const limits = [distanceMax, travelTimeMax, stopsMax, costs.overtime];
  return breaks.length > 0 || limits.some((limit) => limit !== undefined);
}

function hasAny({ stops }: ProblemInput, what: 'delivery' | 'pickup'): boolean {
  return stops.some((stop) => stop[what]?.some((amount) => amount > 0));
}

function originOf(input: ProblemInput, nodes: readonly Node[]): number {
  let origin = Number.POSITIVE_INFINITY;
  for (const { shift } of input.vehicles) origin = Math.min(origin, shift.from);
  for (const { visit } of nodes) origin = Math.min(origin, visit.windows?.[0]?.from ?? origin);
  return Number.isFinite(origin) ? origin : 0;
}

function packTiming(input: ProblemInput, nodes: readonly Node[], origin: number, nowhere: number) {
  const n = nodes.length;
  const vehicleCount = input.vehicles.length;
  const place = new Int32Array(n + 2 * vehicleCount);
  const open = new Int32Array(n + 2 * vehicleCount);
  const close = new Int32Array(n + 2 * vehicleCount);
  const service = new Int32Array(n + 2 * vehicleCount);
  const windowsFrom = new Int32Array(n + 1);
  const latenessFrom = new Int32Array(n + 1);
  const windows: number[] = [];
  const lateness: number[] = [];
  const relative = (instant: number): number => Math.min(Math.max(0, instant - origin), HORIZON);
  const always: readonly Window[] = [{ from: origin, until: origin + HORIZON }];
  for (const [i, { visit }] of nodes.entries()) {
    place[i] = visit.place;
    service[i] = visit.service;
    const own = visit.windows ?? always;
    open[i] = relative(own[0]?.from ?? origin);
    close[i] = relative(own.at(-1)?.until ?? origin);
    for (const { from, until } of own) windows.push(relative(from), relative(until));
    // A promise may lie before the origin: every instant is late for it, and by how much counts.
    for (const { after, rate } of visit.lateness ?? []) lateness.push(after - origin, rate);
    windowsFrom[i + 1] = windows.length / 2;
    latenessFrom[i + 1] = lateness.length / 2;
  }
  for (const [v, { start, end, shift }] of input.vehicles.entries()) {
    for (const [node, at] of [
      [n + v, start],
      [n + vehicleCount + v, end],
    ] as const) {
      place[node] = at ?? nowhere;
      open[node] = relative(shift.from);
      close[node] = relative(shift.until);
    }
  }
  return {
    place,
    open,
    close,
    service,
    windowsFrom,
    windows: Int32Array.from(windows),
    latenessFrom,
    lateness: Float64Array.from(lateness),
  };
}

function packTasks(input: ProblemInput, nodes: readonly Node[]) {
  const n = nodes.length;
  const vehicleCount = input.vehicles.length;
  const dimensions = input.vehicles[0]?.capacity.length ?? 0;
  const tasks = [...input.stops, ...(input.shipments ?? [])];
  const vehicleIndex = new Map(input.vehicles.map(({ id }, v) => [id, v]));
  const skillSets = input.vehicles.map(({ skills }) => new Set(skills));
  const net = new Int32Array(n * dimensions);
  const onBoard = new Int32Array(n * dimensions);
  const kind = new Uint8Array(n);
  const mate = new Int32Array(n).fill(-1);
  const taskOf = new Int32Array(n);
  const unservedCost = new Float64Array(n);
  const home = new Int32Array(n).fill(-1);
  const moveCost = new Float64Array(n);
  const allowed = new Uint8Array(n * vehicleCount);
  const required = requiredCost(input);
  for (const [i, node] of nodes.entries()) {
    const task = tasks[node.task];
    if (task === undefined) continue;
    kind[i] = node.kind;
    taskOf[i] = node.task;
    if (node.kind === PICKUP) mate[i] = i + 1;
    if (node.kind === DELIVERY) mate[i] = i - 1;
    // A shipment's costs are counted once, at its pickup.
    unservedCost[i] = node.kind === DELIVERY ? 0 : (task.unservedCost ?? required);
    home[i] = task.home ? (vehicleIndex.get(task.home.vehicle) ?? -1) : -1;
    moveCost[i] = node.kind === DELIVERY ? 0 : (task.home?.moveCost ?? 0);
    for (let d = 0; d < dimensions; d++) {
      if ('amount' in task) {
        net[i * dimensions + d] = (task.amount[d] ?? 0) * (node.kind === PICKUP ? 1 : -1);
      } else {
        onBoard[i * dimensions + d] = task.delivery?.[d] ?? 0;
        net[i * dimensions + d] = (task.pickup?.[d] ?? 0) - (task.delivery?.[d] ?? 0);
      }
    }
    for (const [v, { id }] of input.vehicles.entries()) {
      const skilled = (task.skills ?? []).every((skill) => skillSets[v]?.has(skill));
      if (skilled && (task.vehicles?.includes(id) ?? true)) allowed[i * vehicleCount + v] = 1;
    }
  }
  return { net, onBoard, kind, mate, taskOf, unservedCost, home, moveCost, allowed };
}

/** More than serving any one stop could ever cost, so that no required stop is left out to save money. */
export function requiredCost({ profiles, vehicles, stops, shipments }: ProblemInput): number {
  let farthest = 0;
  let longest = 0;
  for (const { distance, duration } of profiles) {
    for (let i = 0; i < distance.length; i++) farthest = Math.max(farthest, distance[i] as number);
    for (let i = 0; i < duration.length; i++) longest = Math.max(longest, duration[i] as number);
  }
  let dearest = 1;
  for (const { costs, shift } of vehicles) {
    const driving = 4 * (costs.perDistance * farthest + costs.perTravelTime * longest);
    const hours = (costs.perDuration ?? 0) + (costs.overtime?.rate ?? 0);
    dearest = Math.max(dearest, costs.fixed + driving + hours * Math.min(shift.until - shift.from, HORIZON));
  }
  let lateness = 0;
  for (const visit of [...stops, ...(shipments ?? []).flatMap((s) => [s.pickup, s.delivery])]) {
    for (const { rate } of visit.lateness ?? []) lateness = Math.max(lateness, rate);
  }
  return 10 * (dearest + lateness * Math.max(longest, 1) * 10);
}

function packVehicles({ vehicles }: ProblemInput) {
  const own = <T>(of: (vehicle: VehicleInput) => T): T[] => vehicles.map(of);
  return {
    capacity: Int32Array.from(vehicles.flatMap((v) => v.capacity)),
    fixedCost: Float64Array.from(own((v) => v.costs.fixed)),
    perDuration: Float64Array.from(own((v) => v.costs.perDuration ?? 0)),
    durationMax: Int32Array.from(own((v) => v.durationMax ?? HORIZON)),
    overtimeAfter: Int32Array.from(own((v) => v.costs.overtime?.after ?? HORIZON)),
    overtimeRate: Float64Array.from(own((v) => v.costs.overtime?.rate ?? 0)),
    stopsMax: Int32Array.from(own((v) => v.stopsMax ?? HORIZON)),
    distanceMax: Int32Array.from(own((v) => v.distanceMax ?? 2 ** 31 - 1)),
    travelTimeMax: Int32Array.from(own((v) => v.travelTimeMax ?? 2 ** 31 - 1)),
    breaks: own((v) => [...(v.breaks ?? [])].sort((a, b) => a.window.from - b.window.from)),
  };
}

function typesOf({ vehicles }: ProblemInput, allowed: Uint8Array, home: Int32Array) {
  const typeByKey = new Map<string, number>();
  const homes = new Set(home);
  const typeOf = Int32Array.from(vehicles, (vehicle, v) => {
    let served = '';
    if (allowed.includes(0)) for (let i = v; i < allowed.length; i += vehicles.length) served += allowed[i];
    const key = JSON.stringify({ ...vehicle, id: homes.has(v) ? vehicle.id : '', served });
    const type = typeByKey.get(key) ?? typeByKey.size;
    typeByKey.set(key, type);
    return type;
  });
  return { typeOf, typeCount: typeByKey.size };
}
