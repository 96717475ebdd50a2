import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import { loginPacket, teltonikaFrame } from '../../simulator/device/encode/teltonika-frames.ts';
import { makeCommand } from '../testing/plan.ts';
import { type Running, startIngest, until } from '../testing/running.ts';
import { dial, type TeltonikaDevice } from '../testing/teltonika-device.ts';
import { makeDevice, makeFleet } from '../testing/world.ts';
import { commandOf, responseFrame } from './codec12.ts';

let database: TestDatabase;
let pool: pg.Pool;
let ingest: Running;
let fleetId: number;

beforeAll(async () => {
  database = await openTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 4 });
  ({ fleetId } = await makeFleet(pool, 'north'));
  ingest = await startIngest({
    databaseUrl: database.url,
    teltonika: { host: '127.0.0.1', port: 0, fleet: 'north' },
  });
});

afterAll(async () => {
  await ingest?.stop();
  await pool?.end();
  await database?.close();
});

const one = async (text: string, values: unknown[] = []) => (await pool.query(text, values)).rows[0];
const doors = () => dial(String(ingest.addresses.teltonika));

async function tracker(imei: string): Promise<void> {
  await makeDevice(pool, { fleetId, fleet: 'north', device: imei });
  await pool.query(`update devices set profile = 'teltonika' where name = $1`, [imei]);
}

async function loggedIn(imei: string): Promise<TeltonikaDevice> {
  const device = await doors();
  device.send(loginPacket(imei));
  expect([...(await device.read(1))]).toEqual([1]);
  return device;
}

const base = Date.now() - 60_000;
const fixAt = (n: number) => ({
  ...{ ts: base + n * 1000, lat: 45.52 + n / 1e4, lng: -122.67, speed: 10, heading: 182, satellites: 9 },
  ...{ ignition: true, odometer: 1000 + n },
});
const countOf = async (imei: string) =>
  Number(
    (await one('select count(*) from fixes join devices using (device_id) where name = $1', [imei])).count,
  );

test('openTeltonika() acknowledges the number of records after their commit, in every codec, segment and repetition', async () => {
  const imei = '352093081452251';
  await tracker(imei);
  await using device = await loggedIn(imei);
  const frames = [
    teltonikaFrame([fixAt(0), fixAt(1)], 'codec8'),
    teltonikaFrame([fixAt(2)], 'codec8e'),
    teltonikaFrame([fixAt(3), fixAt(4), fixAt(5)], 'codec16'),
  ];
  // Two and a half frames in one segment, the rest in another, with keep-alives between.
  const bytes = Buffer.concat([frames[0]!, Buffer.from([0xff]), frames[1]!, frames[2]!]);
  device.send(bytes.subarray(0, bytes.length - 40));
  expect((await device.read(4)).readUInt32BE()).toBe(2);
  expect(await countOf(imei)).toBeGreaterThanOrEqual(2);
  device.send(bytes.subarray(bytes.length - 40));
  expect((await device.read(4)).readUInt32BE()).toBe(1);
  expect((await device.read(4)).readUInt32BE()).toBe(3);
  expect(await countOf(imei)).toBe(6);
  device.send(frames[2]!);
  expect((await device.read(4)).readUInt32BE()).toBe(3);
  expect(await countOf(imei)).toBe(6);
  expect(
    await one(
      `select round(speed::numeric, 2)::float8 as speed, heading, ignition, odometer, lng from fixes
       join devices using (device_id) where name = $1 order by at limit 1`,
      [imei],
    ),
  ).toEqual({ speed: 10, heading: 182, ignition: true, odometer: 1000, lng: -122.67 });
});

test('openTeltonika() keeps a damaged frame with its reason and does not acknowledge it, and reads the next', async () => {
  const imei = '352093081452252';
  await tracker(imei);
  await using device = await loggedIn(imei);
  const damaged = Buffer.from(teltonikaFrame([fixAt(0)]));
  damaged[20]! ^= 1;
  device.send(damaged);
  device.send(teltonikaFrame([fixAt(1)]));
  expect((await device.read(4)).readUInt32BE()).toBe(1);
  expect(await one(`select reason from rejections where topic = $1`, [`tcp/teltonika/${imei}`])).toEqual({
    reason: 'crc',
  });
  expect(await countOf(imei)).toBe(1);
  for (let i = 0; i < 5; i++) device.send(damaged);
  await device.ended;
});

test('openTeltonika() ends a connection and keeps what it sent, when no frame can follow', async () => {
  const imei = '352093081452253';
  await tracker(imei);
  await using device = await loggedIn(imei);
  device.send(Buffer.from('hello?'));
  await device.ended;
  expect(
    await one(`select convert_from(payload, 'UTF8') as text from rejections where topic = $1`, [
      `tcp/teltonika/${imei}`,
    ]),
  ).toEqual({ text: 'hello?' });
});

test('openTeltonika() refuses an IMEI that nobody knows and lists it, and one that has a secret for another door', async () => {
  await using stranger = await doors();
  stranger.send(loginPacket('999999999999999'));
  expect([...(await stranger.read(1))]).toEqual([0]);
  await stranger.ended;
  await until(
    async () => (await one(`select from unknown_devices where name = '999999999999999'`)) !== undefined,
    'the stranger in the list',
  );
  await makeDevice(pool, { fleetId, fleet: 'north', device: '888888888888888' });
  await using thief = await doors();
  thief.send(loginPacket('888888888888888'));
  expect([...(await thief.read(1))]).toEqual([0]);
});

test('openTeltonika() takes commands down, one at a time, and matches each answer to its command', async () => {
  const imei = '352093081452254';
  await tracker(imei);
  const first = await makeCommand(pool, imei, 'locate');
  const second = await makeCommand(pool, imei, 'interval', { body: { seconds: 5 } });
  const third = await makeCommand(pool, imei, 'message', { body: { text: 'hello' } });
  await using device = await loggedIn(imei);
  const getgps = await device.read(8 + 8 + 'getgps'.length + 4);
  expect(commandOf(getgps)).toBe('getgps');
  device.send(teltonikaFrame([fixAt(0)]));
  expect((await device.read(4)).readUInt32BE()).toBe(1);
  device.send(responseFrame('GPS:1 Sat:9'));
  const setparam = await device.read(8 + 8 + 'setparam 10050:5'.length + 4);
  expect(commandOf(setparam)).toBe('setparam 10050:5');
  device.send(responseFrame('Param ID:10050 New Val:5'));
  const stateOf = async (id: string) =>
    await one(`select state, answer -> 'body' ->> 'text' as text from commands where command_id = $1`, [id]);
  await until(async () => (await stateOf(second)).state === 'done', 'the second answer');
  expect(await stateOf(first)).toEqual({ state: 'done', text: 'GPS:1 Sat:9' });
  expect(await stateOf(second)).toEqual({ state: 'done', text: 'Param ID:10050 New Val:5' });
  expect((await stateOf(third)).state).toBe('refused');
});

test('openTeltonika() lets the newer of two connections of one device stay', async () => {
  const imei = '352093081452255';
  await tracker(imei);
  await using older = await loggedIn(imei);
  await using newer = await loggedIn(imei);
  await older.ended;
  newer.send(teltonikaFrame([fixAt(0)]));
  expect((await newer.read(4)).readUInt32BE()).toBe(1);
});
