import type { StopInput, VehicleInput } from '../problem-input.ts';
import { euclid, type Rounding, tenths, thousandths, whole } from './euclid.ts';
import { type Instance, UnreadableInstance } from './instance.ts';

type File = {
  readonly fields: ReadonlyMap<string, string>;
  readonly sections: ReadonlyMap<string, readonly (readonly number[])[]>;
};

const known = new Set([
  'NODE_COORD_SECTION',
  'EDGE_WEIGHT_SECTION',
  'DEMAND_SECTION',
  'BACKHAUL_SECTION',
  'SERVICE_TIME_SECTION',
  'TIME_WINDOW_SECTION',
  'PRIZE_SECTION',
  'DEPOT_SECTION',
  'CAPACITY_SECTION',
  'VEHICLES_DEPOT_SECTION',
  'VEHICLES_ALLOWED_CLIENTS_SECTION',
  'VEHICLES_MAX_DURATION_SECTION',
  'VEHICLES_MAX_DISTANCE_SECTION',
  'VEHICLES_FIXED_COST_SECTION',
  'VEHICLES_UNIT_DISTANCE_COST_SECTION',
]);

/**
 * VRPLIB with PyVRP's additions (https://pyvrp.org, "Reading the VRPLIB format"): CVRP, VRPTW, MDVRPTW,
 * SDVRPTW and what the sections above combine to. Costs are in the convention of each set's reference
 * solutions: CVRP rounds distances, VRPTW cuts them to tenths, all others count thousandths.
 */
export function parseVrplib(text: string): Instance {
  const file = split(text);
  const name = file.fields.get('NAME') ?? '';
  for (const section of file.sections.keys()) {
    if (!known.has(section)) throw new UnreadableInstance(`${name}: ${section} is not supported`);
  }
  const type = file.fields.get('TYPE') ?? 'CVRP';
  const rounding = type === 'CVRP' ? whole : type === 'VRPTW' ? tenths : thousandths;
  const { distance, placeCount } = matrixOf(file, name, rounding);
  const depots = (file.sections.get('DEPOT_SECTION') ?? [[1]])
    .map(([id = -1]) => id)
    .filter((id) => id > 0)
    .map((id) => id - 1);
  const stops = stopsOf(file, placeCount, new Set(depots), rounding);
  const vehicles = vehiclesOf(file, stops, depots, rounding);
  const problem = { name, placeCount, profiles: [{ distance, duration: distance }], stops, vehicles };
  return { format: 'vrplib', problem, costScale: type === 'VRPTW' ? rounding.scale : 1, assumptions: [] };
}

function split(text: string): File {
  const fields = new Map<string, string>();
  const sections = new Map<string, number[][]>();
  let rows: number[][] | undefined;
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    if (line === '' || line === 'EOF') continue;
    const [, key, value] = /^([A-Z_]+)\s*:?\s*(.*)$/.exec(line) ?? [];
    if (key === undefined) rows?.push(line.split(/\s+/).map(Number));
    else if (key.endsWith('_SECTION')) {
      rows = [];
      sections.set(key, rows);
    } else fields.set(key, value ?? '');
  }
  return { fields, sections };
}

function matrixOf({ fields, sections }: File, name: string, rounding: Rounding) {
  const kind = fields.get('EDGE_WEIGHT_TYPE');
  if (kind === 'EUC_2D') {
    const points = (sections.get('NODE_COORD_SECTION') ?? []).map(([, x = 0, y = 0]): [number, number] => [
      x,
      y,
    ]);
    return { distance: euclid(points, rounding), placeCount: points.length };
  }
  if (kind !== 'EXPLICIT') throw new UnreadableInstance(`${name}: EDGE_WEIGHT_TYPE ${kind} is not supported`);
  const placeCount = Number(fields.get('DIMENSION'));
  const weights = (sections.get('EDGE_WEIGHT_SECTION') ?? []).flat();
  const form = fields.get('EDGE_WEIGHT_FORMAT') ?? 'FULL_MATRIX';
  if (form === 'FULL_MATRIX') return { distance: weights, placeCount };
  if (form !== 'LOWER_ROW')
    throw new UnreadableInstance(`${name}: EDGE_WEIGHT_FORMAT ${form} is not supported`);
  const distance = new Array<number>(placeCount * placeCount).fill(0);
  let k = 0;
  for (let i = 1; i < placeCount; i++) {
    for (let j = 0; j < i; j++) {
      const weight = weights[k++] ?? Number.NaN;
      distance[i * placeCount + j] = weight;
      distance[j * placeCount + i] = weight;
    }
  }
  return { distance, placeCount };
}

/** A section of `id value …` as values by id − 1. */
function byIndex({ sections }: File, name: string): ReadonlyMap<number, readonly number[]> {
  return new Map((sections.get(name) ?? []).map(([id = 0, ...values]) => [id - 1, values]));
}

function stopsOf(
  file: File,
  placeCount: number,
  depots: ReadonlySet<number>,
  { scale }: Rounding,
): StopInput[] {
  const demand = byIndex(file, 'DEMAND_SECTION');
  const backhaul = byIndex(file, 'BACKHAUL_SECTION');
  const service = byIndex(file, 'SERVICE_TIME_SECTION');
  const windows = byIndex(file, 'TIME_WINDOW_SECTION');
  const prizes = byIndex(file, 'PRIZE_SECTION');
  const common = Number(file.fields.get('SERVICE_TIME') ?? 0);
  const excluded = excludedVehicles(file);
  const stops: StopInput[] = [];
  for (let place = 0; place < placeCount; place++) {
    if (depots.has(place)) continue;
    const [from, until] = windows.get(place) ?? [];
    const prize = prizes.get(place)?.[0] ?? 0;
    stops.push({
      id: String(place + 1),
      place,
      service: Math.round((service.get(place)?.[0] ?? common) * scale),
      ...(from !== undefined &&
        until !== undefined && {
          windows: [{ from: Math.round(from * scale), until: Math.round(until * scale) }],
        }),
      delivery: [demand.get(place)?.[0] ?? 0],
      ...(backhaul.size > 0 && { pickup: [backhaul.get(place)?.[0] ?? 0] }),
      ...(prize > 0 && { unservedCost: Math.round(prize * scale) }),
      ...(excluded && { vehicles: excluded(place) }),
    });
  }
  return stops;
}

/** Which vehicles may serve a place, where the file says so. */
function excludedVehicles(file: File): ((place: number) => string[]) | undefined {
  const rows = file.sections.get('VEHICLES_ALLOWED_CLIENTS_SECTION');
  if (!rows) return undefined;
  const allowed = rows.map(([id, ...places]) => ({ id: String(id), places: new Set(places) }));
  return (place) => allowed.filter(({ places }) => places.has(place + 1)).map(({ id }) => id);
}

function vehiclesOf(
  file: File,
  stops: readonly StopInput[],
  depots: readonly number[],
  { scale }: Rounding,
): VehicleInput[] {
  const { fields } = file;
  const of = (key: string) => {
    const each = byIndex(file, `${key}_SECTION`);
    const all = fields.get(key);
    return (v: number): number | undefined =>
      each.get(v)?.[0] ?? (all === undefined ? undefined : Number(all));
  };
  const [capacity, depotOf] = [of('CAPACITY'), of('VEHICLES_DEPOT')];
  const [duration, distance] = [of('VEHICLES_MAX_DURATION'), of('VEHICLES_MAX_DISTANCE')];
  const [fixed, perDistance] = [of('VEHICLES_FIXED_COST'), of('VEHICLES_UNIT_DISTANCE_COST')];
  const windows = byIndex(file, 'TIME_WINDOW_SECTION');
  const count = Number(fields.get('VEHICLES') ?? plenty(stops, capacity(0) ?? 0));
  const scaled = (value: number): number => Math.round(value * scale);
  return Array.from({ length: count }, (_, v) => {
    const depot = (depotOf(v) ?? (depots[0] ?? 0) + 1) - 1;
    const [from = 0, until = Number.POSITIVE_INFINITY] = windows.get(depot) ?? [];
    const durationMax = duration(v);
    const distanceMax = distance(v);
    return {
      id: String(v + 1),
      start: depot,
      end: depot,
      capacity: [capacity(v) ?? stops.reduce((sum, stop) => sum + (stop.delivery?.[0] ?? 0), 0)],
      shift: { from: scaled(from), until: Math.min(scaled(until), 2 ** 28) },
      ...(durationMax !== undefined && { durationMax: scaled(durationMax) }),
      ...(distanceMax !== undefined && { distanceMax: scaled(distanceMax) }),
      costs: { fixed: scaled(fixed(v) ?? 0), perDistance: perDistance(v) ?? 1, perTravelTime: 0 },
    };
  });
}

/** A file that does not count its vehicles means as many as are useful. */
function plenty(stops: readonly StopInput[], capacity: number): number {
  const total = stops.reduce((sum, stop) => sum + (stop.delivery?.[0] ?? 0), 0);
  return Math.min(stops.length, 10 + 2 * Math.ceil(total / Math.max(1, capacity)));
}
