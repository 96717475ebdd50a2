import { Value } from 'typebox/value';
import { requiredCost } from '../pack.ts';
import type { ShipmentInput, StopInput, VehicleInput, VisitInput } from '../problem-input.ts';
import { type Instance, UnreadableInstance } from './instance.ts';
import { type Job, type Shipment, type ShipmentStep, type Vehicle, VroomDocument } from './vroom-document.ts';
import { type Places, placesOf } from './vroom-places.ts';

/** A VROOM problem, and what a plan for it must remember to be written back. */
export type VroomInstance = Instance & {
  readonly format: 'vroom';
  readonly document: VroomDocument;
  /** Ids of stops and shipments as `vehicle.steps` has them, for a warm start. */
  readonly steps: readonly (readonly string[])[] | undefined;
};

/** Costs are counted in hundredths of VROOM's unit, so that prices per kilometre keep their cents. */
const COST_SCALE = 100;
/** Longest shift of a vehicle that names none. */
const SHIFT_MAX = 14 * 86_400;

/**
 * Read VROOM's input. Its integers are seconds and metres. Left out stops are not an error there, so each has a price:
 * far above any route, times one plus its priority. Setup is always counted with the service, also for a second task
 * at the same place: never too early, at worst a little late.
 */
export function parseVroom(text: string, name: string): VroomInstance {
  const document = parseDocument(text, name);
  const places = placesOf(document);
  const { jobs = [], shipments = [] } = document;
  const dimensions = Math.max(0, ...document.vehicles.map(({ capacity }) => capacity?.length ?? 0));
  const from = Math.min(...allWindows(document).map(([open]) => open), Number.POSITIVE_INFINITY);
  const earliest = Number.isFinite(from) ? Math.max(0, from - SHIFT_MAX / 2) : 0;
  const stops = jobs.map((job) => stopOf(job, places, dimensions));
  const carried = shipments.map((shipment) => shipmentOf(shipment, places, dimensions));
  const vehicles = document.vehicles.map((vehicle) => vehicleOf(vehicle, places, dimensions, earliest));
  const base = { name, placeCount: places.count(), profiles: places.profiles(), vehicles };
  const price = requiredCost({ ...base, stops, shipments: carried });
  const priced = <T extends StopInput | ShipmentInput>(task: T, source: Job | Shipment): T => {
    const stated = source.paceline?.unserved_cost;
    const unservedCost = stated === undefined ? price * (1 + (source.priority ?? 0)) : stated * COST_SCALE;
    return { ...task, unservedCost };
  };
  const problem = {
    ...base,
    stops: stops.map((stop, index) => priced(stop, jobs[index] as Job)),
    shipments: carried.map((shipment, index) => priced(shipment, shipments[index] as Shipment)),
  };
  return {
    format: 'vroom',
    problem,
    costScale: COST_SCALE,
    assumptions: places.assumptions,
    document,
    steps: stepsOf(document),
  };
}

function parseDocument(text: string, name: string): VroomDocument {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    throw new UnreadableInstance(`${name}: not JSON: ${thrown instanceof Error ? thrown.message : thrown}`);
  }
  if (Value.Check(VroomDocument, json)) return json;
  const first = Value.Errors(VroomDocument, json).at(0);
  throw new UnreadableInstance(
    `${name}: ${first?.instancePath || 'the document'} ${first?.message ?? 'is wrong'}`,
  );
}

function allWindows({ jobs = [], shipments = [], vehicles }: VroomDocument): (readonly [number, number])[] {
  return [
    ...jobs.flatMap(({ time_windows = [] }) => time_windows),
    ...shipments.flatMap(({ pickup, delivery }) => [
      ...(pickup.time_windows ?? []),
      ...(delivery.time_windows ?? []),
    ]),
    ...vehicles.flatMap(({ time_window }) => (time_window ? [time_window] : [])),
  ];
}

function vector(amount: readonly number[] | undefined, dimensions: number): number[] {
  return Array.from({ length: Math.max(dimensions, amount?.length ?? 0) }, (_, d) => amount?.[d] ?? 0);
}

function visitOf(owner: string, step: Job | ShipmentStep, places: Places): VisitInput {
  return {
    place: places.rowOf(owner, step),
    service: (step.setup ?? 0) + (step.service ?? 0),
    windows: step.time_windows?.map(([from, until]) => ({ from, until })),
    lateness: step.paceline?.lateness?.map(({ after, per_hour }) => ({
      after,
      rate: (per_hour * COST_SCALE) / 3600,
    })),
  };
}

function requirements({ skills, paceline }: Job | Shipment) {
  const home = paceline?.home;
  return {
    skills: skills?.map(String),
    vehicles: paceline?.vehicles?.map(String),
    home: home && { vehicle: String(home.vehicle), moveCost: home.move_cost * COST_SCALE },
  };
}

function stopOf(job: Job, places: Places, dimensions: number): StopInput {
  const id = `job ${job.id}`;
  return {
    id,
    ...visitOf(id, job, places),
    ...requirements(job),
    delivery: vector(job.delivery ?? job.amount, dimensions),
    ...(job.pickup && { pickup: vector(job.pickup, dimensions) }),
  };
}

function shipmentOf(shipment: Shipment, places: Places, dimensions: number): ShipmentInput {
  const id = `shipment ${shipment.pickup.id} ${shipment.delivery.id}`;
  return {
    id,
    amount: vector(shipment.amount, dimensions),
    pickup: visitOf(id, shipment.pickup, places),
    delivery: visitOf(id, shipment.delivery, places),
    ...requirements(shipment),
  };
}

function vehicleOf(vehicle: Vehicle, places: Places, dimensions: number, earliest: number): VehicleInput {
  const owner = `vehicle ${vehicle.id}`;
  const end = (location?: readonly [number, number], location_index?: number): number | undefined =>
    location === undefined && location_index === undefined
      ? undefined
      : places.rowOf(owner, { location, location_index });
  const profile = vehicle.profile ?? 'car';
  const { fixed = 0, per_hour, per_km = 0, per_task_hour = 0 } = vehicle.costs ?? {};
  if (per_task_hour > 0) throw new UnreadableInstance(`${owner}: costs.per_task_hour is not supported`);
  const hasCosts = places.hasCosts(profile);
  if (hasCosts && (per_km > 0 || vehicle.max_distance !== undefined)) {
    throw new UnreadableInstance(`${owner}: a matrix of costs excludes per_km and max_distance`);
  }
  const [from, until] = vehicle.time_window ?? [earliest, earliest + SHIFT_MAX];
  const { overtime, per_duration_hour = 0, max_duration } = vehicle.paceline ?? {};
  const hourly = COST_SCALE / 3600;
  return {
    id: String(vehicle.id),
    profile: places.profile(profile, vehicle.speed_factor ?? 1),
    start: end(vehicle.start, vehicle.start_index),
    end: end(vehicle.end, vehicle.end_index),
    capacity: vehicle.capacity ? vector(vehicle.capacity, dimensions) : vector([], dimensions).fill(2 ** 27),
    shift: { from, until },
    durationMax: max_duration,
    travelTimeMax: vehicle.max_travel_time,
    distanceMax: vehicle.max_distance,
    stopsMax: vehicle.max_tasks,
    skills: vehicle.skills?.map(String),
    breaks: vehicle.breaks?.map((pause) => breakOf(owner, pause)),
    costs: {
      fixed: fixed * COST_SCALE,
      perDistance: hasCosts ? COST_SCALE : (per_km * COST_SCALE) / 1000,
      perTravelTime: hasCosts ? 0 : (per_hour ?? 3600) * hourly,
      perDuration: per_duration_hour * hourly,
      overtime: overtime && { after: overtime.after, rate: overtime.per_hour * hourly },
    },
  };
}

function breakOf(owner: string, pause: NonNullable<Vehicle['breaks']>[number]) {
  const [window, ...more] = pause.time_windows;
  if (!window || more.length > 0) {
    throw new UnreadableInstance(`${owner}: break ${pause.id} must have exactly one time window`);
  }
  if (pause.max_load) throw new UnreadableInstance(`${owner}: max_load of a break is not supported`);
  return { window: { from: window[0], until: window[1] }, duration: pause.service ?? 0 };
}

/** The running plan that `vehicle.steps` describes, if any vehicle has one. */
function stepsOf({ vehicles, shipments = [] }: VroomDocument): string[][] | undefined {
  if (!vehicles.some(({ steps }) => steps)) return undefined;
  const ends = new Map<string, string>();
  for (const { pickup, delivery } of shipments) {
    const id = `shipment ${pickup.id} ${delivery.id}`;
    ends.set(`pickup ${pickup.id}`, id).set(`delivery ${delivery.id}`, id);
  }
  return vehicles.map(({ steps = [] }) =>
    steps.flatMap(({ type, id }) => {
      if (type === 'job') return [`job ${id}`];
      const shipment = ends.get(`${type} ${id}`);
      return shipment ? [shipment] : [];
    }),
  );
}
