import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, startIngest } from '../../ingest/testing/running.ts';
import { openTestDatabase, type TestDatabase } from '../testing/database.ts';
import { simulatedSecrets } from './device-secrets.ts';

let database: TestDatabase;
let client: pg.Client;
let folder: string;

beforeAll(async () => {
  database = await openTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  folder = await mkdtemp(join(tmpdir(), 'secrets-'));
});

afterAll(async () => {
  await client?.end();
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

test('simulatedSecrets() lets each simulated device log in as itself, again and again, and no real one is touched', async () => {
  await client.query(
    `with f as (insert into fleets (name) values ('north') returning fleet_id)
     insert into devices (fleet_id, name, secret_hash)
     select fleet_id, name, case when name = 'real' then 'sha256$a$b' end from f, unnest('{van-001,van-002,real}'::text[]) name`,
  );
  const file = join(folder, 'north.json');
  const secrets = await simulatedSecrets(client, 'north', ['van-001', 'van-002'], file);
  expect(await simulatedSecrets(client, 'north', ['van-001', 'van-002'], file)).toEqual(secrets);
  await using ingest = await startIngest({ databaseUrl: database.url });
  for (const [device, password] of secrets) {
    const publisher = await connect(ingest.url, { username: `device:north/${device}`, password });
    await publisher.endAsync();
  }
  await expect(simulatedSecrets(client, 'north', ['real'], file)).rejects.toThrow(/no secret yet/);
  const { rows } = await client.query(`select secret_hash from devices where name = 'real'`);
  expect(rows).toEqual([{ secret_hash: 'sha256$a$b' }]);
});
