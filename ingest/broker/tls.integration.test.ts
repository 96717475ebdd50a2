import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../platform/embedded/ports.ts';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import { loginPacket, teltonikaFrame } from '../../simulator/device/encode/teltonika-frames.ts';
import { connect, type Running, startIngest, until } from '../testing/running.ts';
import { dial } from '../testing/teltonika-device.ts';
import { makeDevice, makeFleet } from '../testing/world.ts';

const openssl = (() => {
  try {
    execFileSync('openssl', ['version']);
    return true;
  } catch {
    console.warn('skipped because there is no openssl to make certificates with: MQTT over TLS');
    return false;
  }
})();

describe.skipIf(!openssl)('MQTT over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paceline-tls-'));
  const path = (name: string) => join(folder, name);
  const file = (name: string) => readFileSync(path(name), 'utf8');
  let database: TestDatabase;
  let pool: pg.Pool;
  let ingest: Running;
  let url: string;
  let http: string;

  /** A key and a certificate of this common name, signed by an authority, or by itself. */
  function certify(name: string, commonName: string, authority?: string): void {
    const run = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
    const key = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      path(`${name}.key`),
    ];
    // A slash would divide the subject.
    const subject = ['-subj', `/CN=${commonName.replaceAll('/', '\\/')}`, '-days', '2'];
    const signed =
      authority === undefined ? [] : ['-CA', path(`${authority}.crt`), '-CAkey', path(`${authority}.key`)];
    run(
      'req',
      '-x509',
      ...key,
      ...subject,
      ...signed,
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-out',
      path(`${name}.crt`),
    );
  }

  beforeAll(async () => {
    certify('server', 'localhost');
    certify('ca', 'devices of acme');
    certify('van', 'device:acme/van-1', 'ca');
    certify('unknown', 'device:acme/van-9', 'ca');
    certify('gateway', 'gateway:acme/acme', 'ca');
    certify('forged', 'device:acme/van-1');
    database = await openTestDatabase();
    pool = new pg.Pool({ connectionString: database.url, max: 2 });
    const { fleetId } = await makeFleet(pool, 'acme');
    await makeDevice(pool, { fleetId, fleet: 'acme', device: 'van-1' });
    const port = await freePort('127.0.0.1', 'MQTT over TLS');
    const httpPort = await freePort('127.0.0.1', 'HTTP');
    ingest = await startIngest({
      databaseUrl: database.url,
      http: { host: '127.0.0.1', port: httpPort },
      teltonika: { host: '127.0.0.1', port: 0, fleet: 'acme' },
      tls: {
        cert: file('server.crt'),
        key: file('server.key'),
        ca: file('ca.crt'),
        mqtt: { host: '127.0.0.1', port },
      },
    });
    url = `mqtts://127.0.0.1:${port}`;
    http = `https://127.0.0.1:${httpPort}`;
  });

  afterAll(async () => {
    await ingest?.stop();
    await pool?.end();
    await database?.close();
    rmSync(folder, { recursive: true });
  });

  const trust = () => ({ ca: [file('server.crt')] });
  const shown = (name: string) => ({ ...trust(), cert: file(`${name}.crt`), key: file(`${name}.key`) });
  const nobody = { username: undefined as never, password: undefined as never };
  const fix = () => JSON.stringify({ ts: Date.now(), lat: 45.5, lng: -122.6 });
  const count = async () => (await pool.query('select count(*)::int as n from fixes')).rows[0].n;

  test('a device logs in by its certificate, stores for itself alone, and is cut off when it is revoked', async () => {
    const client = await connect(url, nobody, shown('van'));
    await client.publishAsync('fleet/acme/device/van-1/telemetry', fix(), { qos: 1 });
    expect(await count()).toBe(1);
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.publish('fleet/acme/device/van-2/telemetry', fix(), { qos: 1 });
    await closed;
    expect(await count()).toBe(1);

    const again = await connect(url, nobody, shown('van'));
    const cut = new Promise<void>((resolve) => again.once('close', () => resolve()));
    await pool.query(`update devices set revoked_at = now(), secret_hash = null where name = 'van-1'`);
    await cut;
    await expect(connect(url, nobody, shown('van'))).rejects.toThrow(/[Nn]ot authori/);
    await pool.query(`update devices set revoked_at = null where name = 'van-1'`);
    const isIn = () =>
      connect(url, nobody, shown('van')).then(
        (back) => back.endAsync().then(() => true),
        () => false,
      );
    await until(isIn, 'ingest hears that it is in force again');
  });

  test.each(['unknown', 'gateway', 'forged'])('who shows the certificate %s is refused', async (name) => {
    await expect(connect(url, nobody, shown(name))).rejects.toThrow(/[Nn]ot authori/);
    // Saying whose it is does not help.
    const login = { username: 'device:acme/van-1', password: '' };
    await expect(connect(url, login, shown(name))).rejects.toThrow(/[Nn]ot authori/);
  });

  test('a secret opens over TLS too, and HTTP is https', async () => {
    const { rows } = await pool.query(`select fleet_id from fleets`);
    const login = await makeDevice(pool, { fleetId: rows[0].fleet_id, fleet: 'acme', device: 'van-3' });
    const client = await connect(url, login, trust());
    await client.publishAsync('fleet/acme/device/van-3/telemetry', fix(), { qos: 1 });
    await client.endAsync();
    await expect(connect(url, { ...login, password: 'guess' }, trust())).rejects.toThrow(/[Nn]ot authori/);
    const { request } = await import('node:https');
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = {
        authorization: `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`,
      };
      const asked = request(`${http}/ingest/telemetry`, { method: 'POST', headers, ...trust() }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      asked.on('error', reject);
      asked.end(fix());
    });
    expect(status).toBe(200);
  });

  test('a Teltonika device speaks TLS or plainly on one port', async () => {
    const imei = '352093081452251';
    const { rows } = await pool.query(`select fleet_id from fleets`);
    await makeDevice(pool, { fleetId: rows[0].fleet_id, fleet: 'acme', device: imei });
    await pool.query(`update devices set profile = 'teltonika' where name = $1`, [imei]);
    const before = await count();
    for (const [n, ca] of [file('server.crt'), undefined].entries()) {
      await using device = await dial(String(ingest.addresses.teltonika), ca);
      device.send(loginPacket(imei));
      expect([...(await device.read(1))]).toEqual([1]);
      device.send(teltonikaFrame([{ ts: Date.now() + n, lat: 45.5, lng: -122.6, speed: 10 }], 'codec8'));
      expect((await device.read(4)).readUInt32BE()).toBe(1);
      expect(await count()).toBe(before + n + 1);
    }
    // One who trusts nobody we know hangs up, and the port goes on.
    await using stranger = await dial(String(ingest.addresses.teltonika), file('ca.crt'));
    await stranger.ended;
    await using after = await dial(String(ingest.addresses.teltonika));
    after.send(loginPacket(imei));
    expect([...(await after.read(1))]).toEqual([1]);
  });
});
