import type { Route, Stop } from '../../schemas/plan.ts';
import { type Frame, frame, type Position } from '../../schemas/position.ts';
import { type Random, random } from '../../schemas/random.ts';

export const ORIGIN: Position = { lng: 10, lat: 50 };
export const ground: Frame = frame(ORIGIN);
export const DEPOT_PLACE = { x: -4_000, y: 15_000 } as const;
export const SHIFT_START = 1_790_000_000;

/** A town of territories side by side, three kilometres each. */
const CELL = 3_000;
/** Streets of a territory, and how far along them its stops lie, metres. */
const STREETS = 26;
const STREET_SPREAD = 130;
/** Seconds to find the door and set off again. */
const PER_STOP = 25;
const ROADS = 1.3;
/** What the planner adds to what the usual driver takes. */
const RESERVE = 0.13;
const LUNCH_AFTER = 4.5 * 3600;
const LUNCH = 1800;
/** Share of stops promised by an instant: so many seconds after they are planned, at most. */
const WINDOWED = 0.03;
const WINDOW = 2 * 3600;

/** A stop with what the usual driver takes for it, seconds. */
export type TownStop = Stop & { readonly usual: number; readonly x: number; readonly y: number };
export type TownRoute = Omit<Route, 'stops'> & {
  readonly stops: readonly TownStop[];
  /** Packages that fit into its van. */
  readonly capacity: number;
};

/** Seconds the usual driver takes for so many straight metres: short hops crawl, long ones run. */
export function usualDrive(metres: number): number {
  const speed = 5.5 + (9 * metres) / (metres + 4_000);
  return PER_STOP + (ROADS * metres) / speed;
}

/** The planned day of one fleet; the same seed gives the same day. */
export function townDay(seed: string, vans: number, stopsPerVan: number): TownRoute[] {
  const side = Math.ceil(Math.sqrt(vans));
  return Array.from({ length: vans }, (_, v) => {
    const chance = random(`${seed}/route ${v}`);
    const count = Math.round(stopsPerVan * chance.between(0.85, 1.15));
    const places = territory(chance, { x: (v % side) * CELL, y: Math.floor(v / side) * CELL }, count);
    return timed(v, inOrder(places), chance);
  });
}

type Place = { readonly x: number; readonly y: number };

function territory(chance: Random, corner: Place, count: number): Place[] {
  const streets = Array.from({ length: STREETS }, () => ({
    x: corner.x + chance.between(0, CELL),
    y: corner.y + chance.between(0, CELL),
    turn: chance.between(0, Math.PI),
  }));
  return Array.from({ length: count }, () => {
    const { x, y, turn } = chance.pick(streets);
    const along = STREET_SPREAD * chance.normal();
    const aside = 15 * chance.normal();
    return {
      x: x + along * Math.cos(turn) - aside * Math.sin(turn),
      y: y + along * Math.sin(turn) + aside * Math.cos(turn),
    };
  });
}

/** Nearest neighbour from the depot, then 2-opt among near ones: a planner's ordinary order. */
function inOrder(places: readonly Place[]): Place[] {
  const tour: Place[] = [DEPOT_PLACE];
  const left = new Set(places);
  while (left.size > 0) {
    const here = tour.at(-1)!;
    let best: Place | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const place of left) {
      const metres = apart(here, place);
      if (metres < least) [least, best] = [metres, place];
    }
    left.delete(best!);
    tour.push(best!);
  }
  tour.push(DEPOT_PLACE);
  for (let pass = 0, isBetter = true; isBetter && pass < 30; pass++) {
    isBetter = false;
    for (let a = 0; a < tour.length - 3; a++) {
      for (let b = a + 2; b < tour.length - 1; b++) {
        const saved =
          apart(tour[a]!, tour[a + 1]!) +
          apart(tour[b]!, tour[b + 1]!) -
          apart(tour[a]!, tour[b]!) -
          apart(tour[a + 1]!, tour[b + 1]!);
        if (saved < 1) continue;
        tour.splice(a + 1, b - a, ...tour.slice(a + 1, b + 1).reverse());
        isBetter = true;
      }
    }
  }
  return tour.slice(1, -1);
}

const apart = (a: Place, b: Place): number => Math.hypot(a.x - b.x, a.y - b.y);

function timed(v: number, places: readonly Place[], chance: Random): TownRoute {
  const departure = SHIFT_START + (v % 5) * 1200;
  let t = departure;
  let here: Place = DEPOT_PLACE;
  let hasEaten = false;
  const stops = places.map((place, sequence): TownStop => {
    if (!hasEaten && t - departure > LUNCH_AFTER) {
      t += LUNCH;
      hasEaten = true;
    }
    t += (1 + RESERVE) * usualDrive(apart(here, place));
    const usual = Math.max(20, chance.lognormal(Math.log(70), 0.8));
    const plannedArrival = Math.round(t);
    const service = Math.round((1 + RESERVE) * usual);
    t += service;
    here = place;
    const isPromised = chance.chance(WINDOWED);
    const until = plannedArrival + chance.between(0.5, 1) * WINDOW;
    return {
      ...{ id: v * 1000 + sequence, routeId: v + 1, code: `S${v}-${sequence}`, sequence },
      ...{ ...place, position: ground.position(place.x, place.y) },
      ...{ plannedArrival, service, usual, packages: 1 + Math.floor(chance.next() ** 2 * 4) },
      ...(isPromised && { windowUntil: until }),
    };
  });
  t += (1 + RESERVE) * usualDrive(apart(here, DEPOT_PLACE));
  const load = stops.reduce((sum, { packages }) => sum + packages, 0);
  return {
    ...{ id: v + 1, fleetId: 1, code: `R${v + 1}`, serviceDate: '2026-09-21', depotId: 1, vehicleId: v + 1 },
    ...{ version: 1, plannedDeparture: departure, plannedReturn: Math.round(t), stops },
    capacity: Math.ceil(load * chance.between(1.02, 1.25)),
  };
}
