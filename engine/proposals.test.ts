import { expect, test } from 'vitest';
import type { Fix } from '../schemas/fix.ts';
import type { Route } from '../schemas/plan.ts';
import { frame } from '../schemas/position.ts';
import { Engine } from './engine.ts';
import { inline } from './pool/inline.ts';
import { MemoryStore } from './testing/memory-store.ts';

const plane = frame({ lng: 10, lat: 50 });
const START = 1_790_000_000;

/** Ten stops along a street, promised in a zigzag that takes far too long. */
function zigzag(): Route {
  const stops = [9, 1, 8, 2, 7, 3, 6, 4, 10, 5].map((x, sequence) => ({
    id: 100 + sequence,
    routeId: 1,
    code: `S${sequence}`,
    sequence,
    position: plane.position(x * 1000, 0),
    plannedArrival: START + 600 + sequence * 700,
    service: 60,
    packages: 1,
  }));
  return {
    id: 1,
    fleetId: 1,
    code: 'R1',
    serviceDate: '2026-09-21',
    depotId: 1,
    vehicleId: 7,
    plannedDeparture: START,
    plannedReturn: START + 8000,
    version: 1,
    stops,
  };
}

function fixAt(at: number, metres: number): Fix {
  const position = plane.position(metres, 0);
  return {
    fleetId: 1,
    vehicleId: 7,
    deviceId: 7,
    at,
    key: at,
    received: at,
    speed: 9,
    flags: 0,
    ...position,
  };
}

test('Engine raises one alert and proposes one better order, when a route falls hours behind, and lets go when its version moves on', async () => {
  const store = new MemoryStore();
  const route = zigzag();
  const world = {
    fleets: [{ id: 1, name: 'f', timeZone: 'UTC' }],
    depots: [{ id: 1, fleetId: 1, name: 'D', position: plane.position(0, 0), radius: 100 }],
    vehicles: [{ id: 7, fleetId: 1, name: 'van-7' }],
    fences: [],
  };
  store.setWorld(world, [route]);
  let now = START;
  const engine = await Engine.open(store, { run: inline, threads: 0, gulpFixes: 100, now: () => now });
  const minutes = async (until: number, place: (at: number) => number): Promise<void> => {
    for (; now < until; now += 60) {
      store.ingest([fixAt(now, place(now))]);
      await engine.advance();
      await engine.tick();
    }
  };
  // It leaves, and then wanders about without serving anything.
  await minutes(START + 600, (at) => (at - START) * 2);
  await minutes(START + 6000, (at) => 1200 + ((at / 60) % 2) * 500);

  expect(store.alerts).toMatchObject([{ cause: 'at_risk/route/1', routeId: 1 }]);
  expect(store.alerts[0]?.resolvedAt).toBeUndefined();
  expect(store.alerts[0]?.message).toContain('0 of 10 stops done');
  expect(store.proposals).toMatchObject([{ routeId: 1, fromVersion: 1, state: 'open' }]);
  const [proposal] = store.proposals;
  expect(proposal!.costAfter).toBeLessThan(proposal!.costBefore - 120);
  expect([...proposal!.stopIds].sort()).toEqual(route.stops.map(({ id }) => id).sort());
  expect(proposal!.stopIds.slice(0, 3)).toEqual([100, 101, 102]);

  const place = new Map(proposal!.stopIds.map((id, sequence) => [id, sequence]));
  const stops = route.stops
    .map((stop) => ({ ...stop, sequence: place.get(stop.id) ?? 0 }))
    .sort((a, b) => a.sequence - b.sequence);
  store.setWorld(world, [{ ...route, version: 2, stops }]);
  await minutes(now + 600, (at) => 1200 + ((at / 60) % 2) * 500);
  expect(store.proposals).toMatchObject([{ state: 'superseded' }]);
  expect(store.paces.at(-1)?.nextStopId).toBe(100);
});
