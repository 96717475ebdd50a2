import type { Fence } from '../../schemas/fence.ts';
import type { Fix } from '../../schemas/fix.ts';
import type { Route } from '../../schemas/plan.ts';
import { frame } from '../../schemas/position.ts';
import { random } from '../../schemas/random.ts';
import { MemoryStore } from './memory-store.ts';

const plane = frame({ lng: -83, lat: 40 });
export const START = 1_790_000_000;
export const depot = { id: 1, fleetId: 1, name: 'D', position: plane.position(0, 0), radius: 80 };

export const fences: Fence[] = [
  { kind: 'circle', centre: [plane.position(600, 0).lng, plane.position(600, 0).lat], radius: 150 } as const,
  {
    kind: 'corridor',
    line: [-100, 900].map((x) => [plane.position(x, 250).lng, plane.position(x, 250).lat] as const),
    width: 60,
  } as const,
].map((shape, i) => ({
  id: i + 1,
  fleetId: 1,
  set: 's',
  name: `fence ${i}`,
  kind: 'area',
  shape,
  policy: { enterMargin: 0, exitMargin: 15, minInside: 10, minOutside: 10 },
}));

const stopPlaces = [120, 320, 420, 600, 900].map((x, i) => plane.position(x, i % 2 ? 30 : -20));
export const route: Route = {
  id: 1,
  fleetId: 1,
  code: 'R1',
  serviceDate: '2026-09-21',
  depotId: 1,
  vehicleId: 7,
  plannedDeparture: START,
  plannedReturn: START + 3600,
  version: 1,
  stops: stopPlaces.map((position, sequence) => ({
    id: 100 + sequence,
    routeId: 1,
    code: `S${sequence}`,
    sequence,
    position,
    plannedArrival: START + 300 + sequence * 200,
    service: 60,
    packages: 1,
  })),
};

/** A van that drives and stands about by chance, through a bad receiver. */
export function drive(seed: number, count: number): Fix[] {
  const chance = random(seed);
  const fixes: Fix[] = [];
  let [x, y, at, speed] = [0, 0, START - 900, 0];
  for (let i = 0; i < count; i++) {
    const isStanding = chance.chance(0.25) ? speed > 0 : speed === 0;
    speed = isStanding ? 0 : chance.between(3, 14);
    const gap = chance.chance(0.03) ? chance.between(100, 7200) : chance.between(4, 12);
    at = Math.round((at + gap) * 1000) / 1000;
    x += speed * Math.min(gap, 30) * (Math.floor(i / 40) % 2 ? -1 : 1);
    y += speed * chance.between(-0.5, 0.5);
    const wild = chance.chance(0.02) ? 30_000 : 0;
    const position = plane.position(x + chance.normal() * 5 + wild, y + chance.normal() * 5);
    const repeated = chance.chance(0.02) ? fixes.at(-1) : undefined;
    fixes.push({
      fleetId: 1,
      vehicleId: 7,
      deviceId: 7,
      at: repeated?.at ?? at,
      key: i,
      received: at,
      ...position,
      speed: chance.chance(0.9) ? speed + chance.between(0, 0.4) : undefined,
      accuracy: chance.between(3, 20),
      heading: chance.between(0, 360),
      ignition: chance.chance(0.8),
      door: chance.chance(0.2),
      belt: chance.chance(0.7),
      ...(chance.chance(0.03) && { events: [{ type: 'harsh_braking', value: 0.5, ts: (at - 3) * 1000 }] }),
      flags: chance.chance(0.02) ? 2 : 0,
    });
  }
  return fixes;
}

export function freshStore(): MemoryStore {
  const store = new MemoryStore();
  const vehicles = [{ id: 7, fleetId: 1, name: 'V7' }];
  store.setWorld({ fleets: [{ id: 1, name: 'f', timeZone: 'UTC' }], depots: [depot], vehicles, fences }, [
    route,
  ]);
  return store;
}

/** What must not depend on the order of arrival. */
export function concluded(store: MemoryStore) {
  const sorted = (rows: Iterable<readonly [string | number, unknown]>) =>
    [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => JSON.parse(JSON.stringify(row)));
  return {
    crossings: sorted(store.crossings),
    trips: sorted(store.trips),
    halts: sorted(store.halts),
    judgements: sorted(store.judgements),
    behaviours: sorted(store.behaviours),
    visits: sorted(store.visits),
  };
}

export const reports = [
  { vehicleId: 7, at: START + 700, stopCode: 'S2', kind: 'delivered' },
  { vehicleId: 7, at: START + 900, stopCode: 'S4', kind: 'failed' },
] as const;
