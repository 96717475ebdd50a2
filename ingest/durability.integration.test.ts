import { type ChildProcess, fork } from 'node:child_process';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../platform/testing/database.ts';
import { deviceTopic } from '../schemas/topics.ts';
import { connect, service, startIngest, until } from './testing/running.ts';
import { makeFleet } from './testing/world.ts';

let database: TestDatabase;
let pool: pg.Pool;
let gateway: Awaited<ReturnType<typeof makeFleet>>;

beforeAll(async () => {
  database = await openTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 4 });
  gateway = await makeFleet(pool, 'north');
});

afterAll(async () => {
  await pool?.end();
  await database?.close();
});

const topicOf = (device: string) => deviceTopic({ fleet: 'north', device, channel: 'telemetry' });
const fixText = (seq: number) =>
  JSON.stringify({ ts: 1_790_000_000_000 + seq * 1000, lat: 45, lng: -122, seq, boot: 'b' });
const writers = `select pid from pg_stat_activity where application_name = 'paceline ingest' and datname = current_database()`;

/** What the log, the tables and the counters say; they must agree whatever happened before. */
async function consistent(): Promise<{ readonly fixes: number }> {
  const { rows } = await pool.query(
    `select (select count(*)::int from fixes) as fixes, (select count(*)::int from batches) as batches,
       (select coalesce(sum(fix_count), 0)::int from batches) as logged, (select last_batch::int from sources) as cursor,
       (select coalesce(max(batch), 0)::int from batches) as last, (select sum(accepted)::int from device_counters) as accepted,
       (select sum(fix_count)::int from device_boots) as booted`,
  );
  const { fixes, batches, logged, cursor, last, accepted, booted } = rows[0];
  expect({ logged, accepted, booted, batches, cursor }).toEqual({
    logged: fixes,
    accepted: fixes,
    booted: fixes,
    batches: last,
    cursor: last,
  });
  return { fixes };
}

test('runIngest() acknowledges nothing while it cannot commit, and stores it once the database lets it', async () => {
  await using ingest = await startIngest({ databaseUrl: database.url });
  const client = await connect(ingest.url, gateway);
  await client.publishAsync(topicOf('van-1'), fixText(1), { qos: 1 });

  // A lock that the writer needs holds its transaction open; then its connection dies in the middle.
  const blocker = await pool.connect();
  await blocker.query('begin; lock table batches in share mode');
  let isAcknowledged = false;
  const published = client.publishAsync(topicOf('van-1'), fixText(2), { qos: 1 }).then(() => {
    isAcknowledged = true;
  });
  const isBlocked = `${writers} and wait_event_type = 'Lock'`;
  await until(async () => (await pool.query(isBlocked)).rowCount === 1, 'the writer waits for the lock');
  const [{ pid }] = (await pool.query(writers)).rows;
  await pool.query('select pg_terminate_backend($1)', [pid]);
  await until(
    async () => (await pool.query(`${writers} and pid <> $1`, [pid])).rowCount === 1,
    'another connection',
  );
  await until(async () => (await pool.query(isBlocked)).rowCount === 1, 'the writer waits again');
  expect(isAcknowledged).toBe(false);
  expect((await pool.query('select from fixes where seq = 2')).rowCount).toBe(0);

  await blocker.query('commit');
  blocker.release();
  await published;
  expect((await pool.query('select from fixes where seq = 2')).rowCount).toBe(1);
  await client.endAsync();
  await consistent();
  expect(ingest.logged.filter((line) => line.startsWith('cannot store'))).toHaveLength(1);
});

test('Store.write() stores once, when connections are lost at moments that include the answer to a commit', async () => {
  await using ingest = await startIngest({ databaseUrl: database.url, limits: { batchFixes: 100 } });
  const client = await connect(ingest.url, gateway);
  const before = await consistent();
  const total = 2_000;
  let acknowledged = 0;
  const publishing = Promise.all(
    Array.from({ length: total }, (_, i) =>
      client.publishAsync(topicOf(`van-cut-${i % 7}`), fixText(i), { qos: 1 }).then(() => acknowledged++),
    ),
  );
  for (let cut = 0; cut < 12; cut++) {
    const seen = acknowledged;
    await until(() => acknowledged > seen || acknowledged === total, 'progress since the last cut');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 8));
    await pool.query(`select pg_terminate_backend(pid) from (${writers}) w`);
  }
  await publishing;
  await client.endAsync();
  await ingest.stop();
  await startIngest({ databaseUrl: database.url }).then((again) => again.stop());
  expect((await consistent()).fixes).toBe(before.fixes + total);
});

test('runIngest() loses nothing acknowledged and doubles nothing, when it is killed under load', async () => {
  const before = await consistent();
  const ledger = new Set<string>();
  let seq = 0;
  for (let round = 0; round < 4; round++) {
    const { child, url } = await startChild(database.url);
    const client = await connect(url, gateway);
    client.on('error', () => {});
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    let acknowledgedNow = 0;
    const send = () => {
      const [device, mine] = [`van-kill-${seq % 150}`, seq++];
      client.publish(topicOf(device), fixText(mine), { qos: 1 }, (error) => {
        if (error) return;
        ledger.add(`${device} ${mine}`);
        acknowledgedNow++;
        if (child.exitCode === null) send();
      });
    };
    for (let i = 0; i < 300; i++) send();
    const enough = 300 + Math.floor(Math.random() * 2_000);
    await until(() => acknowledgedNow >= enough, 'some load');
    child.kill('SIGKILL');
    await closed;
    client.end(true);
  }
  // The next start waits for what the dead one left behind, and counts what it had not counted.
  await startIngest({ databaseUrl: database.url }).then((again) => again.stop());
  const { rows } = await pool.query(
    `select v.name || ' ' || f.seq as id from fixes f join vehicles v using (vehicle_id) where v.name like 'van-kill-%'`,
  );
  const stored = new Set(rows.map((row) => row.id));
  expect([...ledger].filter((id) => !stored.has(id))).toEqual([]);
  expect(stored.size).toBe(rows.length);
  expect((await consistent()).fixes).toBe(before.fixes + rows.length);
  expect(ledger.size).toBeGreaterThan(1_000);
});

async function startChild(
  databaseUrl: string,
): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = fork(new URL('./bench/ingest-process.ts', import.meta.url), {
    execArgv: ['--import', 'tsx'],
  });
  child.send({
    databaseUrl,
    source: 'test',
    broker: { kind: 'embedded', host: '127.0.0.1', port: 0 },
    serviceCredential: service,
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message: { readonly facts: { readonly port: number } }) =>
      resolve(message.facts.port),
    );
    child.once('exit', (code) => reject(new Error(`ingest ended with ${code}`)));
  });
  return { child, url: `mqtt://127.0.0.1:${port}` };
}

test('runIngest() says that another process writes its source, and leaves it alone', async () => {
  await using _first = await startIngest({ databaseUrl: database.url });
  const second = startIngest({ databaseUrl: database.url, limits: { lockWaitMs: 200 } });
  await expect(second).rejects.toMatchObject({ code: 'data/locked' });
});
