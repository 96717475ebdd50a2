import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import { deviceTopic, gatewayTopic } from '../../schemas/topics.ts';
import { connect, type Running, service, startIngest, until } from '../testing/running.ts';
import { makeDevice, makeFleet } from '../testing/world.ts';

let database: TestDatabase;
let pool: pg.Pool;
let ingest: Running;
let gateway: Awaited<ReturnType<typeof makeFleet>>;
let shy: Awaited<ReturnType<typeof makeFleet>>;

beforeAll(async () => {
  database = await openTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 4 });
  gateway = await makeFleet(pool, 'north');
  shy = await makeFleet(pool, 'south', { mayRegister: false });
  ingest = await startIngest({ databaseUrl: database.url });
});

afterAll(async () => {
  await ingest?.stop();
  await pool?.end();
  await database?.close();
});

const telemetry = (fleet: string, device: string) => deviceTopic({ fleet, device, channel: 'telemetry' });
const fix = (fields: object = {}) => ({ ts: 1_790_000_000_000, lat: 45.5, lng: -122.6, ...fields });
const one = async (text: string, values: unknown[] = []) => (await pool.query(text, values)).rows[0];

test('runIngest() stores a fix of every field and its log before the PUBACK, when a gateway brings a new device', async () => {
  const client = await connect(ingest.url, gateway);
  const full = fix({
    ...{ seq: 7, boot: 'b1', speed: 10.5, heading: 182, accuracy: 5, altitude: 12, satellites: 11 },
    ...{ ignition: true, odometer: 123456.7, fuel: 0.5, soc: null, rpm: 1500, door: false, belt: true },
    ...{ sent: 1_790_000_000_900, buffered: true, events: [{ type: 'harsh_braking', value: 0.43 }] },
  });
  await client.publishAsync(telemetry('north', 'van-1'), JSON.stringify(full), { qos: 1 });
  const row = await one(
    `select f.*, extract(epoch from f.at)::float8 as at_s, v.name as vehicle from fixes f join vehicles v using (vehicle_id)`,
  );
  expect(row).toMatchObject({
    ...{ vehicle: 'van-1', at_s: 1_790_000_000, key: '7', seq: '7', boot: 'b1', lng: -122.6, lat: 45.5 },
    ...{ speed: 10.5, heading: 182, accuracy: 5, altitude: 12, satellites: 11, ignition: true },
    ...{ odometer: 123456.7, fuel: 0.5, soc: null, rpm: 1500, door: false, belt: true, buffered: true },
    ...{ events: [{ type: 'harsh_braking', value: 0.43 }], batch: '1', fleet_id: gateway.fleetId },
  });
  expect(await one('select batch, fix_count from batches')).toEqual({ batch: '1', fix_count: 1 });
  await client.endAsync();
});

const countersOf = (device: string) =>
  one(
    `select c.accepted::int, c.duplicate::int, c.late::int, c.filtered::int, c.rejected::int
     from device_counters c join devices d using (device_id) where d.name = $1`,
    [device],
  );

test('runIngest() stores a gateway’s fixes of many devices, rejects the bad ones by name, and acknowledges all at once', async () => {
  const client = await connect(ingest.url, gateway);
  const topic = gatewayTopic({ fleet: 'north', gateway: 'north' });
  const message = [
    { device: 'van-g1', ...fix({ seq: 1 }) },
    { device: 'van-g2', ...fix({ seq: 1, lat: 'north' }) },
    fix(),
    { device: 'van-g1', ...fix({ ts: 1_790_000_010_000, seq: 2 }) },
  ];
  await client.publishAsync(topic, JSON.stringify(message), { qos: 1 });
  expect(await countersOf('van-g1')).toMatchObject({ accepted: 2, rejected: 0 });
  expect(await countersOf('van-g2')).toMatchObject({ accepted: 0, rejected: 1 });
  const { rows } = await pool.query(
    `select r.reason, r.detail, convert_from(r.payload, 'utf8')::json ->> 'seq' as seq, d.name
     from rejections r left join devices d using (device_id) where r.topic = $1 order by d.name`,
    [topic],
  );
  expect(rows).toEqual([
    { reason: 'shape', detail: 'lat: must be a number', seq: '1', name: 'van-g2' },
    {
      reason: 'shape',
      detail: 'element 2 of 4: device: must name the device that the fix is of',
      seq: null,
      name: null,
    },
  ]);
  await client.endAsync();
  const others = await connect(ingest.url, shy);
  const closed = new Promise<void>((resolve) => others.once('close', resolve));
  others.publish(topic, JSON.stringify(message), { qos: 1 });
  await closed;
});

test('runIngest() stores each fix once, when it comes in two messages, twice in one, and again later', async () => {
  const client = await connect(ingest.url, gateway);
  const topic = telemetry('north', 'van-twice');
  const [a, b, c] = [
    fix({ ts: 1_790_000_001_000 }),
    fix({ ts: 1_790_000_002_000, seq: 2 }),
    fix({ ts: 1_790_000_003_000 }),
  ];
  await Promise.all(
    [[a, b], [b, c, c], [a]].map((fixes) => client.publishAsync(topic, JSON.stringify(fixes), { qos: 1 })),
  );
  const before = await one('select last_batch from sources');
  await client.publishAsync(topic, JSON.stringify([c, b, a]), { qos: 1 });
  expect(await one('select last_batch from sources')).toEqual(before);
  expect(await countersOf('van-twice')).toMatchObject({ accepted: 3, duplicate: 6 });
  expect(
    await one(
      `select count(*)::int from fixes join vehicles v using (vehicle_id) where v.name = 'van-twice'`,
    ),
  ).toEqual({ count: 3 });
  await client.endAsync();
});

test('runIngest() counts what is late, filtered, rejected and missing, and keeps the rejected part alone', async () => {
  const client = await connect(ingest.url, gateway);
  const at = (s: number, fields: object) => fix({ ts: 1_790_000_000_000 + s * 1000, boot: 'x', ...fields });
  const fixes = [
    at(1, { seq: 1 }),
    at(5, { seq: 5 }),
    at(3, { seq: 3 }),
    at(6, { lat: 91 }),
    at(6, { seq: 6, accuracy: 900 }),
  ];
  await client.publishAsync(telemetry('north', 'van-odd'), JSON.stringify(fixes), { qos: 1 });
  await client.publishAsync(telemetry('north', 'van-odd'), 'not json', { qos: 1 });
  await client.publishAsync(telemetry('north', 'van-odd'), 'not json', { qos: 1 });
  expect(await countersOf('van-odd')).toEqual({
    accepted: 4,
    duplicate: 0,
    late: 1,
    filtered: 1,
    rejected: 3,
  });
  const { rows } = await pool.query(
    `select reason, detail, times, convert_from(payload, 'UTF8') as payload from rejections
     where topic not like '%/gateway/%' order by rejection_id`,
  );
  expect(rows).toMatchObject([
    {
      reason: 'position',
      detail: expect.stringContaining('element 3 of 5'),
      payload: JSON.stringify(fixes[3]),
      times: 1,
    },
    { reason: 'json', payload: 'not json', times: 2 },
  ]);
  expect(
    await one(
      `select boot, (seq_max - seq_min + 1 - fix_count)::int as missing from device_boots where boot = 'x'`,
    ),
  ).toEqual({ boot: 'x', missing: 2 });
  await client.endAsync();
});

test('runIngest() stores stop reports once, with the batch that announces them', async () => {
  const client = await connect(ingest.url, gateway);
  await client.publishAsync(telemetry('north', 'van-app'), JSON.stringify(fix()), { qos: 1 });
  const reports = [
    { ts: 1_790_000_000_000, stop: 'S-1', kind: 'arrived' },
    { ts: 1_790_000_000_000, stop: 'S-1', kind: 'lost' },
  ];
  const topic = deviceTopic({ fleet: 'north', device: 'van-app', channel: 'stops' });
  for (const _ of [1, 2]) await client.publishAsync(topic, JSON.stringify(reports), { qos: 1 });
  const row = await one(
    'select r.stop_code, r.kind, b.report_count, b.fix_count from stop_reports r join batches b using (source_id, batch)',
  );
  expect(row).toEqual({ stop_code: 'S-1', kind: 'arrived', report_count: 1, fix_count: 0 });
  await client.endAsync();
});

test('runIngest() lists a device that nobody knows, and takes none of its data, when the gateway may not register', async () => {
  const client = await connect(ingest.url, shy);
  for (const seq of [1, 2])
    await client.publishAsync(telemetry('south', 'stranger'), JSON.stringify(fix({ seq })), { qos: 1 });
  expect(await one('select fleet_id, name, attempts::int from unknown_devices')).toEqual({
    ...{ fleet_id: shy.fleetId, name: 'stranger', attempts: 2 },
  });
  expect(await one('select count(*)::int from fixes where fleet_id = $1', [shy.fleetId])).toEqual({
    count: 0,
  });
  // Claimed by a person, it is heard, without waiting for anything.
  await makeDevice(pool, { fleetId: shy.fleetId, fleet: 'south', device: 'stranger' });
  await client.publishAsync(telemetry('south', 'stranger'), JSON.stringify(fix({ seq: 3 })), { qos: 1 });
  expect(await one('select count(*)::int from fixes where fleet_id = $1', [shy.fleetId])).toEqual({
    count: 1,
  });
  await client.endAsync();
});

test('openBroker() refuses whoever is not who they say', async () => {
  const wrong = [
    { username: gateway.username, password: 'guess' },
    { username: 'gateway:south/north', password: gateway.password },
    { username: 'service', password: '' },
    { username: '', password: '' },
  ];
  for (const login of wrong) await expect(connect(ingest.url, login)).rejects.toThrow();
  await expect(connect(ingest.url, { username: undefined, password: undefined } as never)).rejects.toThrow();
});

test('openBroker() ends the connection and stores nothing, when a device publishes what is not its own', async () => {
  const device = await makeDevice(pool, { fleetId: gateway.fleetId, fleet: 'north', device: 'van-own' });
  const others = [
    telemetry('north', 'van-1'),
    telemetry('south', 'van-own'),
    'fleet/north/live/positions',
    deviceTopic({ fleet: 'north', device: 'van-own', channel: 'command' }),
    '$SYS/x',
  ];
  for (const topic of others) {
    const client = await connect(ingest.url, device);
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.publish(topic, JSON.stringify(fix({ seq: 666 })), { qos: 1 });
    await closed;
    client.end(true);
  }
  const client = await connect(ingest.url, device);
  await client.publishAsync(telemetry('north', 'van-own'), JSON.stringify(fix({ seq: 1 })), { qos: 1 });
  await client.endAsync();
  expect(await one('select count(*)::int from fixes where seq = 666')).toEqual({ count: 0 });
  expect(await countersOf('van-own')).toMatchObject({ accepted: 1 });
});

test('openBroker() lets each hear only what is theirs, and passes results and commands on', async () => {
  const login = await makeDevice(pool, { fleetId: gateway.fleetId, fleet: 'north', device: 'van-ears' });
  const [device, office] = [await connect(ingest.url, login), await connect(ingest.url, service)];
  const granted = async (client: typeof device, topic: string) => {
    const [grant] = await client.subscribeAsync(topic, { qos: 1 }).catch(() => [{ qos: 128 }]);
    return grant?.qos === 1;
  };
  const command = deviceTopic({ fleet: 'north', device: 'van-ears', channel: 'command' });
  expect(await granted(device, command)).toBe(true);
  for (const filter of [
    '#',
    'fleet/#',
    telemetry('north', '+'),
    deviceTopic({ fleet: 'north', device: '+', channel: 'command' }),
    'fleet/north/live/positions',
  ]) {
    expect(await granted(device, filter), filter).toBe(false);
  }
  expect(await granted(office, 'fleet/north/live/positions')).toBe(true);
  const heard: string[] = [];
  for (const client of [device, office]) client.on('message', (topic) => heard.push(topic));
  await office.publishAsync(command, 'turn left', { qos: 1 });
  await office.publishAsync('fleet/north/live/positions', Buffer.from([1, 2]), { qos: 0 });
  await until(() => heard.length === 2, 'both messages');
  expect(heard.sort()).toEqual([command, 'fleet/north/live/positions']);
  await Promise.all([device.endAsync(), office.endAsync()]);
});

test('openBroker() ends a connection, when its credential is taken away', async () => {
  const login = await makeDevice(pool, { fleetId: gateway.fleetId, fleet: 'north', device: 'van-gone' });
  const client = await connect(ingest.url, login);
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
  await pool.query(`update devices set secret_hash = null where name = 'van-gone'`);
  await closed;
  await expect(connect(ingest.url, login)).rejects.toThrow();
});

test('openBroker() cuts a publisher off, when a packet is far beyond the message limit', async () => {
  const client = await connect(ingest.url, gateway);
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
  client.on('error', () => {});
  client.publish(telemetry('north', 'van-1'), Buffer.alloc(8 * 1024 * 1024, 32), { qos: 1 });
  await closed;
  client.end(true);
});

test('batches are numbered without gaps, and their fixes are those of the table', async () => {
  const row = await one(
    `select count(*)::int as batches, max(batch)::int as last, sum(fix_count)::int as fixes,
       (select count(*)::int from fixes) as stored, (select last_batch::int from sources) as cursor,
       (select sum(accepted)::int from ingest_minutes) as counted
     from batches`,
  );
  expect(row.batches).toBe(row.last);
  expect(row.cursor).toBe(row.last);
  expect(row.fixes).toBe(row.stored);
  expect(row.counted).toBe(row.stored);
});
