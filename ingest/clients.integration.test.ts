import { connect as dialTcp } from 'node:net';
import mqttPacket from 'mqtt-packet';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../platform/testing/database.ts';
import { loginPacket, teltonikaFrame } from '../simulator/device/encode/teltonika-frames.ts';
import { type Running, startIngest } from './testing/running.ts';
import { dial } from './testing/teltonika-device.ts';
import { makeDevice, makeFleet } from './testing/world.ts';

// Each as the real client talks: its bytes on a socket, and what the page reads afterwards.

let database: TestDatabase;
let pool: pg.Pool;
let ingest: Running;
let fleetId: number;

beforeAll(async () => {
  database = await openTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 4 });
  ({ fleetId } = await makeFleet(pool, 'acme'));
  ingest = await startIngest({
    databaseUrl: database.url,
    teltonika: { host: '127.0.0.1', port: 0, fleet: 'acme' },
    http: { host: '127.0.0.1', port: 0 },
  });
});

afterAll(async () => {
  await ingest?.stop();
  await pool?.end();
  await database?.close();
});

const at = Math.floor(Date.now() / 1000) - 5;

/** Where the map shows a vehicle, and how often it is in the table. */
async function shown(vehicle: string) {
  const client = await pool.connect();
  try {
    await client.query(`select set_config('paceline.fleet_id', $1, false)`, [String(fleetId)]);
    const latest = await client.query(
      `select extract(epoch from at)::float8 as at, round(lng::numeric, 4)::float8 as lng,
         round(lat::numeric, 4)::float8 as lat, round(speed::numeric, 1)::float8 as speed
       from v_vehicle_latest where vehicle = $1`,
      [vehicle],
    );
    const rows = await client.query('select count(*)::int from v_fix where vehicle = $1', [vehicle]);
    return { ...latest.rows[0], fixes: rows.rows[0].count };
  } finally {
    client.release(true);
  }
}

const there = { at, lng: -122.67, lat: 45.52, speed: 16.9, fixes: 1 };

test('OwnTracks: CONNECT with its will, its subscriptions, a retained location at QoS 1, and the van is on the map', async () => {
  const { username, password } = await makeDevice(pool, { fleetId, fleet: 'acme', device: 'van-7' });
  const { hostname, port } = new URL(ingest.url);
  const socket = dialTcp(Number(port), hostname);
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  const heard: string[] = [];
  let wake: () => void = () => {};
  parser.on('packet', ({ cmd }) => {
    heard.push(cmd);
    wake();
  });
  socket.on('data', (bytes) => parser.parse(bytes));
  const say = (packet: mqttPacket.Packet) => void socket.write(mqttPacket.generate(packet));
  const answer = async (cmd: string) => {
    while (!heard.includes(cmd)) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const topic = 'owntracks/jo/van-7';
  say({
    cmd: 'connect',
    ...{ protocolId: 'MQTT', protocolVersion: 4, clean: false, clientId: 'jovan7', keepalive: 3600 },
    ...{ username, password: Buffer.from(password) },
    will: { topic, payload: Buffer.from(`{"_type":"lwt","tst":${at}}`), qos: 1, retain: false },
  });
  await answer('connack');
  const filters = ['owntracks/+/+', 'owntracks/+/+/event', 'owntracks/+/+/info', `${topic}/cmd`];
  say({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: filters.map((filter) => ({ topic: filter, qos: 1 })),
  });
  await answer('suback');
  const payload = `{"_type":"location","BSSID":"aa","acc":12,"alt":30,"batt":88,"bs":1,"cog":271,"conn":"w","created_at":${at + 1},"lat":45.52,"lon":-122.67,"m":2,"t":"u","tid":"v7","topic":"${topic}","tst":${at},"vac":3,"vel":61}`;
  say({ cmd: 'publish', topic, payload, qos: 1, messageId: 2, dup: false, retain: true });
  await answer('puback');
  expect(await shown('van-7')).toEqual({ ...there, speed: 16.9 });
  socket.destroy();
});

test('Traccar Client: its POST to the URL of the page, and the van is on the map', async () => {
  const { password } = await makeDevice(pool, { fleetId, fleet: 'acme', device: 'van-8' });
  const { hostname, port } = new URL(String(ingest.addresses.http));
  const body = JSON.stringify({
    location: {
      timestamp: new Date(at * 1000).toISOString(),
      coords: {
        latitude: 45.52,
        longitude: -122.67,
        accuracy: 3.8,
        speed: 16.9,
        heading: 63,
        altitude: 35.7,
      },
      ...{
        is_moving: true,
        odometer: 120,
        event: 'motionchange',
        battery: { level: 0.79, is_charging: false },
      },
      ...{ activity: { type: 'in_vehicle' }, extras: {}, _: '&id=8737767034&lat=45.52&lon=-122.67' },
    },
    device_id: '8737767034',
  });
  const socket = dialTcp(Number(port), hostname);
  const answered = new Promise<string>((resolve) => {
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString();
      if (text.includes('\r\n\r\n')) resolve(text);
    });
  });
  socket.write(
    `POST /ingest/osmand/acme/van-8/${password} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n` +
      'User-Agent: Dart/3.4 (dart:io)\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  expect(await answered).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(await shown('van-8')).toEqual(there);
  socket.destroy();
});

test('Teltonika: log-in by IMEI, a frame, its count in return, and the van is on the map', async () => {
  const imei = '352093081452251';
  await makeDevice(pool, { fleetId, fleet: 'acme', device: imei });
  await pool.query(`update devices set profile = 'teltonika' where name = $1`, [imei]);
  await using tracker = await dial(String(ingest.addresses.teltonika));
  tracker.send(loginPacket(imei));
  expect([...(await tracker.read(1))]).toEqual([1]);
  tracker.send(teltonikaFrame([{ ts: at * 1000, lat: 45.52, lng: -122.67, speed: 16.9, satellites: 9 }]));
  expect([...(await tracker.read(4))]).toEqual([0, 0, 0, 1]);
  expect(await shown(imei)).toEqual({ ...there, speed: 16.9 });
});
