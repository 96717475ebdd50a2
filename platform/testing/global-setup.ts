import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../schemas/program.ts';
import { openPostgres } from '../embedded/postgres.ts';

/**
 * One PostgreSQL for the whole run of the integration tests: the one that `DATABASE_URL` names, or
 * an embedded one in a temporary folder. Tests that kill servers start their own.
 */
export default async function setUp(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.PACELINE_TEST_DATABASE_URL ?? process.env.DATABASE_URL) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'paceline-tests-'));
  const server = await openPostgres({
    folder,
    log: silentLog,
    // Nothing here outlives the run, and each test makes and drops a database.
    settings: { fsync: 'off', max_connections: '200' },
  });
  process.env.PACELINE_TEST_DATABASE_URL = server.url;
  return async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  };
}
