import type { StoredReport } from '../../schemas/engine-store.ts';
import type { Fence, FencePolicy } from '../../schemas/fence.ts';
import type { Fix } from '../../schemas/fix.ts';
import type { Route } from '../../schemas/plan.ts';
import { frame } from '../../schemas/position.ts';
import { type Random, random } from '../../schemas/random.ts';
import { MemoryStore } from './memory-store.ts';
import { depot, drive, fences, route, START } from './small-world.ts';

/** Fences and plans as they stand at some time; the last one is what the tables must follow in the end. */
export type Edition = { readonly apply: (store: MemoryStore) => void };

export type Day = {
  readonly fixes: readonly Fix[];
  readonly reports: readonly StoredReport[];
  readonly worlds: readonly Edition[];
};

const VEHICLES = [7, 8];
const DAY = 86_400;
const plane = frame(depot.position);

/** Two vans' days by chance: bad receivers, nights, days without a fix, apps, and people who edit the world. */
export function anyDay(seed: number): Day {
  const chance = random(`day ${seed}`);
  const fixes = VEHICLES.flatMap((vehicleId) => fixesOf(vehicleId, chance));
  const reports = VEHICLES.flatMap((vehicleId) => reportsOf(vehicleId, chance));
  const editions = 1 + (chance.chance(0.6) ? 1 + chance.integer(2) : 0);
  const worlds = Array.from({ length: editions }, (_, version) => edition(version + 1, chance));
  return { fixes: fixes.sort((a, b) => a.at - b.at || a.vehicleId - b.vehicleId), reports, worlds };
}

export function worldOf(_day: Day, world: Edition): MemoryStore {
  const store = new MemoryStore();
  world.apply(store);
  return store;
}

function fixesOf(vehicleId: number, chance: Random): Fix[] {
  const count = 130 + chance.integer(150);
  // Now and then a day passes unheard in the middle.
  const pause = chance.chance(0.4)
    ? { from: chance.integer(count), seconds: DAY * chance.between(0.8, 1.3) }
    : null;
  const hasIgnition = chance.chance(0.4);
  const hasSpeed = chance.chance(0.8);
  return drive(chance.integer(1e6), count).map((fix, i) => ({
    ...fix,
    ...{ vehicleId, deviceId: vehicleId },
    at: Math.round((fix.at + (pause && i >= pause.from ? pause.seconds : 0)) * 1000) / 1000,
    speed: hasSpeed ? fix.speed : undefined,
    ignition: hasIgnition ? (fix.speed ?? 1) > 0.5 || chance.chance(0.3) : undefined,
  }));
}

function reportsOf(vehicleId: number, chance: Random): StoredReport[] {
  if (chance.chance(0.3)) return [];
  return Array.from({ length: chance.integer(12) }, () => ({
    vehicleId,
    at: Math.round((START + chance.between(-600, 2400) + (chance.chance(0.2) ? DAY : 0)) * 1000) / 1000,
    stopCode: `S${chance.integer(6)}`,
    kind: chance.pick(['arrived', 'delivered', 'failed', 'departed'] as const),
  }));
}

function edition(version: number, chance: Random): Edition {
  const all = [...fences, ...more];
  const kept = all.filter(() => chance.chance(0.8)).map((fence) => ({ ...fence, policy: policyOf(chance) }));
  const routes = [0, 1].flatMap((day) =>
    VEHICLES.map((vehicleId) => routeOf(day, vehicleId, version, chance)),
  );
  return {
    apply(store) {
      const vehicles = VEHICLES.map((id) => ({ id, fleetId: 1, name: `V${id}` }));
      const world = { fleets: [{ id: 1, name: 'f', timeZone: 'UTC' }], depots: [depot], vehicles };
      store.setWorld({ ...world, fences: kept }, routes);
    },
  };
}

const corner = (x: number, y: number): [number, number] => {
  const { lng, lat } = plane.position(x, y);
  return [lng, lat];
};
const ring = (x: number, y: number, size: number): [number, number][] => [
  ...[corner(x, y), corner(x + size, y), corner(x + size, y + size), corner(x, y + size), corner(x, y)],
];

/** One with a hole, and one that is smaller than a step. */
const more: Fence[] = [[ring(200, -300, 500), ring(350, -100, 150)], [ring(-40, -20, 30)]].map(
  (rings, i) => ({
    ...{ id: 10 + i, fleetId: 1, set: 's', name: `area ${i}`, kind: 'area' as const },
    shape: { kind: 'polygon', polygons: [rings] },
    policy: fences[0]!.policy,
  }),
);

function policyOf(chance: Random): FencePolicy {
  return {
    enterMargin: chance.pick([0, 5]),
    exitMargin: chance.pick([0, 15, 30]),
    minInside: chance.pick([0, 10, 60]),
    minOutside: chance.pick([0, 10, 60]),
    schedule: chance.chance(0.2)
      ? { timeZone: 'UTC', hours: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '13:40', until: '14:25' }] }
      : undefined,
  };
}

function routeOf(day: number, vehicleId: number, version: number, chance: Random): Route {
  const id = day * 10 + vehicleId;
  const shift = day * DAY;
  const stops = route.stops.map((stop) => ({
    ...stop,
    ...{ id: id * 100 + stop.sequence, routeId: id, plannedArrival: stop.plannedArrival + shift },
  }));
  // A later version leaves out a stop, or has two the other way round.
  if (version > 1 && chance.chance(0.5)) stops.splice(chance.integer(stops.length), 1);
  if (version > 1) stops.reverse();
  return {
    ...route,
    ...{ id, code: `R${id}`, vehicleId, version },
    ...{ plannedDeparture: START + shift, plannedReturn: START + 3600 + shift },
    stops: stops.map((stop, sequence) => ({ ...stop, sequence })),
  };
}
