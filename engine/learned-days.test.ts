import { expect, test } from 'vitest';
import type { StopVisit } from '../schemas/event.ts';
import { frame } from '../schemas/position.ts';
import { openLearnedDays } from './learned-days.ts';
import { experienceOf } from './pace/experience.ts';
import { noRisk } from './pace/risk.ts';
import { routePlan } from './pace/route-plan.ts';
import type { RouteRun } from './routes.ts';
import { MemoryStore } from './testing/memory-store.ts';

const START = 1_790_000_000;
const plane = frame({ lng: 10, lat: 50 });

/** A route of thirty stops, served half as long again as planned. */
function runOf(id: number, day: number, status: 'finished' | 'on_pace'): RouteRun {
  const from = START + day * 86_400;
  const stops = Array.from({ length: 30 }, (_, sequence) => ({
    ...{ id: id * 100 + sequence, routeId: id, code: `S${sequence}`, sequence, packages: 1, service: 60 },
    ...{ position: plane.position(4000 + sequence * 150, 0), plannedArrival: from + 600 + sequence * 120 },
  }));
  const route = {
    ...{ id, fleetId: 1, code: `R${id}`, serviceDate: `2026-09-2${day}`, depotId: 1, vehicleId: id },
    ...{ driverId: 7, version: 1, plannedDeparture: from, plannedReturn: from + 5400 },
  };
  const plan = routePlan({ ...route, stops }, plane.position(0, 0));
  const visits = new Map(
    stops.map((stop, i): [number, StopVisit] => [
      stop.id,
      {
        ...{
          stopId: stop.id,
          routeId: id,
          vehicleId: id,
          confidence: 1,
          evidence: 'halt',
          outcome: 'served',
        },
        ...{ arrivedAt: from + 600 + i * 150, departedAt: from + 690 + i * 150, isOutOfSequence: false },
      },
    ]),
  );
  return {
    ...{ route, plan, visits, experience: experienceOf(plan, visits), status, risk: noRisk },
    outing: { leftAt: from, returnedAt: from + 6000 },
    forecasts: [{ progress: 0.5, mean: from + 5400, sd: 300 }],
    ...{ alert: undefined, proposal: undefined, latest: undefined, soughtAt: 0 },
  };
}

test('openLearnedDays() takes a day in when its last route is over, once, and goes on from the tables', async () => {
  const store = new MemoryStore();
  const days = await openLearnedDays(store);
  const clock = START + 7200;
  expect(await days.take(1, clock, [runOf(1, 0, 'finished'), runOf(2, 0, 'on_pace')])).toBe(false);
  expect(days.of(1).version).toBe(0);
  const over = [runOf(1, 0, 'finished'), runOf(2, 0, 'finished')];
  expect(await days.take(1, clock, over)).toBe(true);
  expect(await days.take(1, clock, over)).toBe(false);
  expect(days.of(1).version).toBe(1);
  expect(days.of(1).drivers.get(7)?.shifts).toBe(2);
  expect(days.of(1).calibration.counts.some((count) => count > 0)).toBe(true);
  expect(store.learned).toHaveLength(1);
  const again = await openLearnedDays(store);
  expect(again.of(1)).toEqual(days.of(1));
  expect(await again.take(1, clock, over)).toBe(false);
  expect(await again.take(1, clock + 86_400, [...over, runOf(3, 1, 'finished')])).toBe(true);
  expect(again.of(1).version).toBe(2);
  expect(again.of(2).version).toBe(0);
});
