import type { FenceShape } from '../../../schemas/fence.ts';
import type { Fix } from '../../../schemas/fix.ts';
import { type Frame, frame, type Position } from '../../../schemas/position.ts';
import { random } from '../../../schemas/random.ts';

/** A fleet in the middle of its day, as a load on the engine. */
export type LoadSize = {
  readonly vans: number;
  /** The first so many vans have plans of `stops` stops; the others drive about. */
  readonly plans: number;
  readonly stops: number;
  readonly fences: number;
  /** Seconds between two fixes of a van. */
  readonly interval: number;
  /** Share of fixes that arrive half a minute late, behind newer ones of their van. */
  readonly late: number;
};

/** What one van does that day, planned and true: stop k of the columns. */
export type VanDay = {
  readonly id: number;
  readonly place: readonly Position[];
  readonly planned: Float64Array;
  readonly service: Float64Array;
  readonly arrived: Float64Array;
  readonly departed: Float64Array;
  readonly departure: number;
  readonly plannedReturn: number;
};

/** The instant at which the load begins: vans have served some forty stops by then. */
export const LOAD_START = 1_790_020_000;
/** Metres from the middle of the city to its edge. */
const CITY = 20_000;
const STOPS_BEFORE = 40;
const STATIONS = 10;
const HELD_SECONDS = 30;

export const plane: Frame = frame({ lng: 10, lat: 50 });

export const stations: readonly Position[] = Array.from({ length: STATIONS }, (_, i) =>
  plane.position(CITY * Math.cos(i), CITY * Math.sin(i * 1.7)),
);

/** Drives and services as calibrated (p50 170 m and 52 s, 78 s), and a driver who keeps to the plan so and so. */
export function vanDay(id: number, stops: number): VanDay {
  const chance = random(`load/${id}`);
  const pace = chance.between(0.85, 1.2);
  let x = chance.between(-CITY, CITY);
  let y = chance.between(-CITY, CITY);
  const place: Position[] = [];
  const [planned, service, arrived, departed] = Array.from({ length: 4 }, () => new Float64Array(stops));
  const departure = LOAD_START - STOPS_BEFORE * 165 - chance.between(0, 1200);
  let at = departure + 900;
  let now = at;
  for (let k = 0; k < stops; k++) {
    const metres = Math.min(3000, chance.lognormal(5.15, 0.8));
    const turn = chance.between(0, 2 * Math.PI);
    x += metres * Math.cos(turn);
    y += metres * Math.sin(turn);
    const leg = 15 + metres / 5;
    place.push(plane.position(x, y));
    planned![k] = at += leg;
    service![k] = Math.round(chance.lognormal(4.4, 0.5));
    arrived![k] = now += leg * pace * chance.between(0.9, 1.15);
    departed![k] = now += service![k]! * pace * chance.lognormal(0, 0.4);
    at += service![k]!;
  }
  const times = { planned: planned!, service: service!, arrived: arrived!, departed: departed! };
  return { id, place, ...times, departure, plannedReturn: at + 900 };
}

/** Neighbourhoods that tile the city, and as many customers' sites of 150 m. */
export function fenceShapes(count: number): FenceShape[] {
  const side = Math.ceil(Math.sqrt(count / 2));
  const chance = random('load/fences');
  const corner = (i: number, j: number): readonly [number, number] => {
    const own = random(`load/corner/${i}/${j}`);
    const cell = (2 * CITY) / side;
    const { lng, lat } = plane.position(
      -CITY + (i + own.between(-0.3, 0.3)) * cell,
      -CITY + (j + own.between(-0.3, 0.3)) * cell,
    );
    return [lng, lat];
  };
  return Array.from({ length: count }, (_, n): FenceShape => {
    const [i, j] = [n % side, Math.floor(n / side)];
    if (j >= side) {
      const { lng, lat } = plane.position(chance.between(-CITY, CITY), chance.between(-CITY, CITY));
      return { kind: 'circle', centre: [lng, lat], radius: 150 };
    }
    const ring = [corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1), corner(i, j)];
    return { kind: 'polygon', polygons: [[ring]] };
  });
}

/** The fixes of a fleet, in order of time. */
export function openFixes({ vans, stops, interval, late }: LoadSize, fleetId: number) {
  const chance = random('load/fixes');
  const days = Array.from({ length: vans }, (_, v) => compact(vanDay(v + 1, stops)));
  const next = new Int32Array(vans);
  const held: Fix[] = [];
  let sent = 0;
  return {
    /** The packed batches of all fixes before `until` seconds of the load, of so many fixes each. */
    until(until: number, batchFixes: number): Fix[][] {
      const batches: Fix[][] = [];
      const end = Math.floor((until / interval) * vans);
      while (sent < end) {
        const fixes: Fix[] = [];
        for (; sent < end && fixes.length < batchFixes; sent++) {
          const fix = fixOf(sent);
          if (chance.chance(late)) held.push(fix);
          else fixes.push(fix);
        }
        const newest = fixes.at(-1)?.at ?? 0;
        while (held.length > 0 && held[0]!.at < newest - HELD_SECONDS) fixes.push(held.shift()!);
        batches.push(fixes);
      }
      return batches;
    },
  };

  function fixOf(n: number): Fix {
    const v = n % vans;
    const at = LOAD_START + Math.round((n / vans) * interval * 1000) / 1000;
    const day = days[v]!;
    let k = next[v]!;
    while (k < stops && day[4 * k + 3]! <= at) k++;
    next[v] = k;
    const { x, y, speed } = placeOf(day, k, stops, at);
    const position = plane.position(x + 4 * chance.normal(), y + 4 * chance.normal());
    return {
      ...{ fleetId, vehicleId: v + 1, deviceId: v + 1, at, key: Math.floor(n / vans), received: at + 0.5 },
      ...position,
      ...{ speed, heading: 90, accuracy: 5, flags: 0 },
    };
  }
}

/** Per stop x, y, arrived, departed. */
function compact({ place, arrived, departed }: VanDay): Float64Array {
  const columns = new Float64Array(place.length * 4);
  for (const [k, { lng, lat }] of place.entries()) {
    columns.set([plane.x(lng), plane.y(lat), arrived[k]!, departed[k]!], 4 * k);
  }
  return columns;
}

function placeOf(day: Float64Array, k: number, stops: number, at: number) {
  const own = 4 * Math.min(k, stops - 1);
  const [x, y, arrived] = [day[own]!, day[own + 1]!, day[own + 2]!];
  if (k >= stops || at >= arrived || k === 0) return { x, y, speed: 0 };
  const before = own - 4;
  const share = (at - day[before + 3]!) / (arrived - day[before + 3]!);
  const [dx, dy] = [x - day[before]!, y - day[before + 1]!];
  const speed = Math.max(3.2, Math.hypot(dx, dy) / (arrived - day[before + 3]!));
  return { x: day[before]! + share * dx, y: day[before + 1]! + share * dy, speed };
}
