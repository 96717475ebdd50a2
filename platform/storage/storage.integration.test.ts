import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type SeededFleet, seedFleet } from '../../dashboards/testing/seed.ts';
import { retain } from '../../ingest/store/retention.ts';
import { packFixes, unpackColumns } from '../../schemas/batch.ts';
import { Fault } from '../../schemas/fault.ts';
import type { Fix } from '../../schemas/fix.ts';
import { openTestDatabase } from '../testing/database.ts';
import { backup } from './backup.ts';
import { forget, impersonal, places } from './forget.ts';
import { restore } from './restore.ts';

const now = () => Date.now() / 1000;
const at = Math.floor(now()) - 600;
let folder: string;
let client: pg.Client;
let north: SeededFleet;
let south: SeededFleet;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-backup-'));
});
afterAll(() => rm(folder, { recursive: true }));

beforeEach(async () => {
  const opened = await openTestDatabase();
  const connected = new pg.Client({ connectionString: opened.url });
  connected.on('error', () => {});
  await connected.connect();
  client = connected;
  north = await seedFleet(opened.url, { name: 'north', base: 1000, at });
  south = await seedFleet(opened.url, { name: 'south', base: 7000, at });
  await connected.query(
    `insert into batches (source_id, batch, fix_count, min_at, max_at, payload)
     values (1000, 1, 3, to_timestamp($1), to_timestamp($2), $3)`,
    [at - 60, at, Buffer.from(packFixes([aFix(1000, at - 60), aFix(7000, at - 30), aFix(1000, at)]))],
  );
  return async () => {
    await connected.end();
    await opened.close();
  };
});

const aFix = (vehicleId: number, instant: number): Fix => ({
  ...{ fleetId: vehicleId, vehicleId, deviceId: vehicleId, at: instant, key: 1, received: instant },
  ...{ lng: -122.6, lat: 45.5, flags: 0 },
});

const count = async (from: string): Promise<number> =>
  (await client.query<{ n: number }>(`select count(*)::int as n from ${from}`)).rows[0]?.n ?? 0;

async function withFresh<T>(use: (fresh: pg.Client) => Promise<T>): Promise<T> {
  await using other = await openTestDatabase();
  const fresh = new pg.Client({ connectionString: other.url });
  fresh.on('error', () => {});
  await fresh.connect();
  try {
    return await use(fresh);
  } finally {
    await fresh.end();
  }
}

test('restore() brings back every row of every table, byte for byte in text, and numbers go on', async () => {
  const file = join(folder, 'whole.gz');
  await client.query(`select ensure_fix_partitions(array['2017-03-01'::timestamptz, '2004-01-01'])`);
  for (const day of ['2017-03-01', '2004-01-01']) {
    await client.query(
      `insert into fixes (fleet_id, vehicle_id, device_id, at, key, received, lng, lat, boot, events, source_id, batch)
       values (1000, 1000, 1000, $1, 1, $1, 0.1, 1e-7, E'tab\\t\\\\ new\\nline', '[{"type": "a\\\\b"}]', 1000, 1)`,
      [day],
    );
  }
  const saved = await backup(client, file, now);
  expect(saved.content.fixes?.rows).toBe(24);
  expect(saved.tables).toBeGreaterThan(35);
  await withFresh(async (fresh) => {
    const restored = await restore(fresh, file);
    expect(restored).toEqual(saved);
    const again = await backup(fresh, join(folder, 'again.gz'), now);
    // What tells the feed where it stands is made new; all else is what it was.
    const { routes: _r, feed_cursors: _f, consumers: _c, world_changes: _w, ...kept } = again.content;
    expect(saved.content).toMatchObject(kept);
    const next = await fresh.query(
      `insert into vehicles (fleet_id, name) values (1000, 'next') returning vehicle_id`,
    );
    expect(next.rows[0].vehicle_id).toBe(7002);
  });
});

test('restore() refuses a damaged or foreign file, and a database that is not empty, and leaves nothing', async () => {
  const file = join(folder, 'good.gz');
  await backup(client, file, now);
  const text = gunzipSync(await readFile(file));
  const damaged = {
    'cut.gz': gzipSync(text.subarray(0, text.length / 2)),
    'broken.gz': (await readFile(file)).subarray(0, 2000),
    'changed.gz': gzipSync(
      Buffer.from(text.toString('latin1').replace('north-van-1', 'north-van-2'), 'latin1'),
    ),
    'foreign.gz': gzipSync('{"hello":"world"}\n'),
    'text.gz': Buffer.from('no gzip at all'),
    'later.gz': gzipSync(
      Buffer.from(text.toString('latin1').replace('0001_fleets', '9001_fleets'), 'latin1'),
    ),
  };
  await withFresh(async (fresh) => {
    for (const [name, bytes] of Object.entries(damaged)) {
      await writeFile(join(folder, name), bytes);
      await expect(restore(fresh, join(folder, name)), name).rejects.toThrow(Fault);
      expect((await fresh.query('select from fleets')).rowCount, name).toBe(0);
    }
    await expect(restore(fresh, join(folder, 'missing.gz'))).rejects.toThrow(/cannot read/);
  });
  await expect(restore(client, file)).rejects.toThrow(/not empty/);
});

test('forget() removes a vehicle from every table and from the log, counts the same when dry, and touches no other', async () => {
  const asked = {
    fleetId: north.fleetId,
    subject: { kind: 'vehicle', name: 'north-van-0' },
    actor: 'somebody',
  } as const;
  const dry = await forget(client, { ...asked, isDry: true });
  expect(await count('fixes')).toBe(22);
  const done = await forget(client, { ...asked, isDry: false });
  expect(done.rows).toEqual(dry.rows);
  expect(done.rows).toMatchObject({
    fixes: 11,
    events: 2,
    trips: 1,
    stop_visits: 1,
    pace: 2,
    alerts: 1,
    rejections: 1,
  });
  expect(done.rows).toMatchObject({ batches: 1, 'batches (fixes)': 2 });

  const { rows } = await client.query('select fix_count, payload from batches');
  expect(rows[0].fix_count).toBe(1);
  expect([...unpackColumns(rows[0].payload).numbers.vehicleId]).toEqual([7000]);
  for (const table of ['fixes', 'events', 'trips', 'stop_visits', 'pace', 'alerts']) {
    expect(await count(`${table} where vehicle_id = 1000`), table).toBe(0);
    expect(await count(`${table} where vehicle_id = ${south.vehicleIds[0]}`), table).toBeGreaterThan(0);
  }
  expect(await count(`audit_log where action = 'personal-data.forget' and fleet_id = 1000`)).toBe(1);
  await expect(forget(client, { ...asked, fleetId: south.fleetId, isDry: true })).rejects.toThrow(
    /no vehicle/,
  );
});

test('forget() knows every table that names a vehicle', async () => {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
     where a.attname = 'vehicle_id' and c.relkind in ('r', 'p') and not c.relispartition
       and c.relnamespace = 'public'::regnamespace`,
  );
  const unknown = rows.filter(({ name }) => !(name in places) && !impersonal.includes(name));
  expect(unknown.map(({ name }) => name)).toEqual([]);
});

test('forget() of a driver removes what the vehicle said on the driver’s routes, and the driver', async () => {
  await client.query(`select ensure_fix_partitions(array[to_timestamp($1)])`, [at - 20 * 86_400]);
  await client.query(
    `insert into fixes (fleet_id, vehicle_id, device_id, at, key, received, lng, lat, source_id, batch)
     values (1000, 1000, 1000, to_timestamp($1), 9, now(), 1, 1, 1000, 1)`,
    [at - 20 * 86_400],
  );
  await forget(client, {
    fleetId: 1000,
    subject: { kind: 'driver', code: 'north-D1' },
    actor: 'somebody',
    isDry: false,
  });
  expect(await count('fixes where vehicle_id = 1000')).toBe(1);
  expect(await count('drivers where fleet_id = 1000')).toBe(0);
  expect(await count('routes where driver_id is not null and fleet_id = 1000')).toBe(0);
  expect(await count('stop_visits where fleet_id = 1000')).toBe(0);
});

test('retain() removes what each fleet no longer keeps, remembers its hours, and leaves a fleet without a rule alone', async () => {
  const old = Math.floor(now()) - 100 * 86_400;
  await client.query('select ensure_fix_partitions(array[to_timestamp($1)])', [old]);
  for (const fleet of [1000, 7000]) {
    await client.query(
      `insert into fixes (fleet_id, vehicle_id, device_id, at, key, received, lng, lat, speed, source_id, batch)
       select $1::int, $1::int, $1::int, to_timestamp($2 + n), n, now(), 1, 1, n, 1000, 1 from generate_series(1, 5) n`,
      [fleet, old - (old % 3600)],
    );
  }
  const hours = async (fleet: number) => {
    await client.query('begin');
    await client.query(`select set_config('paceline.fleet_id', $1, true)`, [String(fleet)]);
    const { rows } = await client.query(
      'select vehicle, hour, fix_count, speed_mean, speed_max from v_fix_hour order by hour, vehicle',
    );
    await client.query('rollback');
    return rows;
  };
  const before = { north: await hours(1000), south: await hours(7000) };
  await client.query('delete from fleet_storage where fleet_id = 7000');
  await client.query('update fleet_storage set fixes_days = 30, results_days = 30 where fleet_id = 1000');
  const removed = await retain(client, { now });
  expect(removed).toEqual([{ fleetId: 1000, rows: expect.objectContaining({ fixes: 5 }) }]);
  expect(await count('fixes where fleet_id = 1000')).toBe(11);
  expect(await count('fixes where fleet_id = 7000')).toBe(16);
  expect({ north: await hours(1000), south: await hours(7000) }).toEqual(before);
  expect(await retain(client, { now })).toEqual([]);
  expect(await count(`audit_log where action = 'storage.retain' and fleet_id = 1000`)).toBe(1);
});

test('retain() drops whole weeks, when every fleet keeps less', async () => {
  const plain = await client.query(`select from settings where name = 'timescaledb' and value = 'false'`);
  const old = Math.floor(now()) - 100 * 86_400;
  await client.query('select ensure_fix_partitions(array[to_timestamp($1)])', [old]);
  await client.query('update fleet_storage set fixes_days = 30');
  const weeks = () => count(`pg_class where relname ~ '^fixes_2\\d+$' and relispartition`);
  const before = await weeks();
  await retain(client, { now });
  if (plain.rowCount) expect(await weeks()).toBe(before - 1);
  expect(await count('fixes')).toBe(22);
});
