import { expect, test } from 'vitest';
import type { Halt } from '../../schemas/event.ts';
import type { Route } from '../../schemas/plan.ts';
import { frame } from '../../schemas/position.ts';
import { routePlan } from '../pace/route-plan.ts';
import type { Report } from './reported-visit.ts';
import { matchVisits } from './visit.ts';

const plane = frame({ lng: -83, lat: 40 });
const START = 1_790_000_000;

/** Stops along a street, metres from its beginning, 300 s apart by plan. */
function planWith(places: readonly number[]) {
  const route: Route = {
    ...{ id: 1, fleetId: 1, code: 'R', serviceDate: '2026-09-21', depotId: 1, vehicleId: 7, version: 1 },
    ...{ plannedDeparture: START, plannedReturn: START + 3600 },
    stops: places.map((x, sequence) => ({
      ...{ id: 100 + sequence, routeId: 1, code: `S${sequence}`, sequence, position: plane.position(x, 0) },
      ...{ plannedArrival: START + 300 * (sequence + 1), service: 60, packages: 1 },
    })),
  };
  return routePlan(route, plane.position(-500, 0));
}

const halt = (x: number, from: number, until: number | undefined): Halt => ({
  ...{ vehicleId: 7, startedAt: START + from, position: plane.position(x, 0) },
  endedAt: until === undefined ? undefined : START + until,
});
const said = (stop: number, kind: Report['kind'], at: number): Report => ({
  ...{ vehicleId: 7, at: START + at, stopCode: `S${stop}`, kind },
});
const shown = (visits: ReturnType<typeof matchVisits>) =>
  visits.map(({ stopId, arrivedAt, departedAt }) => [
    stopId - 100,
    arrivedAt - START,
    departedAt === undefined ? undefined : departedAt - START,
  ]);

test('matchVisits() shares out a halt by planned service, when it lasted long enough for two neighbours of the running order', () => {
  const plan = planWith([0, 30, 400]);
  expect(shown(matchVisits(plan, [halt(15, 300, 420), halt(400, 600, 660)], []))).toEqual([
    [0, 300, 360],
    [1, 360, 420],
    [2, 600, 660],
  ]);
});

test('matchVisits() is less sure of the stop nobody saw the van drive up to', () => {
  const visits = matchVisits(planWith([0, 30]), [halt(5, 300, 420)], []);
  expect(visits[0]!.confidence).toBeGreaterThan(visits[1]!.confidence);
  expect(visits[1]!.confidence).toBeLessThanOrEqual(0.6);
});

test.each([
  { name: 'the halt was short', halts: [halt(15, 300, 350)] },
  { name: 'the halt goes on', halts: [halt(15, 300, undefined)] },
  { name: 'the other stop is far', halts: [halt(-38, 300, 420)] },
])('matchVisits() gives a halt to one stop alone, when $name', ({ halts }) => {
  expect(matchVisits(planWith([0, 30]), halts, [])).toHaveLength(1);
});

test('matchVisits() lets each stop that is reported keep its own time within a common halt', () => {
  const reports = [
    ...[said(0, 'arrived', 305), said(0, 'delivered', 340), said(0, 'departed', 355)],
    ...[said(1, 'arrived', 372), said(1, 'delivered', 410), said(1, 'departed', 417)],
  ];
  expect(shown(matchVisits(planWith([0, 30]), [halt(15, 300, 420)], reports))).toEqual([
    [0, 300, 355],
    [1, 372, 420],
  ]);
});

test('matchVisits() takes the driver’s word for when, when the nearest halt had ended before the driver arrived', () => {
  const reports = [said(1, 'arrived', 470), said(1, 'delivered', 490)];
  expect(shown(matchVisits(planWith([0, 60]), [halt(0, 300, 400)], reports))).toEqual([
    [0, 300, 400],
    [1, 470, 490],
  ]);
});
