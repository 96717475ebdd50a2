import { describe, expect, test } from 'vitest';
import { check } from '../check.ts';
import { solve } from '../solve.ts';
import { afterIterations } from '../stop-when.ts';
import { UnreadableInstance } from './instance.ts';
import { readInstance } from './read.ts';
import { parseVroom } from './vroom-read.ts';
import { vroomSolution } from './vroom-write.ts';

const briefly = () => ({ seed: 1, stop: afterIterations(50) });

test('readInstance() reads Solomon text in tenths, distances cut off', () => {
  const text = `tiny

VEHICLE
NUMBER     CAPACITY
  2          10

CUSTOMER
CUST NO.  XCOORD.    YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE TIME

    0      0         0          0          0       100          0
    1      1         1          4         10        20          5
`;
  const { problem, costScale } = readInstance(text, 'x');
  expect(costScale).toBe(10);
  expect(problem).toMatchObject({ name: 'tiny', placeCount: 2, vehicles: [{ capacity: [10] }, {}] });
  expect(problem.stops).toEqual([
    { id: '1', place: 1, service: 50, windows: [{ from: 100, until: 200 }], delivery: [4] },
  ]);
  expect(Array.from(problem.profiles[0]?.distance ?? [])).toEqual([0, 14, 14, 0]);
});

test('readInstance() reads Li & Lim text and pairs each pickup with its delivery', () => {
  const text = '1 10 1\n0 0 0 0 0 100 0 0 0\n1 3 4 6 0 50 2 0 2\n2 6 8 -6 0 60 2 1 0\n';
  const { problem } = readInstance(text, 'lc');
  expect(problem.shipments).toMatchObject([
    { id: '1', amount: [6], pickup: { place: 1, service: 2000 }, delivery: { place: 2 } },
  ]);
  const { plan } = solve(problem, briefly());
  expect(plan.routes[0]?.steps.map(({ kind }) => kind)).toEqual(['start', 'pickup', 'delivery', 'end']);
  expect(plan.cost).toBe(20_000);
});

const vrp = `NAME: two depots
TYPE: MDVRPTW
DIMENSION: 4
EDGE_WEIGHT_TYPE: EUC_2D
VEHICLES: 2
CAPACITY: 10
VEHICLES_MAX_DURATION: 40
NODE_COORD_SECTION
1 0 0
2 100 0
3 3 4
4 100 5
DEMAND_SECTION
3 2
4 2
SERVICE_TIME_SECTION
3 1
4 1
TIME_WINDOW_SECTION
1 0 100
2 0 100
3 0 50
4 0 50
VEHICLES_DEPOT_SECTION
1 1
2 2
DEPOT_SECTION
1
2
-1
EOF`;

test('readInstance() reads VRPLIB with a depot for each vehicle, in thousandths', () => {
  const { problem } = readInstance(vrp, 'x');
  const { plan } = solve(problem, briefly());
  expect(plan.cost).toBe(20_000);
  expect(plan.routes.map(({ steps }) => steps[1]?.id)).toEqual(['3', '4']);
  expect(check(problem, plan)).toMatchObject({ feasible: true });
});

test('readInstance() names what it cannot read', () => {
  expect(() => readInstance(vrp.replace('DEMAND_SECTION', 'MIRACLE_SECTION'), 'x')).toThrow(
    /MIRACLE_SECTION/,
  );
  expect(() => readInstance('hello', 'x.txt')).toThrow(UnreadableInstance);
  expect(() => readInstance('{"vehicles": [{"id": "a"}]}', 'x.json')).toThrow(
    /\/vehicles\/0\/id must be integer/,
  );
  expect(() => readInstance('{"vehicles": [', 'x.json')).toThrow(/not JSON/);
});

describe('VROOM JSON', () => {
  // Row 0 is the depot; every leg takes 100 s but back to the depot, which takes 50.
  const matrix = [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((j) => (i === j ? 0 : j === 0 ? 50 : 100)));
  const document = {
    jobs: [
      { id: 1, location_index: 1, service: 60, delivery: [2], time_windows: [[1000, 2000]], skills: [7] },
      { id: 2, location_index: 2, delivery: [50], priority: 10 },
    ],
    shipments: [
      {
        pickup: { id: 1, location_index: 2 },
        delivery: { id: 1, location_index: 3, service: 30 },
        amount: [1],
      },
    ],
    vehicles: [
      {
        id: 5,
        start_index: 0,
        end_index: 0,
        capacity: [4],
        skills: [7],
        time_window: [0, 5000],
        costs: { fixed: 10 },
      },
    ],
    matrices: { car: { durations: matrix } },
  };
  const parsed = () => parseVroom(JSON.stringify(document), 'vroom');

  test('parseVroom() and vroomSolution() speak its words: seconds, steps, unassigned', () => {
    const instance = parsed();
    const { plan } = solve(instance.problem, briefly());
    expect(check(instance.problem, plan).violations).toEqual([]);
    const solution = vroomSolution(instance, plan);
    // Four legs: depot, two of the shipment, the job and back: 3 × 100 + 50, and the vehicle.
    expect(solution).toMatchObject({
      code: 0,
      summary: { cost: 360, routes: 1, unassigned: 1, service: 90 },
    });
    expect(solution.unassigned).toEqual([
      { type: 'job', id: 2, paceline: { reason: 'it is larger than any vehicle that may serve it' } },
    ]);
    const types = solution.routes[0]?.steps.map(({ type }) => type);
    expect(types?.filter((type) => type === 'job')).toHaveLength(1);
    expect(types?.indexOf('pickup')).toBeLessThan(types?.indexOf('delivery') ?? 0);
  });

  test('parseVroom() takes vehicle.steps as the plan to start from', () => {
    const steps = [
      { type: 'start' },
      { type: 'pickup', id: 1 },
      { type: 'delivery', id: 1 },
      { type: 'job', id: 1 },
    ];
    const vehicles = [{ ...document.vehicles[0], steps }];
    const instance = parseVroom(JSON.stringify({ ...document, vehicles }), 'vroom');
    expect(instance.steps).toEqual([['shipment 1 1', 'shipment 1 1', 'job 1']]);
  });

  test('parseVroom() drives straight lines when it gets no matrices, and says so', () => {
    const jobs = [{ id: 1, location: [4.4, 50.8] }];
    const vehicles = [{ id: 1, start: [4.3, 50.8] }];
    const { problem, assumptions } = parseVroom(JSON.stringify({ jobs, vehicles }), 'vroom');
    expect(assumptions).toHaveLength(1);
    expect(solve(problem, briefly()).plan.routes[0]?.steps.at(-1)).not.toHaveProperty('place');
  });
});
