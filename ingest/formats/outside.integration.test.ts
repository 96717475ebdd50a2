import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import pg from 'pg';
import { expect, test } from 'vitest';
import { openTestDatabase } from '../../platform/testing/database.ts';
import { startIngest, until } from '../testing/running.ts';
import { makeFleet } from '../testing/world.ts';

const mosquitto = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/opt/homebrew/sbin/mosquitto'].find(
  (path) => existsSync(path),
);

test.skipIf(mosquitto === undefined)(
  'a Traccar server that forwards to a broker of ours by MQTT 5 is stored in the fleet of the settings (skipped without mosquitto)',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'paceline-forward-'));
    const port = await freePort();
    await writeFile(join(folder, 'mosquitto.conf'), `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
    const broker = spawn(mosquitto ?? '', ['-c', join(folder, 'mosquitto.conf')], { stdio: 'ignore' });
    const database = await openTestDatabase();
    const pool = new pg.Pool({ connectionString: database.url, max: 1 });
    try {
      const url = `mqtt://127.0.0.1:${port}`;
      const server = await mqtt.connectAsync(url, { protocolVersion: 5 });
      await makeFleet(pool, 'north');
      await using _ingest = await startIngest({
        databaseUrl: database.url,
        broker: { kind: 'outside', url },
        formats: { fleet: 'north' },
      });
      const position = {
        fixTime: '2026-09-21T14:13:20.000+00:00',
        latitude: 45.5,
        longitude: -122.6,
        speed: 0,
      };
      const payload = JSON.stringify({ device: { uniqueId: '862001' }, position });
      await server.publishAsync('traccar/862001', payload, { qos: 1 });
      const stored = () =>
        pool.query('select v.name, f.lat, f.lng from fixes f join vehicles v using (vehicle_id)');
      await until(async () => (await stored()).rows.length > 0, 'the forwarded fix');
      expect((await stored()).rows).toEqual([{ name: '862001', lat: 45.5, lng: -122.6 }]);
      await server.endAsync();
    } finally {
      broker.kill();
      await pool.end();
      await database.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
