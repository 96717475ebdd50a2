import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { migrate } from '../migrate.ts';

export type TestDatabase = AsyncDisposable & {
  /** Connection URL of a fresh, migrated database of its own. */
  readonly url: string;
  readonly close: () => Promise<void>;
};

/**
 * A fresh, migrated database on the server that the integration tests run against: `DATABASE_URL`
 * where it is set, else the embedded PostgreSQL that the suite's global set-up started; or on the
 * `server` given. Dropped when closed.
 */
export async function openTestDatabase(
  server = process.env.PACELINE_TEST_DATABASE_URL ?? process.env.DATABASE_URL,
): Promise<TestDatabase> {
  if (server === undefined) throw new Error('integration tests need their global set-up');
  const name = `paceline_test_${randomBytes(6).toString('hex')}`;
  await withClient(server, (client) => client.query(`create database ${name}`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  await withClient(url.href, migrate);
  const close = async () => {
    await withClient(server, async (client) => {
      // A pool that was ended says goodbye in its own time; cut off meanwhile, it would report an error to nobody.
      for (let left = GOODBYES; left > 0 && (await connectionCount(client, name)) > 0; left--)
        await delay(20);
      await client.query(`drop database if exists ${name} with (force)`);
    });
  };
  return { url: url.href, close, [Symbol.asyncDispose]: close };
}

async function withClient(url: string, use: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}

/** Looks at who is still connected, at most: a test may have left a connection open. */
const GOODBYES = 25;

async function connectionCount(client: pg.Client, database: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::integer as count from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
    [database],
  );
  return rows[0]?.count ?? 0;
}
