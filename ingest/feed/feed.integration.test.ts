import { setTimeout as sleep } from 'node:timers/promises';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PlanWritten, writePlan } from '../../platform/store/plan-store.ts';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import { openTestHistory, type TestHistory } from '../../platform/testing/history.ts';
import { openWire, type Wire } from '../../platform/testing/wire.ts';
import { packFixes } from '../../schemas/batch.ts';
import type { Fix } from '../../schemas/fix.ts';
import type { PlanDocument } from '../../schemas/plan.ts';
import { random } from '../../schemas/random.ts';
import { runFeed } from './main.ts';

const noon = Date.parse('2026-11-20T12:00:00Z') / 1000;
const opened = await openTestHistory();
const skip = 'unavailable' in opened ? opened.unavailable : undefined;

let database: TestDatabase;
let client: pg.Client;
let clickhouse: TestHistory;
let history: ClickHouseClient;
let plan: PlanWritten;
let wire: Wire;

beforeAll(async () => {
  if ('unavailable' in opened) return;
  clickhouse = opened;
  history = createClient({ url: clickhouse.url });
  wire = await openWire(clickhouse.port);
  database = await openTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  plan = await writePlan(client, aPlan());
  await client.query(`insert into sources (name) values ('test')`);
  await client.query(`insert into engine_commits (engine) values ('engine')`);
});

afterAll(async () => {
  wire?.close();
  await history?.close();
  await clickhouse?.close();
  await client?.end();
  await database?.close();
});

/** One route of four stops an hour apart, and a fence. */
function aPlan(codes: readonly string[] = ['A', 'B', 'C', 'D']): PlanDocument {
  return {
    fleet: 'feed',
    timeZone: 'UTC',
    depots: [{ name: 'north', position: { lng: -83, lat: 40 }, radius: 150 }],
    drivers: [{ code: 'd1', name: 'Ada' }],
    vehicles: [{ name: 'van “1”', device: 'tracker-1' }],
    routes: [
      {
        code: 'R1',
        serviceDate: '2026-11-20',
        depot: 'north',
        vehicle: 'van “1”',
        driver: 'd1',
        plannedDeparture: noon,
        plannedReturn: noon + 5 * 3600,
        stops: codes.map((code, i) => ({
          code,
          position: { lng: -83 + i / 100, lat: 40 },
          plannedArrival: noon + 3600 * (i + 1),
          service: 60 + i * 30,
          packages: 1,
        })),
      },
    ],
    fences: [
      {
        set: 'areas',
        name: 'centre',
        kind: 'area',
        shape: { kind: 'circle', centre: [-83, 40], radius: 500 },
      },
    ],
  };
}

/** Commits `count` new fixes as ingest does: rows, batch and the source's number in one transaction. */
async function commitFixes(count: number, from: number): Promise<void> {
  const chance = random(`fixes from ${from}`);
  const fixes: Fix[] = Array.from({ length: count }, (_, i) => ({
    fleetId: plan.fleetId,
    vehicleId: plan.vehicleIds.get('van “1”') ?? 0,
    deviceId: plan.deviceIds.get('tracker-1') ?? 0,
    at: from + i + 0.125,
    // Some fixes without a seq: their key is a negative hash of up to 52 bits.
    key: i % 3 === 0 ? -(2 ** 52) + i : i,
    received: from + i + 2.5,
    lng: Math.round(chance.between(-83, -82) * 1e7) / 1e7,
    lat: Math.round(chance.between(40, 41) * 1e7) / 1e7,
    speed: i % 5 === 0 ? undefined : 12.5,
    heading: 359.99,
    ignition: i % 2 === 0 ? true : undefined,
    flags: i === 1 ? 2 : 0,
  }));
  await client.query('begin');
  await client.query('select ensure_fix_partitions($1::timestamptz[])', [
    [...new Set(fixes.map(({ at }) => new Date(at * 1000).toISOString().slice(0, 10)))],
  ]);
  const { rows } = await client.query<{ last_batch: string; source_id: number }>(
    'update sources set last_batch = last_batch + 1 returning last_batch, source_id',
  );
  const { last_batch = '0', source_id = 0 } = rows[0] ?? {};
  await client.query(
    `insert into fixes (fleet_id, vehicle_id, device_id, at, key, received, lng, lat, speed, heading, ignition,
       source_id, batch, flags)
     select $1, $2, $3, to_timestamp(t.at), t.key, to_timestamp(t.received), t.lng, t.lat, t.speed, 359.99,
       t.ignition, $4, $5, t.flags
     from unnest($6::float8[], $7::bigint[], $8::float8[], $9::float8[], $10::float8[], $11::real[], $12::boolean[],
       $13::integer[]) as t (at, key, received, lng, lat, speed, ignition, flags)`,
    [
      plan.fleetId,
      fixes[0]?.vehicleId,
      fixes[0]?.deviceId,
      source_id,
      last_batch,
      fixes.map(({ at }) => at),
      fixes.map(({ key }) => key),
      fixes.map(({ received }) => received),
      fixes.map(({ lng }) => lng),
      fixes.map(({ lat }) => lat),
      fixes.map(({ speed }) => speed ?? null),
      fixes.map(({ ignition }) => ignition ?? null),
      fixes.map(({ flags }) => flags),
    ],
  );
  await client.query('insert into batches (source_id, batch, fix_count, payload) values ($1, $2, $3, $4)', [
    source_id,
    last_batch,
    count,
    packFixes(fixes),
  ]);
  await client.query(`select pg_notify('paceline_batches', $1)`, [`${source_id}:${last_batch}`]);
  await client.query('commit');
}

/** Commits results as the engine does: rows under the next commit number, in one transaction. */
async function commitResults(text: string, values: readonly unknown[] = []): Promise<void> {
  await client.query('begin');
  const { rows } = await client.query<{ last_commit: string }>(
    'update engine_commits set last_commit = last_commit + 1 returning last_commit',
  );
  await client.query(text, [rows[0]?.last_commit, plan.fleetId, ...values]);
  await client.query('notify paceline_results');
  await client.query('commit');
}

/** Runs a feed while `use` runs, over the wire that can be cut; gives the events it logged. */
async function withFeed(use: () => Promise<void>): Promise<string[]> {
  const stop = new AbortController();
  const events: string[] = [];
  const note = (_: object, event: string) => void events.push(event);
  const url = new URL(clickhouse.url);
  url.port = String(wire.port);
  const feed = runFeed(
    { databaseUrl: database.url, clickhouse: { url: url.href } },
    {
      signal: stop.signal,
      log: { info: note, warn: note, error: note },
      now: () => Date.now() / 1000,
      ready: () => undefined,
    },
  );
  try {
    await use();
  } finally {
    stop.abort();
    await feed;
  }
  return events;
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await isTrue()); await sleep(50)) {
    if (Date.now() > end) throw new Error(`never came true: ${isTrue}`);
  }
}

async function ask<Row>(query: string): Promise<Row[]> {
  const result = await history.query({ query, format: 'JSONEachRow' });
  return result.json<Row>();
}

/** Whether the feed has passed on everything committed so far. */
async function isDone(): Promise<boolean> {
  const { rows } = await client.query(
    `select (select sum(last_batch) from sources) = (select sum(batch) from consumers where consumer = 'feed')
       and (select last_commit from engine_commits)
         = coalesce((select position from feed_cursors where stream = 'results'), 0)
       and coalesce((select position from feed_cursors where stream = 'plans'), 0) > (select max(changed) from routes)
       as done`,
  );
  return rows[0].done === true;
}

/** Every fix in both stores, as comparable text. */
async function fixesOfBoth(): Promise<[postgres: string[], clickhouse: string[]]> {
  const { rows } = await client.query<{ fix: string }>(
    `select concat_ws(',', extract(epoch from f.at)::float8, f.key, extract(epoch from received)::float8, lng, lat,
       coalesce(speed::text, '-'), coalesce(ignition::text, '-'), v.name,
       f.flags | case when j.retracted then 0 else coalesce(j.flags, 0) end) as fix
     from fixes f join vehicles v using (vehicle_id) left join fix_flags j using (vehicle_id, at, key)
     order by f.at, f.key`,
  );
  const copies = await ask<{ fix: string }>(
    `select concatWithSeparator(',', toString(toUnixTimestamp64Milli(at) / 1000), toString(key),
       toString(toUnixTimestamp64Milli(received) / 1000), toString(lng), toString(lat),
       ifNull(toString(speed), '-'), ifNull(toString(ignition), '-'), vehicle, toString(flags)) as fix
     from v_fix where fleet_id = ${plan.fleetId} order by at, key`,
  );
  return [rows.map(({ fix }) => fix), copies.map(({ fix }) => fix)];
}

const stopIdOf = async (code: string): Promise<number> => {
  const { rows } = await client.query('select stop_id from stops where fleet_id = $1 and code = $2', [
    plan.fleetId,
    code,
  ]);
  return Number(rows[0]?.stop_id);
};

const insertVisit = `insert into stop_visits (fleet_id, stop_id, route_id, vehicle_id, arrived_at, departed_at, confidence,
    evidence, outcome, out_of_sequence, commit_no)
  select $2, s.stop_id, s.route_id, r.vehicle_id, s.planned_arrival + $4::float8 * interval '1 second',
    s.planned_arrival + $5::float8 * interval '1 second', 0.9, 'halt', 'served', false, $1
  from stops s join routes r using (route_id) where s.stop_id = $3`;

test.skipIf(skip)(
  'runFeed() copies fixes, plans, visits and crossings, and corrections of them',
  async () => {
    await commitFixes(1000, noon);
    await commitResults(insertVisit, [await stopIdOf('A'), 60, 180]);
    await commitResults(insertVisit, [await stopIdOf('B'), 1000, 1100]);
    await commitResults(
      `insert into events (fleet_id, vehicle_id, fence_id, at, kind, dwell, commit_no)
     select $2, vehicle_id, fence_id, to_timestamp($3), k, 12.5, $1 from vehicles, geofences, unnest(array['enter', 'exit']) k
     where vehicles.fleet_id = $2 and geofences.fleet_id = $2`,
      [noon + 10.25],
    );
    await withFeed(async () => {
      await until(isDone);
      const days = await ask(
        `select * except (fleet_id, route_id) from v_route_day where fleet_id = ${plan.fleetId}`,
      );
      expect(days).toEqual([
        {
          service_date: '2026-11-20',
          depot: 'north',
          route: 'R1',
          vehicle: 'van “1”',
          driver: 'd1',
          stops_planned: 4,
          stops_done: 2,
          stops_failed: 0,
          planned_seconds: 5 * 3600,
          actual_seconds: 3600 + 1100 - 60,
          arrival_delay_mean: 530,
          arrival_delay_p90: expect.closeTo(906, 6),
          service_mean_planned: 105,
          service_mean_actual: 110,
          on_time_share: 0.5,
        },
      ]);
      expect(await ask('select kind, fence, at, dwell from v_geofence_event order by kind')).toEqual([
        { kind: 'enter', fence: 'centre', at: '2026-11-20 12:00:10.250', dwell: 12.5 },
        { kind: 'exit', fence: 'centre', at: '2026-11-20 12:00:10.250', dwell: 12.5 },
      ]);

      await commitResults(
        'update stop_visits set retracted = true, commit_no = $1 where fleet_id = $2 and stop_id = $3',
        [await stopIdOf('B')],
      );
      await commitResults(
        `update events set retracted = true, commit_no = $1 where fleet_id = $2 and kind = 'exit'`,
      );
      await commitResults(
        `insert into fix_flags (fleet_id, vehicle_id, at, key, flags, commit_no)
       select $2, vehicle_id, at, key, 256, $1 from fixes where key = 7`,
      );
      await until(isDone);
      expect(
        await ask(
          `select stop, arrived_at from v_stop_visit where stops_done_at(arrived_at) order by stop`.replace(
            'stops_done_at(arrived_at)',
            'arrived_at is not null',
          ),
        ),
      ).toEqual([{ stop: 'A', arrived_at: '2026-11-20 13:01:00.000' }]);
      expect(await ask('select kind from v_geofence_event')).toEqual([{ kind: 'enter' }]);
      const [stored, copied] = await fixesOfBoth();
      expect(stored).toHaveLength(1000);
      expect(copied).toEqual(stored);
    });
  },
);

test.skipIf(skip)('runFeed() follows a changed plan, and takes back stops that left it', async () => {
  await withFeed(async () => {
    await writePlan(client, aPlan(['D', 'A', 'E']));
    await until(isDone);
    expect(await ask('select stop, sequence from v_stop_visit order by sequence, stop')).toEqual([
      { stop: 'D', sequence: 0 },
      { stop: 'A', sequence: 1 },
      // Visited once, though that was retracted: kept in the plan's table, so kept here.
      { stop: 'B', sequence: 1 },
      { stop: 'E', sequence: 2 },
    ]);
  });
});

test.skipIf(skip)(
  'runFeed() repeats nothing, when it died between the acknowledgement and its cursor',
  async () => {
    await client.query(`update consumers set batch = 0 where consumer = 'feed'`);
    await client.query('delete from feed_cursors');
    await withFeed(() => until(isDone));
    const [stored, copied] = await fixesOfBoth();
    expect(copied).toEqual(stored);
    expect(await ask('select kind from v_geofence_event')).toEqual([{ kind: 'enter' }]);
  },
);

test.skipIf(skip)('runFeed() loses nothing and complains once, while ClickHouse is away', async () => {
  const events = await withFeed(async () => {
    await until(isDone);
    wire.cut();
    await commitFixes(500, noon + 2000);
    await until(async () => !(await isDone()));
    await sleep(2000);
    expect(await isDone()).toBe(false);
    wire.mend();
    await until(isDone);
  });
  expect(events.filter((event) => event.startsWith('history feed waits'))).toHaveLength(1);
  expect(events.at(-1)).toBe('history feed goes on');
  const [stored, copied] = await fixesOfBoth();
  expect(stored).toHaveLength(1500);
  expect(copied).toEqual(stored);
});

test.skipIf(skip)(
  'runFeed() fills an empty ClickHouse from the tables, when the log was pruned meanwhile',
  async () => {
    await client.query('delete from batches where batch = 1');
    for (const table of ['migrations', 'fixes', 'stop_visits', 'crossings']) {
      await history.command({ query: `drop table ${table}` });
    }
    for (const view of ['v_fix', 'v_stop_visit', 'v_route_day', 'v_geofence_event']) {
      await history.command({ query: `drop view ${view}` });
    }
    // Fixes over more months than one insert may touch: a clock that wandered.
    for (let i = 0; i < 3; i++) await commitFixes(1, noon + 5000 - i * 400 * 86_400);
    await withFeed(() => until(isDone));
    const [stored, copied] = await fixesOfBoth();
    expect(stored).toHaveLength(1503);
    expect(copied).toEqual(stored);
    expect(await ask('select kind from v_geofence_event')).toEqual([{ kind: 'enter' }]);
  },
);
