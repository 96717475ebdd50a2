import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Running, startIngest, until } from '../../ingest/testing/running.ts';
import { openDoctor } from '../../platform/doctor.ts';
import { freePort } from '../../platform/embedded/ports.ts';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import type { DeviceHealth, DevicePage, Issued, UnknownRow } from '../api-devices.ts';
import { type SeededFleet, seedFleet } from '../testing/seed.ts';
import { openSite, type Site } from '../testing/site.ts';

let database: TestDatabase;
let pool: pg.Pool;
let site: Site;
let ingest: Running;
let fleet: SeededFleet;
let cookie: string;

beforeAll(async () => {
  database = await openTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 4 });
  fleet = await seedFleet(database.url, { name: 'paper', base: 100, at: Math.floor(Date.now() / 1000) - 60 });
  site = await openSite(database.url, {
    doctor: openDoctor({}, { url: 'mqtt://127.0.0.1:9', username: 'service', password: 'x' }),
  });
  cookie = await site.logIn(fleet, 'admin');
  ingest = await startIngest({ databaseUrl: database.url });
});

afterAll(async () => {
  await ingest?.stop();
  await site?.[Symbol.asyncDispose]();
  await pool?.end();
  await database?.close();
});

async function ask<Answer>(
  method: 'GET' | 'POST',
  url: string,
  payload?: object,
  status = 200,
): Promise<Answer> {
  const answer = await site.app.inject({ method, url, headers: { cookie }, ...(payload ? { payload } : {}) });
  expect(answer.statusCode, answer.body).toBe(status);
  return answer.json();
}

const make = (body: object) => ask<Issued>('POST', '/api/devices', body);
const health = (id: number) => ask<DeviceHealth>('GET', `/api/devices/${id}/health`);
const login = ({ username, secret }: Issued) => ({ username, password: secret ?? '' });
const now = () => Math.floor(Date.now() / 1000);
const fix = (fields: object = {}) => JSON.stringify({ ts: Date.now(), lat: 45.5, lng: -122.6, ...fields });

async function send(issued: Issued, ...payloads: (string | Buffer)[]): Promise<void> {
  const client = await connect(ingest.url, login(issued));
  for (const payload of payloads) await client.publishAsync(issued.topic, payload, { qos: 1 });
  await client.endAsync();
}

const isRefused = (issued: Issued) =>
  connect(ingest.url, login(issued)).then(
    (client) => client.endAsync().then(() => false),
    () => true,
  );
const fixesOf = async (vehicle: string): Promise<number> =>
  (
    await pool.query(
      'select count(*)::int as n from fixes join vehicles v using (vehicle_id) where v.name = $1',
      [vehicle],
    )
  ).rows[0].n;

test('a new device sends with its secret; its name without the secret stores nothing', async () => {
  const made = await make({ device: 'tracker-1', vehicle: 'van-1' });
  expect(Buffer.from(made.secret ?? '', 'base64url').length).toBeGreaterThanOrEqual(16);
  const kept = await pool.query('select secret_hash, broker_hash from devices where name = $1', [
    'tracker-1',
  ]);
  expect(JSON.stringify(kept.rows)).not.toContain(made.secret);

  await send(made, fix());
  expect(await fixesOf('van-1')).toBe(1);
  for (const secret of ['', 'guess', `${made.secret}x`, kept.rows[0].secret_hash]) {
    expect(await isRefused({ ...made, secret }), secret).toBe(true);
  }
  expect(await fixesOf('van-1')).toBe(1);
  await ask('POST', '/api/devices', { device: 'tracker-1' }, 409);
});

test('a rotated secret opens beside the new one until the stated instant, and not after', async () => {
  const first = await make({ device: 'tracker-2' });
  const second = await ask<Issued>('POST', `/api/devices/${first.id}/rotate`, { overlap: 3600 });
  expect(second.secret).not.toBe(first.secret);
  expect(second.oldSecretUntil).toBeGreaterThan(now() + 3500);
  expect([await isRefused(first), await isRefused(second)]).toEqual([false, false]);

  const third = await ask<Issued>('POST', `/api/devices/${first.id}/rotate`, { overlap: 0 });
  expect(third.oldSecretUntil).toBeNull();
  await until(() => isRefused(first), 'ingest hears of the rotation');
  expect([await isRefused(second), await isRefused(third)]).toEqual([true, false]);
});

test('a revoked device is cut off while it is connected, and comes in again with a new secret only', async () => {
  const made = await make({ device: 'tracker-3' });
  const client = await connect(ingest.url, login(made));
  const cut = new Promise<void>((resolve) => client.once('close', () => resolve()));
  await ask('POST', `/api/devices/${made.id}/revoke`);
  await cut;
  expect(await isRefused(made)).toBe(true);
  expect((await health(made.id)).device.troubles).toContain('closed');
  const again = await ask<Issued>('POST', `/api/devices/${made.id}/rotate`, {});
  expect([await isRefused(made), await isRefused(again)]).toEqual([true, false]);
});

test('an unknown device is listed with its last payload, not stored, and is data once it is claimed', async () => {
  const gateway = await ask<Issued>('POST', '/api/gateways', { name: 'shy' });
  const client = await connect(ingest.url, login(gateway));
  const topic = 'fleet/paper/device/stranger-9/telemetry';
  await client.publishAsync(topic, fix({ seq: 1 }), { qos: 1 });
  await client.publishAsync(topic, fix({ seq: 2 }), { qos: 1 });
  const unknown = await ask<UnknownRow[]>('GET', '/api/devices/unknown');
  expect(unknown).toContainEqual(
    expect.objectContaining({
      name: 'stranger-9',
      attempts: 2,
      lastTopic: topic,
      lastPayload: expect.stringContaining('"seq":2'),
    }),
  );
  expect(await fixesOf('stranger-9')).toBe(0);

  const claimed = await ask<Issued>('POST', '/api/devices/claim', {
    device: 'stranger-9',
    vehicle: 'van-9',
    secret: false,
  });
  expect(claimed.secret).toBeNull();
  expect(await ask<UnknownRow[]>('GET', '/api/devices/unknown')).not.toContainEqual(
    expect.objectContaining({ name: 'stranger-9' }),
  );
  await client.publishAsync(topic, fix({ seq: 3 }), { qos: 1 });
  expect(await fixesOf('van-9')).toBe(1);
  await client.endAsync();
});

test('a device that changed vehicles speaks for each at its own time, late data too', async () => {
  const made = await make({ device: 'tracker-4', vehicle: 'van-old' });
  await ask('POST', `/api/devices/${made.id}/assign`, { vehicle: 'van-new', from: now() - 3600 });
  const isKnown = async () => {
    await send(made, fix({ ts: (now() - 10) * 1000 }));
    return (await fixesOf('van-new')) > 0;
  };
  await until(isKnown, 'ingest hears of the new vehicle');
  const before = [await fixesOf('van-old'), await fixesOf('van-new')] as const;
  await send(made, fix({ ts: (now() - 7200) * 1000 }), fix({ ts: (now() - 1800) * 1000 }));
  expect([await fixesOf('van-old'), await fixesOf('van-new')]).toEqual([before[0] + 1, before[1] + 1]);
  const { device, assignments } = await health(made.id);
  expect(device.vehicle).toBe('van-new');
  expect(assignments.map(({ vehicle }) => vehicle)).toEqual(['van-new', 'van-old']);
  await ask('POST', `/api/devices/${made.id}/assign`, { vehicle: 'van-x', from: now() + 3600 }, 400);
});

test('a device with a profile writes its format to its own topic', async () => {
  const made = await make({ device: 'phone-1', profile: 'owntracks' });
  await send(made, JSON.stringify({ _type: 'location', lat: 45.5, lon: -122.6, tst: now() }));
  expect(await fixesOf('phone-1')).toBe(1);
  await ask('POST', `/api/devices/${made.id}/profile`, { profile: 'no-such-format' }, 400);
});

test('health tells what became of everything a device sent, by reason, and what to do', async () => {
  const made = await make({ device: 'tracker-5' });
  const ahead = Date.now() + 120_000;
  await send(
    made,
    ...[
      fix({ seq: 1, boot: 'b', sent: ahead, ts: ahead - 80_000 }),
      fix({ seq: 1, boot: 'b', sent: ahead, ts: ahead - 80_000 }),
    ],
    ...[fix({ seq: 5, boot: 'b', lat: 0, lng: 0 }), fix({ seq: 6, boot: 'b', ts: Date.UTC(2004, 0, 1) })],
    ...['no json', Buffer.from([1, 2, 0xff]), fix({ lat: 91 })],
  );
  const counted = async () => (await health(made.id)).device.accepted === 3;
  await until(counted, 'the counters');
  const { device, filtered, rejected, rejections } = await health(made.id);
  expect(device).toMatchObject({ accepted: 3, duplicate: 1, late: 2, filtered: 2, rejected: 3, missing: 3 });
  expect(device.skew).toBeLessThan(-110);
  expect(device.troubles).toEqual(['rejected', 'missing', 'clock', 'filtered']);
  expect(filtered.map(({ reason, times }) => [reason, times])).toEqual([
    ['clock_past', 1],
    ['zero', 1],
  ]);
  expect(rejected.map(({ reason, times }) => [reason, times])).toEqual([
    ['json', 2],
    ['position', 1],
  ]);
  expect(rejections).toHaveLength(3);
  expect([...filtered, ...rejected, ...rejections].every(({ remedy }) => /^[A-Z].*\.$/.test(remedy))).toBe(
    true,
  );
});

test('a device that says its firmware in its status is listed with it', async () => {
  const made = await make({ device: 'tracker-6', vehicle: 'van-6' });
  const client = await connect(ingest.url, login(made));
  await client.publishAsync('fleet/paper/device/tracker-6/status', '{"online":true,"firmware":"1.4.2"}', {
    qos: 1,
    retain: true,
  });
  await client.endAsync();
  await until(async () => (await health(made.id)).device.firmware === '1.4.2', 'the firmware');
});

test('the list is searched, sorted and cut on the server, and counts every trouble', async () => {
  const page = await ask<DevicePage>('GET', '/api/devices?search=TRACKER&sort=device&limit=2&offset=1');
  expect(page.rows.map(({ device }) => device)).toEqual(['tracker-2', 'tracker-3']);
  expect(page.total).toBe(6);
  expect(page.devices).toBeGreaterThan(page.total);
  expect(page.troubles.clock).toBe(1);
  const wrong = await ask<DevicePage>('GET', '/api/devices?trouble=clock');
  expect(wrong.rows.map(({ device }) => device)).toEqual(['tracker-5']);
});

test('a CSV with mistakes imports nothing and says them by line; without, all of it', async () => {
  const csv =
    'device,vehicle,profile,secret\nbox-1,van-b1,,\nbox 2,,,\nbox-3,,nonsense,\nbox-1,,,\ntracker-1,,,\nbox-6,,,maybe\n';
  const refused = await ask<{ lines: { line: number }[] }>('POST', '/api/devices/import', { csv }, 422);
  expect(refused.lines.map(({ line }) => line)).toEqual([3, 4, 5, 6, 7]);
  const none = await pool.query(`select from devices where name like 'box%'`);
  expect(none.rowCount).toBe(0);

  const good = 'Device,Vehicle,Profile\r\n"box-1","van-b1",owntracks\r\nbox-2,,\r\n\r\n';
  const made = await ask<Issued[]>('POST', '/api/devices/import', { csv: good });
  expect(made.map(({ name, vehicle }) => [name, vehicle])).toEqual([
    ['box-1', 'van-b1'],
    ['box-2', 'box-2'],
  ]);
  expect(new Set(made.map(({ secret }) => secret)).size).toBe(2);
  const log = await pool.query(`select actor, subject from audit_log where action = 'device.import'`);
  expect(log.rows).toEqual([{ actor: 'admin@paper.test', subject: '2 devices' }]);
});

const mosquitto = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/opt/homebrew/sbin/mosquitto'].find(
  existsSync,
);
if (mosquitto === undefined)
  console.warn('skipped because there is no Mosquitto here: the exported configuration');

test.skipIf(mosquitto === undefined)(
  'Mosquitto admits with the exported files who we admit, to the same topics',
  async () => {
    const made = await make({ device: 'outside-1' });
    const { files } = await ask<{ files: Record<string, string> }>(
      'GET',
      '/api/devices/export?for=mosquitto',
    );
    const folder = await mkdtemp(join(tmpdir(), 'paceline-mosquitto-'));
    const port = await freePort('127.0.0.1', 'Mosquitto');
    for (const [name, text] of Object.entries(files))
      await writeFile(join(folder, name), text, { mode: 0o600 });
    await writeFile(
      join(folder, 'mosquitto.conf'),
      `listener ${port} 127.0.0.1\nuser root\n${files['mosquitto.conf']?.replace(/(passwords|access)$/gm, `${folder}/$1`)}`,
    );
    const server = spawn(mosquitto ?? '', ['-c', join(folder, 'mosquitto.conf')], { stdio: 'ignore' });
    try {
      const url = `mqtt://127.0.0.1:${port}`;
      // The name that a password file of Mosquitto can hold; our own broker takes it too.
      const outside = { ...made, username: 'paper/device/outside-1' };
      expect(await isRefused(outside)).toBe(false);
      const listening = () =>
        connect(url, login(outside)).then(
          (client) => client.endAsync().then(() => true),
          () => false,
        );
      await until(listening, 'Mosquitto listens and lets the device in');
      await expect(connect(url, { ...login(outside), password: 'guess' })).rejects.toThrow(/[Nn]ot authori/);
      const device = await connect(url, login(outside), { protocolVersion: 5 });
      const codeOf = (topic: string) =>
        device.publishAsync(topic, '{}', { qos: 1 }).then(
          () => 'taken',
          (error: { code: number }) => error.code,
        );
      expect(await codeOf(made.topic)).not.toBe(135);
      expect(await codeOf('fleet/paper/device/tracker-1/telemetry')).toBe(135);
      await device.endAsync();
    } finally {
      server.kill();
      await rm(folder, { recursive: true });
    }
  },
);
