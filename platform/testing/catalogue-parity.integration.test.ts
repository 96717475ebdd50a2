import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLog } from '../../schemas/program.ts';
import { openPostgres } from '../embedded/postgres.ts';
import { type Catalogue, catalogueOf } from './catalogue.ts';
import { openTestDatabase } from './database.ts';

const cleanUp: (() => Promise<void>)[] = [];

afterAll(async () => {
  for (const close of cleanUp.reverse()) await close();
});

/** A connection to a fresh, migrated database on a server. */
async function connect(server?: string): Promise<pg.Client> {
  const database = await openTestDatabase(server);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  cleanUp.push(database.close, () => client.end());
  return client;
}

async function isTimescale(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query(`select value from settings where name = 'timescaledb'`);
  return rows[0]?.value === true;
}

/** The plain server to compare with: one that is given, else an embedded one. */
async function plainServer(): Promise<string> {
  const given = process.env.PACELINE_TEST_PLAIN_URL;
  if (given !== undefined) return given;
  const folder = await mkdtemp(join(tmpdir(), 'paceline-parity-'));
  cleanUp.push(() => rm(folder, { recursive: true, force: true }));
  const server = await openPostgres({ folder, log: silentLog });
  cleanUp.push(server.close);
  return server.url;
}

const timescale = await connect();
const skip = !(await isTimescale(timescale));
if (skip) console.warn('skipped because the server of the tests has no TimescaleDB: catalogue parity');

describe.skipIf(skip)('TimescaleDB and plain PostgreSQL', () => {
  let withExtension: Catalogue;
  let plain: Catalogue;

  beforeAll(async () => {
    const other = await connect(await plainServer());
    expect(await isTimescale(other), 'the plain server has TimescaleDB').toBe(false);
    withExtension = await catalogueOf(timescale);
    plain = await catalogueOf(other);
  });

  test.each([
    'relations',
    'columns',
    'constraints',
    'indexes',
    'triggers',
    'policies',
    'grants',
    'functions',
  ])('have the same %s', (kind) => {
    expect(plain[kind]?.length).toBeGreaterThan(0);
    expect(withExtension[kind]).toEqual(plain[kind]);
  });

  test('differ in what TimescaleDB adds: hypertable, compression, continuous aggregate, their policies', async () => {
    const { rows: hypertables } = await timescale.query(
      'select hypertable_name, compression_enabled from timescaledb_information.hypertables',
    );
    expect(hypertables).toContainEqual({ hypertable_name: 'fixes', compression_enabled: true });
    const { rows: aggregates } = await timescale.query(
      'select view_name, materialized_only from timescaledb_information.continuous_aggregates',
    );
    expect(aggregates).toEqual([{ view_name: 'fix_hours', materialized_only: false }]);
    const { rows: jobs } = await timescale.query<{ proc_name: string }>(
      `select proc_name from timescaledb_information.jobs where hypertable_name is not null order by 1`,
    );
    expect(jobs.map(({ proc_name }) => proc_name)).toEqual([
      'policy_compression',
      'policy_refresh_continuous_aggregate',
    ]);
  });
});
