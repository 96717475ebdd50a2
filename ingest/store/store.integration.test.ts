import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import { fixAt, unpackColumns } from '../../schemas/batch.ts';
import type { Fix } from '../../schemas/fix.ts';
import { silentLog } from '../../schemas/program.ts';
import { batchOf } from '../batch.ts';
import type { Delivery } from '../broker/delivery.ts';
import { makeDevice, makeFleet } from '../testing/world.ts';
import { commit } from './commit.ts';
import { prune } from './prune.ts';
import { Store } from './store.ts';

let database: TestDatabase;
let pool: pg.Pool;

beforeEach(async () => {
  database = await openTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 2 });
  const { fleetId } = await makeFleet(pool, 'north');
  await makeDevice(pool, { fleetId, fleet: 'north', device: 'van' });
});

afterEach(async () => {
  await pool.end();
  await database.close();
});

function openStore(source = 'test'): Store {
  return new Store({
    databaseUrl: database.url,
    source,
    rejectionBytes: 100,
    lockWaitMs: 5_000,
    log: silentLog,
    onDirectoryChanged() {},
  });
}

const aFix = (fields: Partial<Fix> & { readonly seq: number }): Fix => ({
  ...{
    fleetId: 1,
    vehicleId: 1,
    deviceId: 1,
    at: 1_790_000_000 + fields.seq,
    key: fields.seq,
    received: 1_790_000_100,
  },
  ...{ lng: -122, lat: 45, flags: 0, boot: 'b' },
  ...fields,
});

const delivery = (...fixes: readonly Fix[]): Delivery => ({
  ...{
    topic: 'fleet/north/device/van/telemetry',
    received: 1_790_000_100,
    fleetId: 1,
    deviceId: 1,
    knock: undefined,
  },
  ...{ bytes: 100, fixes, reports: [], rejections: [], acknowledge() {} },
});

const one = async (text: string) => (await pool.query(text)).rows[0];

test('Store.write() logs exactly the new fixes as the table holds them, when some were there before', async () => {
  await using store = openStore();
  await store.write(batchOf([delivery(aFix({ seq: 1 }), aFix({ seq: 2 }))]));
  const full = aFix({
    seq: 3,
    speed: Math.fround(10.1),
    accuracy: 5,
    odometer: 1.1,
    door: false,
    sent: 1_790_000_001.5,
    flags: 2,
  });
  await store.write(batchOf([delivery(aFix({ seq: 2 }), full, full), delivery(aFix({ seq: 1 }))]));
  const { rows } = await pool.query('select payload from batches order by batch');
  const columns = unpackColumns(rows[1].payload);
  const { boot: _, ...logged } = full;
  expect(Array.from({ length: columns.count }, (_, i) => fixAt(columns, i))).toEqual([logged]);
  expect(
    await one(
      'select speed, odometer, door, flags, batch, extract(epoch from sent)::float8 as sent from fixes where seq = 3',
    ),
  ).toEqual({
    ...{ speed: 10.1, odometer: 1.1, door: false, flags: 2, batch: '2', sent: 1_790_000_001.5 },
  });
  expect(await one('select accepted::int, duplicate::int from device_counters')).toEqual({
    accepted: 3,
    duplicate: 3,
  });
});

test('Store.write() logs only what is new, when another source wrote newer fixes than it knows of', async () => {
  await using mine = openStore('mine');
  await mine.open();
  await using others = openStore('others');
  await others.write(batchOf([delivery(aFix({ seq: 2 }))]));
  await mine.write(batchOf([delivery(aFix({ seq: 1 }), aFix({ seq: 2 }), aFix({ seq: 3 }))]));
  await mine.write(batchOf([delivery(aFix({ seq: 4 }))]));
  const { rows } = await pool.query(
    `select b.payload from batches b join sources s using (source_id) where s.name = 'mine' order by batch`,
  );
  const logged = rows.map(({ payload }) => [...unpackColumns(payload).numbers.seq]);
  expect(logged).toEqual([[1, 3], [4]]);
  expect(await one('select count(*)::int as fixes from fixes')).toEqual({ fixes: 4 });
  expect(await one('select sum(duplicate)::int as duplicate from device_counters')).toEqual({ duplicate: 1 });
});

test('Store.write() stores nothing and counts nothing again, when the same batch was committed by a lost connection', async () => {
  const batch = batchOf([delivery(aFix({ seq: 1 }), aFix({ seq: 1 }))]);
  {
    await using store = openStore();
    await store.write(batch);
  }
  await using again = openStore();
  await again.write(batch);
  expect(again.lastBatch).toBe(1);
  expect(await one('select accepted::int, duplicate::int from device_counters')).toEqual({
    accepted: 1,
    duplicate: 1,
  });
});

test('commit() stores all but the one fix that the database refuses, and keeps that as a rejection', async () => {
  await using store = openStore();
  const good = Array.from({ length: 20 }, (_, i) => delivery(aFix({ seq: 2 * i }), aFix({ seq: 2 * i + 1 })));
  // NUL is no text to PostgreSQL; the decoder would not let it through.
  const bad = delivery(aFix({ seq: 98 }), aFix({ seq: 99, boot: 'a\0b' }));
  const write = store.write.bind(store);
  await commit(batchOf([...good.slice(0, 7), bad, ...good.slice(7)]), {
    write,
    log: silentLog,
    signal: new AbortController().signal,
  });
  expect(await one('select count(*)::int, max(seq)::int from fixes')).toEqual({ count: 41, max: 98 });
  expect(await one('select reason, detail, times from rejections')).toEqual({
    ...{ reason: 'range', detail: expect.stringContaining('0x00'), times: 1 },
  });
  expect(await one('select count(*)::int as n, max(batch)::int as last from batches')).toMatchObject({
    n: expect.any(Number),
  });
  const { n, last } = await one('select count(*)::int as n, max(batch)::int as last from batches');
  expect(n).toBe(last);
});

test('Store counts later what it did not count at once, also after a restart', async () => {
  const { fleetId } = await one('select fleet_id as "fleetId" from fleets');
  await pool.query(
    `with v as (insert into vehicles (fleet_id, name) select $1, 'v' || i from generate_series(2, 300) i returning vehicle_id, name)
     insert into devices (fleet_id, name, vehicle_id) select $1, name, vehicle_id from v`,
    [fleetId],
  );
  const { rows } = await pool.query('select device_id, vehicle_id from devices order by 1');
  const batch = (seq: number) =>
    batchOf(
      rows.map(({ device_id: deviceId, vehicle_id: vehicleId }) => ({
        ...delivery(aFix({ seq, deviceId, vehicleId })),
        deviceId,
      })),
    );
  const counted =
    'select coalesce(sum(accepted), 0)::int as accepted, (select counted_batch::int from sources) from device_counters';
  {
    await using store = openStore();
    await store.write(batch(1));
    await store.write(batch(2));
    expect(await one(counted)).toEqual({ accepted: 0, counted_batch: 0 });
    expect(store.isCounting).toBe(true);
    await store.write(batchOf([]));
    expect(await one(counted)).toEqual({ accepted: 2 * rows.length, counted_batch: 2 });
    await store.write(batch(3));
  }
  await using again = openStore();
  await again.open();
  expect(await one(counted)).toEqual({ accepted: 3 * rows.length, counted_batch: 3 });
  expect(
    await one(
      'select min(seq_max - seq_min + 1 - fix_count)::int as missing, min(fix_count)::int as fixes from device_boots',
    ),
  ).toEqual({ missing: 0, fixes: 3 });
});

test('prune() removes old batches, and none that a reader still needs', async () => {
  await using store = openStore();
  for (const seq of [1, 2, 3]) await store.write(batchOf([delivery(aFix({ seq }))]));
  await pool.query(`update batches set committed = now() - interval '2 days' where batch < 3`);
  await pool.query(
    `insert into consumers (consumer, source_id, batch) select 'engine', source_id, 1 from sources`,
  );
  const removed = () => prune({ pool, source: 'test', limits: { logHours: 24, rejectionDays: 7 } });
  expect(await removed()).toBe(1);
  await pool.query('update consumers set batch = 3');
  expect(await removed()).toBe(1);
  expect(await one('select count(*)::int, max(batch)::int from batches')).toEqual({ count: 1, max: 3 });
});
