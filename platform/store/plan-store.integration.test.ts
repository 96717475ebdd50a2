import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Fault } from '../../schemas/fault.ts';
import type { PlanDocument } from '../../schemas/plan.ts';
import { openTestDatabase, type TestDatabase } from '../testing/database.ts';
import { writePlan } from './plan-store.ts';

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await openTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await database?.close();
});

const square = (lng: number, lat: number) => [
  [lng, lat],
  [lng + 0.01, lat],
  [lng + 0.01, lat + 0.01],
  [lng, lat + 0.01],
  [lng, lat],
];

/** Two routes of three stops; the fleet's name keeps the tests of one database apart. */
function aPlan(fleet: string): PlanDocument {
  const noon = Date.parse('2026-11-21T12:00:00Z') / 1000;
  return {
    fleet,
    timeZone: 'America/New_York',
    depots: [{ name: 'north', position: { lng: -83, lat: 40 }, radius: 150 }],
    drivers: [
      { code: 'd1', name: 'Ada' },
      { code: 'd2', name: 'Bo' },
    ],
    vehicles: [
      { name: 'van-1', device: 'tracker-1' },
      { name: 'van-2', device: 'tracker-2' },
    ],
    routes: [1, 2].map((n) => ({
      code: `R${n}`,
      serviceDate: '2026-11-21',
      depot: 'north',
      vehicle: `van-${n}`,
      driver: n === 1 ? 'd1' : undefined,
      plannedDeparture: noon,
      plannedReturn: noon + 3600.5,
      stops: [0, 1, 2].map((i) => ({
        code: `S${i}`,
        position: { lng: -83 + i / 100, lat: 40.123456789 },
        plannedArrival: noon + 600 * i + 0.123,
        service: 90,
        packages: i,
        windowFrom: i === 1 ? noon : undefined,
        windowUntil: i === 1 ? noon + 7200 : undefined,
      })),
    })),
    fences: [
      {
        set: 'areas',
        name: 'centre',
        kind: 'area',
        shape: { kind: 'polygon', polygons: [[square(-83, 40) as [number, number][]]] },
      },
    ],
  };
}

/** Every row of the fleet in the tables that a plan touches, with its transaction number. */
async function everything(fleetId: number): Promise<unknown> {
  const tables = ['depots', 'drivers', 'vehicles', 'devices', 'geofences', 'routes', 'stops'];
  const found: Record<string, unknown> = {};
  for (const table of tables) {
    const text = `select xmin, t from ${table} t where fleet_id = $1 order by t::text`;
    found[table] = (await client.query(text, [fleetId])).rows;
  }
  return found;
}

test('writePlan() changes no row, when the same plan is written again', async () => {
  const first = await writePlan(client, aPlan('again'));
  expect(first.changes).toBe(1 + 1 + 2 + 2 + 2 + 1 + 2 + 6);
  const before = await everything(first.fleetId);
  const second = await writePlan(client, aPlan('again'));
  expect(second).toEqual({ ...first, changes: 0 });
  expect(await everything(first.fleetId)).toEqual(before);
});

test('writePlan() keeps instants to the millisecond and positions exactly, when they have many digits', async () => {
  const { routeIds } = await writePlan(client, aPlan('exact'));
  const { rows } = await client.query(
    `select lng, lat, extract(epoch from planned_arrival)::float8 as arrival, window_from from stops
     where route_id = $1 and code = 'S2'`,
    [routeIds.get('2026-11-21/R1')],
  );
  const stop = aPlan('exact').routes[0]?.stops[2];
  expect(rows).toEqual([
    { lng: stop?.position.lng, lat: stop?.position.lat, arrival: stop?.plannedArrival, window_from: null },
  ]);
});

test('writePlan() leaves an order accepted since alone, when the same plan is written again', async () => {
  const { routeIds } = await writePlan(client, aPlan('accepted'));
  const routeId = routeIds.get('2026-11-21/R1');
  await client.query('update stops set sequence = 2 - sequence where route_id = $1', [routeId]);
  await client.query('update routes set version = version + 1 where route_id = $1', [routeId]);
  await writePlan(client, aPlan('accepted'));
  const { rows } = await client.query('select code from stops where route_id = $1 order by sequence', [
    routeId,
  ]);
  expect(rows.map(({ code }) => code)).toEqual(['S2', 'S1', 'S0']);
});

test('writePlan() replaces the stops of a changed route but keeps a visited one, and stamps only that route', async () => {
  const plan = aPlan('changed');
  const { fleetId, routeIds, vehicleIds } = await writePlan(client, plan);
  const routeId = routeIds.get('2026-11-21/R1');
  await client.query(
    `insert into stop_visits (fleet_id, stop_id, route_id, vehicle_id, arrived_at, confidence, evidence, outcome,
       out_of_sequence, commit_no)
     select fleet_id, stop_id, route_id, $2, planned_arrival, 1, 'app', 'served', false, 1
     from stops where route_id = $1 and code = 'S0'`,
    [routeId, vehicleIds.get('van-1')],
  );
  const stamps = () =>
    client.query('select code, version, changed from routes where fleet_id = $1 order by code', [fleetId]);
  const before = await stamps();
  const [first, ...others] = plan.routes;
  if (first === undefined) throw new Error('the plan has routes');
  const kept = first.stops.filter(({ code }) => code === 'S2');
  await writePlan(client, { ...plan, routes: [{ ...first, stops: kept }, ...others] });

  const { rows } = await client.query('select code, sequence from stops where route_id = $1 order by code', [
    routeId,
  ]);
  expect(rows).toEqual([
    { code: 'S0', sequence: 0 },
    { code: 'S2', sequence: 0 },
  ]);
  const after = await stamps();
  expect(after.rows[0].version).toBe(before.rows[0].version + 1);
  expect(Number(after.rows[0].changed)).toBeGreaterThan(Number(before.rows[0].changed));
  expect(after.rows[1]).toEqual(before.rows[1]);
});

test('writePlan() links a device that was already known to the vehicle of the plan', async () => {
  const { fleetId } = await writePlan(client, { ...aPlan('known'), vehicles: [], routes: [] });
  await client.query(`insert into devices (fleet_id, name) values ($1, 'tracker-2')`, [fleetId]);
  const { vehicleIds, deviceIds } = await writePlan(client, aPlan('known'));
  const { rows } = await client.query('select vehicle_id from devices where device_id = $1', [
    deviceIds.get('tracker-2'),
  ]);
  expect(rows).toEqual([{ vehicle_id: vehicleIds.get('van-2') }]);
});

test('writePlan() writes nothing and names every fault with its place, when the plan has some', async () => {
  const plan = aPlan('faulty');
  const bowTie = [
    [0, 0],
    [1, 1],
    [1, 0],
    [0, 1],
    [0, 0],
  ] as [number, number][];
  const faulty: PlanDocument = {
    ...plan,
    routes: plan.routes.map((route) => ({ ...route, depot: 'south' })),
    fences: [{ set: 'areas', name: 'bow', kind: 'area', shape: { kind: 'polygon', polygons: [[bowTie]] } }],
  };
  const failure = await writePlan(client, faulty).catch((thrown: unknown) => thrown);
  expect(failure).toBeInstanceOf(Fault);
  const { sentence } = failure as Fault;
  expect(sentence).toContain(
    'fence “bow” of set “areas”: the outline crosses itself near [0.500000, 0.500000]',
  );
  expect(sentence).toContain('route “R2” of 2026-11-21: depot “south” is not in the plan');
  const { rowCount } = await client.query(`select from fleets where name = 'faulty'`);
  expect(rowCount).toBe(0);
});
