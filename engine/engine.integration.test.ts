import pg from 'pg';
import { expect, test } from 'vitest';
import { openEngineStore } from '../platform/store/engine-store.ts';
import { openTestDatabase } from '../platform/testing/database.ts';
import { packFixes } from '../schemas/batch.ts';
import type { Fix } from '../schemas/fix.ts';
import { type ProgramContext, silentLog } from '../schemas/program.ts';
import { random } from '../schemas/random.ts';
import { Engine } from './engine.ts';
import { runEngine } from './main.ts';
import { inline } from './pool/inline.ts';
import { concluded, depot, drive, fences, freshStore, reports, route, START } from './testing/small-world.ts';

/** The small world, written so that its ids are those of the fixtures. */
async function writeWorld(client: pg.Client): Promise<void> {
  await client.query(`insert into fleets (name) values ('f')`);
  await client.query(`insert into depots (fleet_id, name, lng, lat, radius) values (1, 'D', $1, $2, $3)`, [
    depot.position.lng,
    depot.position.lat,
    depot.radius,
  ]);
  await client.query(
    `insert into vehicles (vehicle_id, fleet_id, name) overriding system value values (7, 1, 'V7')`,
  );
  for (const { name, kind, shape, policy, set } of fences) {
    await client.query(
      'insert into geofences (fleet_id, fence_set, name, kind, shape, policy) values (1, $1, $2, $3, $4, $5)',
      [set, name, kind, shape, policy],
    );
  }
  await client.query(
    `insert into routes (fleet_id, code, service_date, depot_id, vehicle_id, planned_departure, planned_return)
     values (1, 'R1', '2026-09-21', 1, 7, to_timestamp($1), to_timestamp($2))`,
    [route.plannedDeparture, route.plannedReturn],
  );
  for (const { id, code, sequence, position, plannedArrival, service } of route.stops) {
    await client.query(
      `insert into stops (stop_id, fleet_id, route_id, code, sequence, lng, lat, planned_arrival, service)
       overriding system value values ($1, 1, 1, $2, $3, $4, $5, to_timestamp($6), $7)`,
      [id, code, sequence, position.lng, position.lat, plannedArrival, service],
    );
  }
  await client.query(`insert into sources (name) values ('test')`);
}

/** What ingest does: new fixes and their batch, in one transaction. */
async function ingest(client: pg.Client, fixes: readonly Fix[], withReports: boolean): Promise<void> {
  await client.query('begin');
  const { rows } = await client.query(
    'update sources set last_batch = last_batch + 1 returning source_id, last_batch',
  );
  const { source_id: source, last_batch: batch } = rows[0];
  await client.query('select ensure_fix_partitions($1::timestamptz[])', [
    fixes.map(({ at }) => new Date(at * 1000)),
  ]);
  const fresh: Fix[] = [];
  for (const fix of fixes) {
    const { rowCount } = await client.query(
      `insert into fixes (fleet_id, vehicle_id, device_id, at, key, received, lng, lat, speed, accuracy, flags,
         source_id, batch, heading, ignition, door, belt, events)
       values (1, 7, 7, to_timestamp($1), $2, to_timestamp($3), $4, $5, $6, $7, $8, $9, $10,
         $11, $12, $13, $14, $15)
       on conflict do nothing`,
      [
        fix.at,
        fix.key,
        fix.received,
        fix.lng,
        fix.lat,
        fix.speed ?? null,
        fix.accuracy,
        fix.flags,
        source,
        batch,
        ...[fix.heading, fix.ignition, fix.door, fix.belt],
        fix.events === undefined ? null : JSON.stringify(fix.events),
      ],
    );
    if (rowCount) fresh.push(fix);
  }
  for (const { at, stopCode, kind } of withReports ? reports : []) {
    await client.query(
      `insert into stop_reports (fleet_id, vehicle_id, at, stop_code, kind, received, source_id, batch)
       values (1, 7, to_timestamp($1), $2, $3, now(), $4, $5)`,
      [at, stopCode, kind, source, batch],
    );
  }
  await client.query(
    'insert into batches (source_id, batch, fix_count, report_count, payload) values ($1, $2, $3, $4, $5)',
    [source, batch, fresh.length, withReports ? reports.length : 0, Buffer.from(packFixes(fresh))],
  );
  await client.query(`select pg_notify('paceline_batches', '')`);
  await client.query('commit');
}

async function settled(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query(
    `select (select last_batch from sources) = (select batch from consumers where consumer = 'engine')
       and not exists (select from rederivations) as done`,
  );
  return rows[0].done === true;
}

test('runEngine() concludes in PostgreSQL what it concludes in order in memory, when it is stopped between late batches', async () => {
  await using database = await openTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await writeWorld(client);
    const fixes = drive(11, 400);
    const chance = random('integration');
    const arriving = fixes
      .map((fix, i) => ({ fix, due: i + (chance.chance(0.1) ? chance.integer(200) : 0) }))
      .sort((a, b) => a.due - b.due)
      .map(({ fix }) => fix);
    let stop = new AbortController();
    let running = start(database.url, stop.signal);
    for (let i = 0; i < arriving.length; i += 50) {
      await ingest(client, arriving.slice(Math.max(0, i - 5), i + 50), i === 0);
      if (i % 150 === 0) {
        // Thrown away in the middle of whatever it does: its results are only in the tables.
        stop.abort();
        await running;
        stop = new AbortController();
        running = start(database.url, stop.signal);
      }
    }
    await expect.poll(() => settled(client), { timeout: 30_000 }).toBe(true);
    stop.abort();
    await running;

    const memory = freshStore();
    memory.ingest(fixes, reports);
    const engine = await Engine.open(memory, {
      run: inline,
      threads: 0,
      gulpFixes: 1000,
      now: () => START + 1e6,
    });
    while ((await engine.advance()).hasMore);
    expect(await stored(database.url)).toEqual(concluded(memory));
    const paces = await client.query('select count(*)::integer as count from pace');
    expect(paces.rows[0].count).toBeGreaterThan(0);
  } finally {
    await client.end();
  }
});

async function start(url: string, signal: AbortSignal): Promise<void> {
  await using store = await openEngineStore(url);
  const context: ProgramContext = { signal, log: silentLog, now: () => START + 2000, ready() {} };
  await runEngine({ mqtt: undefined, threads: 0 }, store, context);
}

/** The standing conclusions of the tables, in the form of `concluded`. */
async function stored(url: string) {
  await using store = await openEngineStore(url);
  const found = await store.readConclusions([{ vehicleId: 7, at: Number.NEGATIVE_INFINITY }]);
  const standings = await store.readRouteStandings([1]);
  const memory = freshStore();
  await memory.commit({
    cursor: undefined,
    fleetOf: () => 1,
    upserts: { ...found, visits: standings[0]?.visits ?? [] },
    retractions: { crossings: [], trips: [], halts: [], visits: [], judgements: [], behaviours: [] },
    checkpoints: [],
    rederivations: [],
    rederived: [],
    paces: [],
    raised: [],
    resolved: [],
    proposed: [],
    superseded: [],
  });
  return concluded(memory);
}
