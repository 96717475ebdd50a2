import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import { ingestLimits } from '../config.ts';
import { type Running, startIngest, until } from '../testing/running.ts';
import { makeDevice, makeFleet } from '../testing/world.ts';

let database: TestDatabase;
let pool: pg.Pool;
let ingest: Running;
let gateway: Awaited<ReturnType<typeof makeFleet>>;
let van: { readonly username: string; readonly password: string };

beforeAll(async () => {
  database = await openTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 4 });
  gateway = await makeFleet(pool, 'north');
  van = await makeDevice(pool, { fleetId: gateway.fleetId, fleet: 'north', device: 'van-7' });
  ingest = await startIngest({ databaseUrl: database.url, http: { host: '127.0.0.1', port: 0 } });
});

afterAll(async () => {
  await ingest?.stop();
  await pool?.end();
  await database?.close();
});

type Login = { readonly username: string; readonly password: string };
const basic = ({ username, password }: Login) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

async function send(
  path: string,
  {
    login,
    body,
    headers = {},
    method,
  }: {
    readonly login?: Login;
    readonly body?: string | Uint8Array<ArrayBuffer>;
    readonly headers?: Record<string, string>;
    readonly method?: string;
  } = {},
) {
  const response = await fetch(`${ingest.addresses.http}${path}`, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...(login && { authorization: basic(login) }), ...headers },
    ...(body !== undefined && { body }),
  });
  return {
    status: response.status,
    headers: response.headers,
    json: (await response.json()) as Record<string, unknown>,
  };
}

const ts = Date.now() - 60_000;
const stored = async (device: string) =>
  (
    await pool.query(
      `select round(extract(epoch from at) * 1000)::float8 as ts, round(lat::numeric, 4)::float8 as lat,
         round(speed::numeric, 2)::float8 as speed
       from fixes join devices using (device_id) where name = $1 order by at`,
      [device],
    )
  ).rows;

test('openHttpIngest() answers 200 once our own messages are committed, and once only', async () => {
  const body = JSON.stringify([
    { ts, lat: 45.52, lng: -122.67, seq: 1 },
    { ts: ts + 1000, lat: 45.53, lng: -122.67, seq: 2 },
  ]);
  expect(await send('/ingest/telemetry', { login: van, body })).toMatchObject({
    status: 200,
    json: { accepted: 2, rejected: [] },
  });
  expect(await stored('van-7')).toHaveLength(2);
  const bearer = { authorization: `Bearer ${van.username}:${van.password}` };
  expect((await send('/ingest/telemetry', { headers: bearer, body })).status).toBe(200);
  expect(await stored('van-7')).toHaveLength(2);
  const report = JSON.stringify({ ts, stop: 'S1', kind: 'arrived' });
  expect((await send('/ingest/stops', { login: van, body: report })).status).toBe(200);
  expect((await pool.query('select stop_code from stop_reports')).rows).toEqual([{ stop_code: 'S1' }]);
});

test('openHttpIngest() takes OsmAnd’s query, a form, and Traccar Client’s JSON, with the secret in the URL', async () => {
  const device = await makeDevice(pool, { fleetId: gateway.fleetId, fleet: 'north', device: 'phone-1' });
  const query = (n: number) => `timestamp=${Math.floor(ts / 1000) + n}&lat=45.6${n}&lon=-122.6&speed=20`;
  const key = `fleet=north&id=phone-1&key=${device.password}`;
  expect((await send(`/?${key}&${query(1)}`)).status).toBe(200);
  expect((await send(`/ingest/osmand?${key}&${query(2)}`, { method: 'POST' })).status).toBe(200);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const path = `/ingest/osmand/north/phone-1/${device.password}`;
  expect((await send(path, { body: query(3), headers: form })).status).toBe(200);
  const client = {
    device_id: 'whoever',
    location: {
      timestamp: new Date(ts + 4000).toISOString(),
      coords: { latitude: 45.64, longitude: -122.6, speed: 10.29, heading: 63, accuracy: 4 },
    },
  };
  expect((await send(path, { body: JSON.stringify(client) })).status).toBe(200);
  expect(await stored('phone-1')).toMatchObject([
    { lat: 45.61, speed: 10.29 },
    { lat: 45.62, speed: 10.29 },
    { lat: 45.63, speed: 10.29 },
    { lat: 45.64, speed: 10.29 },
  ]);
  // The secret is nowhere in what is kept.
  expect((await send(`/?${key}&lat=95&lon=1`)).status).toBe(400);
  const { rows } = await pool.query(
    `select topic, reason, convert_from(payload, 'UTF8') as payload from rejections where topic = 'http/osmand/phone-1'`,
  );
  expect(rows).toEqual([
    { topic: 'http/osmand/phone-1', reason: 'position', payload: 'fleet=north&id=phone-1&lat=95&lon=1' },
  ]);
});

test('openHttpIngest() answers OwnTracks with a list, and takes what a gateway brings for its devices', async () => {
  const location = { _type: 'location', lat: 45.52, lon: -122.67, tst: Math.floor(ts / 1000), vel: 36 };
  const answer = await send('/ingest/owntracks', { login: van, body: JSON.stringify(location) });
  expect(answer).toMatchObject({ status: 200, json: [] });
  const fix = JSON.stringify({ ts, lat: 45.52, lng: -122.67 });
  expect((await send('/ingest/telemetry/van-new', { login: gateway, body: fix })).status).toBe(200);
  expect(await stored('van-new')).toHaveLength(1);
  const query = `id=van-newer&timestamp=${Math.floor(ts / 1000)}&lat=45.5&lon=-122.6`;
  expect((await send(`/ingest/osmand?${query}`, { login: gateway })).status).toBe(200);
  expect(await stored('van-newer')).toHaveLength(1);
});

test('openHttpIngest() says what is wrong, keeps it with its reason, and stores nothing of a stranger', async () => {
  const wrong = { ...van, password: 'wrong' };
  const fix = JSON.stringify({ ts: ts + 9000, lat: 45.52, lng: -122.67 });
  expect(await send('/ingest/telemetry', { body: fix })).toMatchObject({ status: 401 });
  const refused = await send('/ingest/telemetry', { login: wrong, body: fix });
  expect(refused).toMatchObject({ status: 401, json: { code: 'credential' } });
  expect(refused.headers.get('www-authenticate')).toMatch(/^Basic/);
  expect((await send('/?fleet=north&id=van-7&key=wrong&lat=1&lon=1')).status).toBe(401);
  expect((await send('/ingest/telemetry/van-8', { login: van, body: fix })).status).toBe(403);
  expect((await send('/ingest/nonsense', { login: van, body: fix })).status).toBe(404);
  expect((await send('/ingest/%E0%A4%A', { login: van, body: fix })).status).toBe(400);
  expect((await send('/ingest/telemetry', { login: van })).status).toBe(405);
  expect((await send('/ingest/telemetry', { login: van, body: '' })).status).toBe(400);
  expect(await send('/ingest/telemetry', { login: van, body: 'no JSON' })).toMatchObject({
    status: 400,
    json: { code: 'json' },
  });
  const some = JSON.stringify([JSON.parse(fix), { ts, lat: 91, lng: 0 }]);
  expect(await send('/ingest/telemetry', { login: van, body: some })).toMatchObject({
    status: 200,
    json: { accepted: 1, rejected: [{ reason: 'position' }] },
  });
  const large = new Uint8Array(ingestLimits.messageBytes + 1000).fill(32);
  expect((await send('/ingest/telemetry', { login: van, body: large })).status).toBe(413);
  const { rows } = await pool.query(
    `select distinct reason from rejections where topic = 'fleet/north/device/van-7/telemetry' order by reason`,
  );
  expect(rows.map(({ reason }) => reason)).toEqual(['json', 'position', 'too_large']);
});

test('openHttpIngest() holds its answer until the commit, and asks others to come again when too much waits', async () => {
  const others = (await pool.query('select pid from pg_stat_activity')).rows.map(({ pid }) => pid);
  await using slow = await startIngest({
    databaseUrl: database.url,
    source: 'slow',
    http: { host: '127.0.0.1', port: 0 },
    limits: { pendingMessages: 1 },
  });
  const post = (n: number) =>
    fetch(`${slow.addresses.http}/ingest/telemetry`, {
      method: 'POST',
      headers: { authorization: basic(van) },
      body: JSON.stringify({ ts: ts + n, lat: 45.52, lng: -122.67 }),
    });
  const blocker = await pool.connect();
  const answers: number[] = [];
  let waiting: Promise<unknown> = Promise.resolve();
  try {
    await blocker.query('begin; lock table batches in access exclusive mode');
    waiting = post(50_000).then(({ status }) => answers.push(status));
    // The other ingest may wait for the same lock, to count or to prune: only ours holds a message.
    const isWaiting = `select from pg_locks
      where not granted and relation = 'batches'::regclass and pid <> all ($1::int[])`;
    await until(async () => (await pool.query(isWaiting, [others])).rowCount !== 0, 'the commit to wait');
    const { status, headers } = await post(60_000);
    expect([status, headers.get('retry-after')]).toEqual([503, '5']);
    expect(answers).toEqual([]);
  } finally {
    await blocker.query('rollback');
    blocker.release();
  }
  await waiting;
  expect(answers).toEqual([200]);
});
