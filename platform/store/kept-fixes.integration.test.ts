import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeviceKeys } from '../../simulator/publish/ledger-parts.ts';
import { openTestDatabase, type TestDatabase } from '../testing/database.ts';
import { comparedInParts } from './kept-fixes.ts';

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

const keys = (device: string, ...pairs: (readonly [ms: number, seq: number])[]): DeviceKeys => ({
  device,
  ms: Float64Array.from(pairs, ([ms]) => ms),
  seq: Float64Array.from(pairs, ([, seq]) => seq),
});

test('comparedInParts() finds what is missing and what is double, and reads one by one only where sums differ', async () => {
  const { rows } = await client.query(
    `with f as (insert into fleets (name) values ('north') returning fleet_id),
     v as (insert into vehicles (fleet_id, name) select fleet_id, n from f, unnest('{right,short,twice}'::text[]) n
       returning fleet_id, vehicle_id, name)
     insert into devices (fleet_id, name, vehicle_id) select fleet_id, name, vehicle_id from v
     returning fleet_id, device_id, vehicle_id, name`,
  );
  await client.query('insert into sources (name) values ($1)', ['test']);
  await client.query('select ensure_fix_partitions(array[to_timestamp(1790000000)])');
  const store = (name: string, ms: number, seq: number | null, key: number) => {
    const { fleet_id, device_id, vehicle_id } = rows.find((row) => row.name === name);
    return client.query(
      `insert into fixes (fleet_id, vehicle_id, device_id, at, key, seq, received, lng, lat, flags, source_id, batch)
       select $1, $2, $3, to_timestamp($4::float8 / 1000), $5, $6, now(), 0, 0, 0, source_id, 1 from sources`,
      [fleet_id, vehicle_id, device_id, ms, key, seq],
    );
  };
  const ms = 1_790_000_000_123;
  await store('right', ms, 0, 0);
  await store('right', ms + 10_001, null, -5);
  await store('short', ms, 0, 0);
  await store('twice', ms, 7, 7);
  await store('twice', ms, 7, -7);
  const kept = await comparedInParts(client, 'north', [
    keys('right', [ms, 0], [ms + 10_001, -1]),
    keys('short', [ms, 0], [ms, 1], [ms + 1, 0]),
    keys('twice', [ms, 7]),
    keys('unheard', [ms, 7]),
  ]);
  expect(kept).toMatchObject({ distinct: 7, stored: 4, lost: 3, duplicated: 1 });
  expect(Object.fromEntries(kept.byDevice)).toEqual({
    right: { lost: 0, duplicated: 0 },
    short: { lost: 2, duplicated: 0 },
    twice: { lost: 0, duplicated: 1 },
    unheard: { lost: 1, duplicated: 0 },
  });
});
