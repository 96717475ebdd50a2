import type { MqttClient } from 'mqtt';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import type { Command, RouteMessage } from '../../schemas/down.ts';
import { sparkplugPayload } from '../formats/sparkplug-payload.ts';
import { hasMosquitto, startMosquitto } from '../testing/mosquitto.ts';
import { makeCommand, makeRoute } from '../testing/plan.ts';
import { connect, type Running, startIngest, until } from '../testing/running.ts';
import { sparkplugBytes, type TestMetric } from '../testing/sparkplug-node.ts';
import { makeDevice, makeFleet } from '../testing/world.ts';

let database: TestDatabase;
let pool: pg.Pool;
let ingest: Running;
let north: Awaited<ReturnType<typeof makeFleet>>;

beforeAll(async () => {
  database = await openTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 4 });
  north = await makeFleet(pool, 'north');
  ingest = await startIngest({ databaseUrl: database.url });
});

afterAll(async () => {
  await ingest?.stop();
  await pool?.end();
  await database?.close();
});

const one = async (text: string, values: unknown[] = []) => (await pool.query(text, values)).rows[0];
const device = (name: string) => makeDevice(pool, { fleetId: north.fleetId, fleet: 'north', device: name });
const topicOf = (name: string, channel: string) => `fleet/north/device/${name}/${channel}`;

type Heard = { readonly topic: string; readonly retain: boolean; readonly json: RouteMessage & Command };

function hearing(client: MqttClient): Heard[] {
  const heard: Heard[] = [];
  client.on('message', (topic, payload, { retain }) =>
    heard.push({ topic, retain, json: JSON.parse(payload.toString()) }),
  );
  return heard;
}

const codes = (heard: Heard | undefined) => heard?.json.items.map(({ code }) => code);

test('Downlink sends the newest route when a device subscribes, and again whenever its version changes', async () => {
  const login = await device('van-1');
  const { routeId, stopIds } = await makeRoute(pool, {
    ...{ fleetId: north.fleetId, vehicle: 'van-1', code: 'R1', stops: ['A', 'B', 'C'] },
  });
  const client = await connect(ingest.url, login);
  const heard = hearing(client);
  await client.subscribeAsync(topicOf('van-1', 'route'), { qos: 1 });
  await until(() => heard.length === 1, 'the route as a retained message');
  expect(heard[0]).toMatchObject({ topic: topicOf('van-1', 'route'), retain: true });
  expect(heard[0]?.json).toMatchObject({ route: 'R1', version: 1, vehicle: 'van-1' });
  expect(codes(heard[0])).toEqual(['A', 'B', 'C']);

  await pool.query(
    `with turned as (update stops set sequence = 2 - sequence where route_id = $1)
     update routes set version = version + 1 where route_id = $1`,
    [routeId],
  );
  await until(() => heard.length === 2, 'the changed route');
  expect([heard[1]?.json.version, codes(heard[1])]).toEqual([2, ['C', 'B', 'A']]);

  // A hand-over stands behind the stop that it comes after, on both sides.
  await device('van-2');
  const helper = await makeRoute(pool, {
    ...{ fleetId: north.fleetId, vehicle: 'van-2', code: 'R2', stops: ['X'] },
  });
  await pool.query(
    `with agreed as (
       insert into handovers (fleet_id, from_route_id, to_route_id, lng, lat, meet_at, wait_until, service, stop_ids,
         from_after_stop_id, to_after_stop_id)
       values ($1, $2, $3, -122.6, 45.5, now(), now() + interval '10 min', 120, array[$4::bigint], $5, $6)),
     moved as (update stops set route_id = $3, sequence = 1 where stop_id = $4)
     update routes set version = version + 1 where route_id in ($2, $3)`,
    [north.fleetId, routeId, helper.routeId, stopIds[0], stopIds[1], helper.stopIds[0]],
  );
  await until(() => heard.length === 3, 'the route with the hand-over');
  expect(codes(heard[2])).toEqual(['C', 'B', 'H1']);
  expect(heard[2]?.json.items[2]).toMatchObject({ role: 'give', with: 'van-2', stops: ['A'], service: 120 });

  const gateway = await connect(ingest.url, north);
  const heardByGateway = hearing(gateway);
  await gateway.subscribeAsync('fleet/north/device/+/route', { qos: 1 });
  await until(() => heardByGateway.length === 2, 'the routes of the fleet at the gateway');
  const taken = heardByGateway.find(({ json }) => json.route === 'R2');
  expect(codes(taken)).toEqual(['X', 'H1', 'A']);
  expect(taken?.json.items[1]).toMatchObject({ role: 'take', with: 'van-1', stops: ['A'] });
  await gateway.endAsync();
  await client.endAsync();
});

test('Downlink sends no route of another fleet or device, and the current one of several', async () => {
  const login = await device('van-3');
  const plan = { fleetId: north.fleetId, vehicle: 'van-3', stops: ['A'] };
  await makeRoute(pool, { ...plan, code: 'yesterday', startsIn: -30 * 3600 });
  await makeRoute(pool, { ...plan, code: 'today', startsIn: -3600 });
  await makeRoute(pool, { ...plan, code: 'tomorrow', startsIn: 20 * 3600 });
  const client = await connect(ingest.url, login);
  const heard = hearing(client);
  for (const filter of [topicOf('van-1', 'route'), 'fleet/north/device/+/route']) {
    await expect(client.subscribeAsync(filter)).rejects.toThrow();
  }
  await client.subscribeAsync(topicOf('van-3', 'route'), { qos: 0 });
  await until(() => heard.length === 1, 'the route');
  expect(heard[0]?.json.route).toBe('today');
  await client.endAsync();
});

test('runIngest() keeps what a device answers of its route, and nonsense as rejections', async () => {
  const login = await device('van-4');
  await makeRoute(pool, {
    ...{ fleetId: north.fleetId, vehicle: 'van-4', code: 'R4', stops: ['A'] },
  });
  const client = await connect(ingest.url, login);
  const answer = (json: unknown) =>
    client.publishAsync(topicOf('van-4', 'answers'), JSON.stringify(json), { qos: 1 });
  const ts = Date.now();
  await answer({ ts: ts + 1, route: 'R4', version: 1, state: 'done' });
  await answer({ ts, route: 'R4', version: 1, state: 'received' });
  const kept = await one('select version, state from route_answers');
  expect(kept).toEqual({ version: 1, state: 'done' });
  const nonsense: unknown[] = [
    { ts, route: 'R4', version: 9, state: 'done' },
    { ts, route: 'R9', version: 1, state: 'done' },
    { ts, handover: 'H999', state: 'done' },
    { ts, id: '424242', state: 'done' },
    { ts, id: 'what', state: 'done' },
    { ts, route: 'R4', version: 1, state: 'perhaps' },
    { ts, state: 'done' },
    'done',
  ];
  for (const one of nonsense) await answer(one);
  const { rows } = await pool.query(
    `select reason, count(*)::int from rejections where topic like '%/answers' group by reason order by reason`,
  );
  expect(rows).toEqual([
    { reason: 'answer', count: 4 },
    { reason: 'shape', count: 4 },
  ]);
  await client.endAsync();
});

const commandOf = (id: string) =>
  one('select state, attempts, answer from commands where command_id = $1', [id]);
const stateIs = (id: string, state: string) =>
  until(async () => (await commandOf(id)).state === state, `command ${id} ${state}`);

test('Downlink sends a command when the device is there, again after a reconnect, and keeps its answers', async () => {
  const login = await device('van-5');
  const id = await makeCommand(pool, 'van-5', 'message', { body: { text: 'call the station' } });
  const late = await makeCommand(pool, 'van-5', 'locate', { seconds: -1 });
  const client = await connect(ingest.url, login);
  const heard = hearing(client);
  await client.subscribeAsync(topicOf('van-5', 'command'), { qos: 1 });
  await until(() => heard.length === 1, 'the command that waited');
  expect(heard[0]).toMatchObject({
    retain: false,
    json: { id, kind: 'message', body: { text: 'call the station' } },
  });
  await stateIs(late, 'expired');
  await client.endAsync();

  const again = await connect(ingest.url, login);
  const heardAgain = hearing(again);
  await again.subscribeAsync(topicOf('van-5', 'command'), { qos: 1 });
  await until(() => heardAgain.length === 1, 'the same command again, because nobody answered');
  expect(await commandOf(id)).toMatchObject({ state: 'sent', attempts: 2 });
  const next = await makeCommand(pool, 'van-5', 'locate');
  await until(() => heardAgain.length === 2, 'the next command, at once');

  const answer = (json: object) =>
    again.publishAsync(topicOf('van-5', 'answers'), JSON.stringify(json), { qos: 1 });
  await answer({ ts: Date.now(), id, state: 'done', body: { read: true } });
  await answer({ ts: Date.now(), id, state: 'received' });
  await answer({ ts: Date.now(), id: next, state: 'refused', reason: 'no position' });
  expect(await commandOf(id)).toMatchObject({ state: 'done', answer: { body: { read: true } } });
  expect(await commandOf(next)).toMatchObject({ state: 'refused', answer: { reason: 'no position' } });
  await again.endAsync();
});

test('Downlink speaks OwnTracks’ words to who listens on its command topic, and says what it has none for', async () => {
  const client = await connect(ingest.url, await device('phone-1'));
  const heard = hearing(client);
  await client.subscribeAsync('owntracks/jo/phone-1/cmd', { qos: 1 });
  const locate = await makeCommand(pool, 'phone-1', 'locate');
  await until(() => heard.length === 1, 'the order to report');
  expect(heard[0]).toMatchObject({
    topic: 'owntracks/jo/phone-1/cmd',
    json: { _type: 'cmd', action: 'reportLocation' },
  });
  const output = await makeCommand(pool, 'phone-1', 'output', { body: { output: 1, on: true } });
  await stateIs(output, 'refused');
  expect((await commandOf(output)).answer.reason).toMatch(/OwnTracks has no command/);
  // Its only answer is the location that it was asked for; another of the same kind answers nothing.
  const location = { _type: 'location', lat: 45.5, lon: -122.6, tst: Math.floor(Date.now() / 1000), t: 'r' };
  for (const tst of [location.tst - 1, location.tst]) {
    await client.publishAsync('owntracks/jo/phone-1', JSON.stringify({ ...location, tst }), { qos: 1 });
  }
  expect((await commandOf(locate)).state).toBe('done');
  const { rows } = await pool.query(`select from rejections where topic = 'owntracks/jo/phone-1'`);
  expect(rows).toEqual([]);
  await client.endAsync();
});

test('runIngest() asks an edge node of Sparkplug for its birth, when it hears data that it has no names for', async () => {
  const client = await connect(ingest.url, north);
  const asked: Buffer[] = [];
  client.on('message', (topic, payload) => {
    if (topic === 'spBv1.0/vans/NCMD/edge-1') asked.push(payload);
  });
  await client.subscribeAsync('spBv1.0/vans/NCMD/edge-1/#', { qos: 1 });
  const at = Date.now() - 5000;
  const say = (type: string, seq: number, metrics: readonly TestMetric[]) =>
    client.publishAsync(`spBv1.0/vans/${type}`, sparkplugBytes(at, seq, metrics), { qos: 1 });
  const place = [
    { alias: 1, value: 45.52 },
    { alias: 2, value: -122.67 },
  ];
  await say('DDATA/edge-1/van-sp', 7, place);
  await until(() => asked.length === 1, 'the question for the birth');
  expect(sparkplugPayload(asked[0] ?? Buffer.alloc(0))?.metrics[0]?.name).toBe('Node Control/Rebirth');
  await say('NBIRTH/edge-1', 0, []);
  const names = ['Latitude', 'Longitude'];
  await say(
    'DBIRTH/edge-1/van-sp',
    1,
    place.map((metric, i) => ({ ...metric, name: `Position/${names[i]}` })),
  );
  const { count } = await one(
    `select count(*)::int from fixes join devices using (device_id) where name = 'van-sp'`,
  );
  expect(count).toBe(1);
  await client.endAsync();
});

test.skipIf(!hasMosquitto)(
  'Downlink publishes routes with retain and commands without to an outside broker, and hears the answers',
  async () => {
    await using broker = await startMosquitto();
    await device('van-out');
    const plan = { fleetId: north.fleetId, vehicle: 'van-out', code: 'RO', stops: ['A'] };
    const { routeId } = await makeRoute(pool, plan);
    await using _ingest = await startIngest({
      databaseUrl: database.url,
      source: 'outside',
      broker: { kind: 'outside', url: broker.url },
    });
    const login = { username: 'anyone', password: '' };
    const client = await connect(broker.url, login);
    const heard = hearing(client);
    await client.subscribeAsync([topicOf('van-out', 'route'), topicOf('van-out', 'command')], { qos: 1 });
    const versions = () => heard.flatMap(({ json }) => json.version ?? []);
    await until(() => versions().includes(1), 'the route');
    await pool.query('update routes set version = version + 1 where route_id = $1', [routeId]);
    await until(() => versions().includes(2), 'the next version');
    const late = await connect(broker.url, login);
    const heardLate = hearing(late);
    await late.subscribeAsync(topicOf('van-out', 'route'), { qos: 1 });
    await until(() => heardLate.length === 1, 'the retained route');
    expect(heardLate[0]).toMatchObject({ retain: true, json: { route: 'RO', version: 2 } });
    const id = await makeCommand(pool, 'van-out', 'locate');
    await until(() => heard.some(({ json }) => json.id === id), 'the command');
    const answer = JSON.stringify({ ts: Date.now(), id, state: 'done' });
    await client.publishAsync(topicOf('van-out', 'answers'), answer, { qos: 1 });
    await stateIs(id, 'done');
    await client.endAsync();
    await late.endAsync();
  },
);
