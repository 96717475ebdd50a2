import { expect, test } from 'vitest';
import type { Fix } from '../schemas/fix.ts';
import type { Route, Stop } from '../schemas/plan.ts';
import { frame } from '../schemas/position.ts';
import { Engine } from './engine.ts';
import { inline } from './pool/inline.ts';
import { MemoryStore } from './testing/memory-store.ts';

const plane = frame({ lng: 10, lat: 50 });
const START = 1_790_000_000;
const LEG = 120;
const SERVICE = 60;
const STOPS = 24;

/** Streets side by side, a stop every 300 m, three minutes each; `spare` seconds at the end. */
function street(id: number, spare: number): Route {
  const stops = Array.from(
    { length: STOPS },
    (_, sequence): Stop => ({
      ...{ id: id * 100 + sequence, routeId: id, code: `S${sequence}`, sequence, packages: 2 },
      position: plane.position(id * 400, 600 + sequence * 300),
      plannedArrival: START + 300 + sequence * (LEG + SERVICE),
      service: SERVICE,
    }),
  );
  return {
    ...{ id, fleetId: 1, code: `R${id}`, serviceDate: '2026-09-21', depotId: 1, vehicleId: 10 + id },
    ...{ plannedDeparture: START, version: 1, stops },
    plannedReturn: START + 300 + STOPS * (LEG + SERVICE) + 900 + spare,
  };
}

/** Drives its street as planned, and stands still from `brokenAt` on. */
function fixOf(vehicle: number, at: number, brokenAt: number): Fix {
  const since = Math.min(at, brokenAt) - START - 300;
  const stop = Math.floor(since / (LEG + SERVICE));
  const into = since - stop * (LEG + SERVICE);
  const isServing = into < SERVICE && stop >= 0;
  const done = stop + (into < SERVICE ? 0 : (into - SERVICE) / LEG);
  const y = since < 0 ? ((at - START) / 300) * 600 : 600 + Math.min(STOPS - 1, done) * 300;
  const isStill = isServing || at > brokenAt || done >= STOPS - 1;
  return {
    ...{ fleetId: 1, vehicleId: vehicle, deviceId: vehicle, at, key: at, received: at, flags: 0 },
    ...{ speed: isStill ? 0 : 3, ...plane.position(since < 0 ? 0 : (vehicle - 10) * 400, y) },
  };
}

/** Three vans on their streets, of which the first stands still from `brokenAt` on; `spare` seconds in its plan. */
async function standing({ brokenAt, spare }: { brokenAt: number; spare: number }) {
  const store = new MemoryStore();
  const world = {
    fleets: [{ id: 1, name: 'f', timeZone: 'UTC' }],
    depots: [{ id: 1, fleetId: 1, name: 'D', position: plane.position(0, 0), radius: 100 }],
    vehicles: [1, 2, 3].map((id) => ({ id: 10 + id, fleetId: 1, name: `van-${id}` })),
    fences: [],
  };
  store.setWorld(world, [street(1, spare), street(2, 5400), street(3, 5400)]);
  let now = START;
  const engine = await Engine.open(store, { run: inline, threads: 0, gulpFixes: 1000, now: () => now });
  const until = async (end: number): Promise<void> => {
    for (; now < end; now += 15) {
      store.ingest([11, 12, 13].map((vehicle) => fixOf(vehicle, now, vehicle === 11 ? brokenAt : 2e9)));
      await engine.advance();
      await engine.tick();
    }
  };
  const rescues = () => store.proposals.filter(({ kind }) => kind === 'rescue');
  return { store, until, rescues };
}

test('Engine asks for help by itself, once a van has stood where it serves nobody for three quarters of an hour', async () => {
  const brokenAt = START + 300 + 2 * (LEG + SERVICE) + 100;
  const { until, rescues } = await standing({ brokenAt, spare: 7200 });
  await until(brokenAt + 2600);
  expect(rescues()).toEqual([]);
  await until(brokenAt + 3300);
  expect(rescues()[0]).toMatchObject({ routeId: 1, state: 'open', detail: { cause: 'breakdown' } });
});

test('Engine proposes to share out what a van has left, once a person took it out of service', async () => {
  const brokenAt = START + 300 + 8 * (LEG + SERVICE) + 100;
  const { store, until, rescues } = await standing({ brokenAt, spare: 0 });
  await until(brokenAt + 240);
  expect(rescues()).toEqual([]);
  store.troubles.outOfService.push(11);
  await until(brokenAt + 600);

  const [rescue] = rescues();
  expect(rescue).toMatchObject({ routeId: 1, fromVersion: 1, state: 'open' });
  const { cause, choices } = rescue!.detail!;
  expect(cause).toBe('out_of_service');
  const { parts, giverOrder, explanation } = choices[0]!;
  const moved = parts.flatMap(({ stopIds }) => stopIds);
  expect(moved.length).toBeGreaterThanOrEqual(10);
  expect(new Set([...moved, ...giverOrder])).toEqual(new Set(street(1, 0).stops.map(({ id }) => id)));
  for (const part of parts) {
    expect(part.helperOrder.toSorted()).toEqual(
      [...street(part.helperRouteId, 0).stops.map(({ id }) => id), ...part.stopIds].toSorted(),
    );
    expect(part.helperTimes).toEqual(part.helperTimes.toSorted((a, b) => a - b));
    expect(part.meetAt).toBeGreaterThan(brokenAt);
    expect(part.helper.lateAfter).toBeLessThan(0.1);
  }
  expect(explanation).toContain('R1 cannot go on');
});

test('Engine asks for help for a van that stands at a stop, once that is longer than its service can take', async () => {
  // In the middle of its third service.
  const brokenAt = START + 300 + 2 * (LEG + SERVICE) + 20;
  const { until, rescues } = await standing({ brokenAt, spare: 7200 });
  await until(brokenAt + 2900);
  expect(rescues()).toEqual([]);
  await until(brokenAt + 2900 + 10 * SERVICE);
  expect(rescues()[0]).toMatchObject({ routeId: 1, state: 'open', detail: { cause: 'breakdown' } });
});
