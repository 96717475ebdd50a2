import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import { mpsFromKmh, mpsFromKnots } from '../../schemas/units.ts';
import { connect, type Running, startIngest, until } from '../testing/running.ts';
import { makeDevice, makeFleet } from '../testing/world.ts';

let database: TestDatabase;
let pool: pg.Pool;
let ingest: Running;
let gateway: Awaited<ReturnType<typeof makeFleet>>;

beforeAll(async () => {
  database = await openTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 4 });
  gateway = await makeFleet(pool, 'north');
  ingest = await startIngest({
    databaseUrl: database.url,
    formats: { profiles: { 'north/van-sim': 'flespi' } },
  });
});

afterAll(async () => {
  await ingest?.stop();
  await pool?.end();
  await database?.close();
});

const deviceOf = (device: string) => makeDevice(pool, { fleetId: gateway.fleetId, fleet: 'north', device });
const fixesOf = async (vehicle: string) =>
  (
    await pool.query(
      `select f.lng, f.lat, f.speed, f.flags, f.events, extract(epoch from f.at)::float8 as at
       from fixes f join vehicles v using (vehicle_id) where v.name = $1 order by f.at`,
      [vehicle],
    )
  ).rows;

test('a phone with OwnTracks is stored, as it talks: will, retained QoS 1 on the topic the app makes up', async () => {
  const login = await deviceOf('van-phone');
  // The app's own default: owntracks/{user name}/{device id}.
  const topic = `owntracks/${login.username}/pixel`;
  const will = {
    topic,
    payload: Buffer.from('{"_type":"lwt","tst":1790000000}'),
    qos: 1 as const,
    retain: true,
  };
  const phone = await connect(ingest.url, login, { will });
  // It listens to its friends, which are none of its business and not refused either.
  const heard: string[] = [];
  phone.on('message', (about) => heard.push(about));
  for (const filter of ['owntracks/+/+', 'owntracks/+/+/event', `${topic}/cmd`]) {
    expect(await phone.subscribeAsync(filter, { qos: 1 })).toMatchObject([{ qos: 1 }]);
  }
  const location = {
    _type: 'location',
    lat: 45.5,
    lon: -122.6,
    tst: 1_790_000_000,
    vel: 36,
    acc: 5,
    t: 'u',
    tid: 'vp',
  };
  await phone.publishAsync(topic, JSON.stringify(location), { qos: 1, retain: true });
  await phone.publishAsync(topic, JSON.stringify(location), { qos: 1, retain: true });
  await phone.publishAsync(
    `${topic}/event`,
    JSON.stringify({ ...location, _type: 'transition', event: 'leave', desc: 'depot', tst: 1_790_000_060 }),
    { qos: 1 },
  );
  expect(await fixesOf('van-phone')).toEqual([
    { at: 1_790_000_000, lat: 45.5, lng: -122.6, speed: mpsFromKmh(36), flags: 0, events: null },
    {
      ...{ at: 1_790_000_060, lat: 45.5, lng: -122.6, speed: null, flags: 0 },
      events: [{ type: 'region_leave', region: 'depot' }],
    },
  ]);
  await phone.publishAsync(topic, JSON.stringify({ _type: 'encrypted', data: 'x' }), { qos: 1 });
  const { rows } = await pool.query('select reason, fleet_id from rejections where topic = $1', [topic]);
  expect(rows).toEqual([{ reason: 'format', fleet_id: gateway.fleetId }]);
  expect(heard).toEqual([]);
  phone.end(true);
});

test('a Teltonika tracker is stored, by its IMEI on a shadow topic', async () => {
  const imei = '352093081452251';
  const client = await connect(ingest.url, await deviceOf(imei));
  const reported = { ts: 1_790_000_000_000, latlng: '45.5,-122.6', sat: 9, sp: 36, evt: 239, 239: 1 };
  const topic = `$aws/things/${imei}/shadow/update`;
  await client.publishAsync(topic, JSON.stringify({ state: { reported } }), { qos: 1 });
  expect(await fixesOf(imei)).toMatchObject([{ lat: 45.5, speed: 10, events: [{ type: 'ignition_on' }] }]);
  await client.endAsync();
});

test('a device publishes for itself alone, on foreign topics too', async () => {
  const login = await deviceOf('van-own');
  await deviceOf('van-other');
  const topics = ['traccar/van-other', 'owntracks/van-own/van-other', '$aws/things/van-other/shadow/update'];
  for (const topic of topics) {
    const client = await connect(ingest.url, login);
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.publish(topic, 'lat=1&lon=2&timestamp=1790000000', { qos: 1 });
    await closed;
    client.end(true);
  }
  const client = await connect(ingest.url, login);
  // What the payload says of its sender does not count: the log-in does.
  await client.publishAsync('traccar', 'id=van-other&lat=45.5&lon=-122.6&timestamp=1790000000&speed=10', {
    qos: 1,
  });
  await client.endAsync();
  expect(await fixesOf('van-own')).toMatchObject([
    { at: 1_790_000_000, speed: expect.closeTo(mpsFromKnots(10), 5) },
  ]);
  expect(await fixesOf('van-other')).toEqual([]);
});

test('a Traccar server forwards its devices through a gateway, each to its own vehicle', async () => {
  const client = await connect(ingest.url, gateway);
  const forward = (uniqueId: string | undefined, latitude: number) =>
    client.publishAsync(
      'traccar',
      JSON.stringify({
        device: { uniqueId },
        position: {
          fixTime: '2026-09-21T14:13:20.000+00:00',
          latitude,
          longitude: -122.6,
          speed: 0,
          valid: true,
        },
      }),
      { qos: 1 },
    );
  await Promise.all([forward('862001', 45.1), forward('862002', 45.2), forward(undefined, 45.3)]);
  expect(await fixesOf('862001')).toMatchObject([{ lat: 45.1 }]);
  expect(await fixesOf('862002')).toMatchObject([{ lat: 45.2 }]);
  const { rows } = await pool.query(
    `select reason, fleet_id, detail from rejections where topic = 'traccar'`,
  );
  expect(rows).toMatchObject([{ reason: 'unknown_device', fleet_id: gateway.fleetId }]);
  await client.endAsync();
});

test('a device with a profile writes its format to its own telemetry topic, and scalars become a fix', async () => {
  const client = await connect(ingest.url, await deviceOf('van-sim'));
  const message = {
    ident: '1',
    timestamp: 1_790_000_000,
    'position.latitude': 45.5,
    'position.longitude': -122.6,
  };
  await client.publishAsync('fleet/north/device/van-sim/telemetry', JSON.stringify(message), { qos: 1 });
  expect(await fixesOf('van-sim')).toMatchObject([{ at: 1_790_000_000, lat: 45.5 }]);
  await client.endAsync();

  const ev = await connect(ingest.url, await deviceOf('van-ev'));
  for (const [name, value] of [
    ['speed', '36'],
    ['latitude', '45.5'],
    ['longitude', '-122.6'],
  ] as const) {
    await ev.publishAsync(`ovms/me/van-ev/metric/v/p/${name}`, value, { qos: 0 });
  }
  await until(async () => (await fixesOf('van-ev')).length === 1, 'the fix of three scalars');
  expect(await fixesOf('van-ev')).toMatchObject([{ lng: -122.6, lat: 45.5, speed: 10 }]);
  await ev.endAsync();
});
