import type pg from 'pg';
import { defaultFencePolicy } from '../../../schemas/fence.ts';
import { fenceShapes, LOAD_START, type LoadSize, stations, type VanDay, vanDay } from './fleet-load.ts';

/** Vans written at once. */
const CHUNK = 250;

/** Writes the fleet, its plans and fences, and what was concluded before the load begins. */
export async function writeLoad(
  client: pg.Client,
  size: LoadSize,
): Promise<{ fleetId: number; sourceId: number }> {
  const { rows: fleet } = await client.query(`insert into fleets (name) values ('load') returning fleet_id`);
  const fleetId: number = fleet[0].fleet_id;
  const { rows: source } = await client.query(
    `insert into sources (name) values ('load') returning source_id`,
  );
  for (const [i, { lng, lat }] of stations.entries()) {
    await client.query('insert into depots (fleet_id, name, lng, lat, radius) values ($1, $2, $3, $4, 120)', [
      fleetId,
      `station ${i}`,
      lng,
      lat,
    ]);
  }
  await client.query(
    `insert into vehicles (vehicle_id, fleet_id, name) overriding system value
     select v, $1, 'van ' || v from generate_series(1, $2) v`,
    [fleetId, size.vans],
  );
  const shapes = fenceShapes(size.fences);
  await client.query(
    `insert into geofences (fleet_id, fence_set, name, kind, shape, policy)
     select $1, 'load', 'fence ' || i, 'area', shape, $3 from unnest($2::jsonb[]) with ordinality as f (shape, i)`,
    [fleetId, shapes.map((shape) => JSON.stringify(shape)), JSON.stringify(defaultFencePolicy)],
  );
  for (let v = 0; v < size.plans; v += CHUNK) {
    const days = Array.from({ length: Math.min(CHUNK, size.plans - v) }, (_, i) =>
      vanDay(v + i + 1, size.stops),
    );
    await writeRoutes(client, fleetId, days);
    await writeHistory(client, fleetId, days, size.stops);
  }
  await client.query('analyze');
  return { fleetId, sourceId: source[0].source_id };
}

async function writeRoutes(client: pg.Client, fleetId: number, days: readonly VanDay[]): Promise<void> {
  await client.query(
    `insert into routes (route_id, fleet_id, code, service_date, depot_id, vehicle_id, planned_departure, planned_return)
     overriding system value
     select v, $1, 'R' || v, '2026-09-21', 1 + v % 10, v, to_timestamp(a), to_timestamp(b)
     from unnest($2::int[], $3::float8[], $4::float8[]) as r (v, a, b)`,
    [
      fleetId,
      days.map(({ id }) => id),
      days.map(({ departure }) => departure),
      days.map(({ plannedReturn }) => plannedReturn),
    ],
  );
  const stops = days.flatMap(({ id, place, planned, service }) =>
    place.map(({ lng, lat }, k) => ({ id, k, lng, lat, planned: planned[k]!, service: service[k]! })),
  );
  await client.query(
    `insert into stops (stop_id, fleet_id, route_id, code, sequence, lng, lat, planned_arrival, service)
     overriding system value
     select r * 1000::bigint + k, $1, r, 'S' || k, k, lng, lat, to_timestamp(planned), service
     from unnest($2::int[], $3::int[], $4::float8[], $5::float8[], $6::float8[], $7::real[])
       as s (r, k, lng, lat, planned, service)`,
    [
      fleetId,
      stops.map(({ id }) => id),
      stops.map(({ k }) => k),
      stops.map(({ lng }) => lng),
      stops.map(({ lat }) => lat),
      stops.map(({ planned }) => planned),
      stops.map(({ service }) => service),
    ],
  );
}

/** Halts and visits that were over when the load begins. */
async function writeHistory(
  client: pg.Client,
  fleetId: number,
  days: readonly VanDay[],
  stops: number,
): Promise<void> {
  const over = days.flatMap(({ id, place, arrived, departed }) =>
    Array.from({ length: stops }, (_, k) => k)
      .filter((k) => departed[k]! < LOAD_START - 60)
      .map((k) => ({ id, k, ...place[k]!, arrived: ms(arrived[k]!), departed: ms(departed[k]!) })),
  );
  const columns = [
    over.map(({ id }) => id),
    over.map(({ k }) => k),
    over.map(({ lng }) => lng),
    over.map(({ lat }) => lat),
    over.map(({ arrived }) => arrived),
    over.map(({ departed }) => departed),
  ];
  const from =
    'unnest($2::int[], $3::int[], $4::float8[], $5::float8[], $6::float8[], $7::float8[]) as h (v, k, lng, lat, a, d)';
  await client.query(
    `insert into halts (fleet_id, vehicle_id, started_at, ended_at, lng, lat, commit_no)
     select $1, v, to_timestamp(a), to_timestamp(d), lng, lat, 0 from ${from}`,
    [fleetId, ...columns],
  );
  await client.query(
    `insert into stop_visits (fleet_id, stop_id, route_id, vehicle_id, arrived_at, departed_at, confidence, evidence,
       outcome, out_of_sequence, commit_no)
     select $1, v * 1000::bigint + k, v, v, to_timestamp(a), to_timestamp(d), 0.9, 'halt', 'served', false, 0 from ${from}`,
    [fleetId, ...columns],
  );
}

const ms = (at: number): number => Math.round(at * 1000) / 1000;
