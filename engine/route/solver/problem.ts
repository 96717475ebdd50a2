import type { BreakInput, ProblemInput, VehicleInput, VisitInput, Window } from './problem-input.ts';
import { complaints, QUANTITY_MAX } from './validate.ts';

/** Later than any instant of a problem; sums of a few of these stay below 2^31. */
export const HORIZON = 2 ** 29;

/** What a node is: a stop by itself, or one end of a shipment. */
export const SINGLE = 0;
export const PICKUP = 1;
export const DELIVERY = 2;

/**
 * A problem packed for the search; never changed after `pack`.
 *
 * Nodes are numbered: stops 0 … n−1 (a shipment is two, its pickup first), then for each of V vehicles its
 * departure n+v, then its return n+V+v. Times count from `origin`.
 *
 *   place, open, close, service   Int32   1 per node     hull of the hard windows, for O(1) tests
 *   windows                       Int32   2 per window   from, until; node i owns windowsFrom[i] … windowsFrom[i + 1]
 *   lateness                      Float64 2 per step     after, rate; likewise latenessFrom
 *   net, onBoard                  Int32   D per node     change of load here; load brought from the depot for it
 *   cost, time                    Int32   size² per class, row-major from × to; costInto, timeInto are transposed,
 *                                         so that both legs of an insertion read one row each
 *   allowed                       Uint8   V per stop     whether the vehicle may serve it
 */
export type Problem = {
  readonly input: ProblemInput;
  readonly stopCount: number;
  readonly vehicleCount: number;
  readonly nodeCount: number;
  readonly dimensionCount: number;
  readonly origin: number;
  /** Rows of the packed matrices: places, and a nowhere at distance 0 if some route is open. */
  readonly size: number;
  readonly place: Int32Array;
  readonly open: Int32Array;
  readonly close: Int32Array;
  readonly service: Int32Array;
  readonly windowsFrom: Int32Array;
  readonly windows: Int32Array;
  readonly latenessFrom: Int32Array;
  readonly lateness: Float64Array;
  readonly net: Int32Array;
  readonly onBoard: Int32Array;
  readonly kind: Uint8Array;
  /** The other end of a shipment, or −1. */
  readonly mate: Int32Array;
  /** Index into `input.stops`, then `input.shipments`. */
  readonly taskOf: Int32Array;
  readonly unservedCost: Float64Array;
  readonly home: Int32Array;
  readonly moveCost: Float64Array;
  readonly allowed: Uint8Array;
  readonly capacity: Int32Array;
  readonly fixedCost: Float64Array;
  readonly perDuration: Float64Array;
  readonly durationMax: Int32Array;
  readonly overtimeAfter: Int32Array;
  readonly overtimeRate: Float64Array;
  readonly stopsMax: Int32Array;
  readonly distanceMax: Int32Array;
  readonly travelTimeMax: Int32Array;
  readonly breaks: readonly (readonly BreakInput[])[];
  /** Vehicles that nothing tells apart share a type, so that one empty one is tried for all. */
  readonly typeOf: Int32Array;
  readonly typeCount: number;
  /** Offsets of the vehicle's class in the matrices. */
  readonly costBase: Int32Array;
  readonly timeBase: Int32Array;
  readonly cost: Int32Array;
  readonly costInto: Int32Array;
  readonly time: Int32Array;
  readonly timeInto: Int32Array;
  /** Distances of profiles, at timeBase; empty when no vehicle limits its distance. */
  readonly distance: Int32Array;
  readonly traits: Traits;
};

/** What a problem asks for beyond the plain case; the search takes the cheapest sufficient path. */
export type Traits = {
  /** Some route's length in time is limited or paid for. */
  readonly hasDuration: boolean;
  /** Timing needs more than one window a stop: several windows, soft promises, breaks, limits. */
  readonly isRich: boolean;
  /** Load can rise and fall along a route, so its sum alone does not decide. */
  readonly hasMixedLoad: boolean;
  readonly hasShipments: boolean;
  /** Not every vehicle may serve every stop, or it costs to move one. */
  readonly isSelective: boolean;
};

/** Thrown by `pack`: the problem makes no sense, and why. */
export class UnsoundProblem extends Error {
  readonly complaints: readonly string[];

  constructor(sentences: readonly string[]) {
    super(sentences.join('; '));
    this.name = 'UnsoundProblem';
    this.complaints = sentences;
  }
}

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

/** One matrix per distinct price of a leg and one per profile, each with its transpose. */
function packMatrices({ profiles, placeCount, vehicles }: ProblemInput) {
  const isOpen = vehicles.some((v) => v.start === undefined || v.end === undefined);
  const size = placeCount + (isOpen ? 1 : 0);
  const profileMatrices = profiles.map(({ duration }) => padded(duration, placeCount, size));
  const classes: Int32Array[] = [];
  const classByKey = new Map<string, number>();
  const costBase = Int32Array.from(vehicles, (vehicle) => {
    const { perDistance, perTravelTime } = vehicle.costs;
    const profile = vehicle.profile ?? 0;
    const key = `${profile} ${perDistance} ${perTravelTime}`;
    let index = classByKey.get(key);
    if (index === undefined) {
      index = classes.length;
      classByKey.set(key, index);
      const { distance, duration } = profiles[profile] ?? { distance: [], duration: [] };
      const isSame = perTravelTime === 0 && perDistance === 1 && distance === duration;
      const shared = profileMatrices[profile];
      classes.push(
        isSame && shared ? shared : priced(distance, duration, perDistance, perTravelTime, placeCount, size),
      );
    }
    return index * size * size;
  });
  const cost = joined(classes);
  const isShared = classes.length === 1 && profileMatrices.length === 1 && classes[0] === profileMatrices[0];
  const time = isShared ? cost : joined(profileMatrices);
  const costInto = transposed(cost, size);
  const limitsDistance = vehicles.some((v) => v.distanceMax !== undefined);
  return {
    size,
    nowhere: placeCount,
    costBase,
    timeBase: Int32Array.from(vehicles, (v) => (v.profile ?? 0) * size * size),
    cost,
    costInto,
    time,
    timeInto: isShared ? costInto : transposed(time, size),
    distance: limitsDistance
      ? joined(profiles.map(({ distance }) => padded(distance, placeCount, size)))
      : new Int32Array(0),
  };
}

/** Memory that threads can share. */
function sharedInts(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * length));
}

function padded(matrix: ArrayLike<number>, from: number, to: number): Int32Array {
  if (from === to && matrix instanceof Int32Array) return matrix;
  const result = sharedInts(to * to);
  for (let i = 0; i < from; i++) {
    for (let j = 0; j < from; j++) result[i * to + j] = matrix[i * from + j] as number;
  }
  return result;
}

function priced(
  distance: ArrayLike<number>,
  duration: ArrayLike<number>,
  perDistance: number,
  perTime: number,
  from: number,
  to: number,
): Int32Array {
  const result = sharedInts(to * to);
  for (let i = 0; i < from; i++) {
    for (let j = 0; j < from; j++) {
      const k = i * from + j;
      const price = perDistance * (distance[k] as number) + perTime * (duration[k] as number);
      // What does not fit is caught by `pack`; saturate rather than wrap around.
      result[i * to + j] = Math.min(Math.round(price), QUANTITY_MAX);
    }
  }
  return result;
}

function joined(matrices: readonly Int32Array[]): Int32Array {
  const first = matrices[0];
  if (matrices.length === 1 && first) return first;
  const result = sharedInts(matrices.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const matrix of matrices) {
    result.set(matrix, offset);
    offset += matrix.length;
  }
  return result;
}

function transposed(matrices: Int32Array, size: number): Int32Array {
  if (isSymmetric(matrices, size)) return matrices;
  const result = sharedInts(matrices.length);
  for (let base = 0; base < matrices.length; base += size * size) {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) result[base + j * size + i] = matrices[base + i * size + j] as number;
    }
  }
  return result;
}

function isSymmetric(matrices: Int32Array, size: number): boolean {
  for (let base = 0; base < matrices.length; base += size * size) {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < i; j++) {
        if (matrices[base + i * size + j] !== matrices[base + j * size + i]) return false;
      }
    }
  }
  return true;
}
