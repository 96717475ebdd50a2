import { randomBytes } from 'node:crypto';
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
    await withClient(server, (client) => client.query(`drop database if exists ${name} with (force)`));
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
