import { expect, test } from 'vitest';
import type { RouteDetail } from '../../api.ts';
import { routeShape, shownStops } from './route-shape.ts';

type Stop = RouteDetail['stops'][number];

function aStop(stopId: number, stop: Partial<Stop> = {}): Stop {
  return {
    stopId,
    code: `S${stopId}`,
    sequence: stopId,
    lng: stopId / 100,
    lat: 50,
    packages: 1,
    plannedArrival: 1000 * stopId,
    plannedService: 60,
    windowFrom: null,
    windowUntil: null,
    arrivedAt: null,
    departedAt: null,
    outcome: null,
    confidence: null,
    ...stop,
  };
}

function aRoute(stops: Stop[]): RouteDetail {
  return {
    routeId: 1,
    route: 'R1',
    serviceDate: '2026-11-21',
    depot: { name: 'north', lng: 0, lat: 50 },
    vehicleId: 7,
    vehicle: 'van-7',
    driver: null,
    version: 1,
    plannedDeparture: 0,
    plannedReturn: 9000,
    pace: null,
    stops,
    track: [
      [0, 50, 10],
      [0.01, 50, 20],
    ],
  };
}

const route = aRoute([
  aStop(3),
  aStop(1, { arrivedAt: 1900, outcome: 'served' }),
  aStop(2, { arrivedAt: 2901, outcome: 'served' }),
  aStop(4, { arrivedAt: 3950, outcome: 'failed' }),
  aStop(5),
  aStop(6, { arrivedAt: 6100, windowUntil: 6050 }),
]);

test('shownStops() tells done, late, failed, next and to do, in running order', () => {
  expect(shownStops(route).map(({ stopId, state, delay }) => [stopId, state, delay])).toEqual([
    [1, 'done', 900],
    [2, 'done_late', 901],
    [3, 'next', undefined],
    [4, 'failed', -50],
    [5, 'ahead', undefined],
    [6, 'done_late', 100],
  ]);
});

test('routeShape() draws what was asked for', () => {
  const parts = (show: 'planned' | 'actual' | 'both', proposed?: number[]) => {
    const shape = routeShape(route, show, proposed);
    return [shape.planned, shape.track, shape.proposal].map(({ features }) => features.length);
  };
  expect(parts('both')).toEqual([2, 1, 0]);
  expect(parts('planned')).toEqual([2, 0, 0]);
  expect(parts('actual')).toEqual([0, 1, 0]);
  expect(parts('both', [5, 3])).toEqual([2, 1, 1]);
});

test('routeShape() starts a proposal where the van was served last, and skips unknown stops', () => {
  const [line] = routeShape(route, 'both', [5, 99, 3]).proposal.features;
  expect(line?.geometry.coordinates).toEqual([
    [0.06, 50],
    [0.05, 50],
    [0.03, 50],
  ]);
});

test('routeShape() leads from the stop served last through all that are left, when one was served early', () => {
  const [done, ahead] = routeShape(route, 'both', undefined).planned.features;
  const lngs = (line: typeof done) =>
    line?.geometry.type === 'LineString' ? line.geometry.coordinates.map(([lng]) => lng) : [];
  expect(lngs(done)).toEqual([0, 0.01, 0.02, 0.04, 0.06]);
  expect(lngs(ahead)).toEqual([0.06, 0.03, 0.05, 0]);
});
