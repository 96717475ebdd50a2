import { readdir, readFile } from 'node:fs/promises';
import type { ClientBase } from 'pg';

const folder = new URL('../schemas/timescale/', import.meta.url);

/** A migration file: `NNNN_what.sql`, or `NNNN_what.timescale.sql` beside `NNNN_what.plain.sql`. */
const filePattern = /^(\d{4}_[a-z_]+)(?:\.(timescale|plain))?\.sql$/;

/**
 * Brings the database up to the newest file of `schemas/timescale/` and names the files applied.
 *
 * Each file is one transaction, so a failure leaves the database at a file boundary. The lock lets
 * every process call this as it starts: the first migrates, the others wait and find nothing to do.
 * Whether TimescaleDB is there is probed once, at the first migration, and then stays as it was.
 */
export async function migrate(client: ClientBase): Promise<string[]> {
  const applied: string[] = [];
  await client.query(`select pg_advisory_lock(hashtext('paceline migrations'))`);
  try {
    await client.query(
      'create table if not exists migrations (name text primary key, at timestamptz not null default now())',
    );
    const hasTimescale = await probeTimescale(client);
    for (const { file, name } of await migrationFiles(hasTimescale)) {
      const done = await client.query('select from migrations where name = $1', [name]);
      if (done.rowCount) continue;
      const text = await readFile(new URL(file, folder), 'utf8');
      await client.query('begin');
      try {
        await client.query(text.replace('@partitioned@', hasTimescale ? '' : ' partition by range (at)'));
        await client.query('insert into migrations (name) values ($1)', [name]);
        await client.query('commit');
      } catch (cause) {
        await client.query('rollback');
        throw new Error(`migration ${file} failed`, { cause });
      }
      applied.push(file);
    }
  } finally {
    await client.query(`select pg_advisory_unlock(hashtext('paceline migrations'))`);
  }
  return applied;
}

/** Whether this database has (or can have) the timescaledb extension; creates it where it can. */
async function probeTimescale(client: ClientBase): Promise<boolean> {
  const kept = await client.query(`select to_regclass('settings') is not null as migrated`);
  if (kept.rows[0]?.migrated) {
    const setting = await client.query(`select value from settings where name = 'timescaledb'`);
    if (setting.rowCount) return setting.rows[0].value === true;
  }
  // Creating the extension fails unless the server preloads its library, so ask for that first.
  const available = await client.query(
    `select from pg_available_extensions
     where name = 'timescaledb' and current_setting('shared_preload_libraries') like '%timescaledb%'`,
  );
  if (!available.rowCount) return false;
  await client.query('create extension if not exists timescaledb');
  return true;
}

async function migrationFiles(hasTimescale: boolean): Promise<{ file: string; name: string }[]> {
  const wanted = hasTimescale ? 'timescale' : 'plain';
  const files = (await readdir(folder)).sort().flatMap((file) => {
    const [, name, variant] = filePattern.exec(file) ?? [];
    return name !== undefined && (variant === undefined || variant === wanted) ? [{ file, name }] : [];
  });
  return files;
}
