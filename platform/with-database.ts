import { join } from 'node:path';
import pg from 'pg';
import { Fault } from '../schemas/fault.ts';
import type { Log } from '../schemas/program.ts';
import type { Config } from './config.ts';
import { makeDataFolder, readRunFile } from './data-folder.ts';
import { databaseFault } from './database-fault.ts';
import { openPostgres } from './embedded/postgres.ts';
import { migrate } from './migrate.ts';

/**
 * Runs `use` with the URL of the migrated database of this installation: the one that DATABASE_URL
 * names, that of the platform that runs on the data folder, or the embedded one, opened for as long
 * as `use` takes.
 */
export async function withDatabase<T>(
  config: Pick<Config, 'databaseUrl' | 'dataFolder'>,
  log: Log,
  use: (url: string) => Promise<T>,
): Promise<T> {
  const known = await runningDatabase(config);
  if (known !== undefined) {
    await migrateAt(known);
    return use(known);
  }
  await makeDataFolder(config.dataFolder);
  await using server = await openPostgres({ folder: postgresFolder(config.dataFolder), log });
  await migrateAt(server.url);
  return await use(server.url);
}

/** The database that runs already, or undefined. */
export async function runningDatabase(
  config: Pick<Config, 'databaseUrl' | 'dataFolder'>,
): Promise<string | undefined> {
  return config.databaseUrl ?? (await readRunFile(config.dataFolder))?.databaseUrl;
}

/** For a process that runs alone and cannot hold the database by itself. */
export async function requireDatabase(config: Pick<Config, 'databaseUrl' | 'dataFolder'>): Promise<string> {
  const url = await runningDatabase(config);
  if (url !== undefined) return url;
  throw new Fault(
    'config/invalid',
    `DATABASE_URL is not set, and no platform runs on the data folder ${config.dataFolder}`,
  );
}

export function postgresFolder(dataFolder: string): string {
  return join(dataFolder, 'postgres');
}

/** Brings the database up to date; what stands in the way becomes a fault. */
export async function migrateAt(url: string): Promise<string[]> {
  return withClient(url, migrate);
}

/** One connection for `use`; a database that cannot be reached or refuses becomes a fault. */
export async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  // A connection that breaks while idle raises an event; the next query says the same.
  client.on('error', () => {});
  try {
    await client.connect();
    return await use(client);
  } catch (thrown) {
    throw databaseFault(thrown, url);
  } finally {
    await client.end().catch(() => {});
  }
}
