import { readdir, readFile } from 'node:fs/promises';
import type { ClickHouseClient } from '@clickhouse/client';

const folder = new URL('../../schemas/clickhouse/', import.meta.url);

/**
 * Brings ClickHouse up to the newest file of `schemas/clickhouse/`, and says which files that took
 * and whether the database held nothing before. Only the feed calls this, and there is one feed
 * (see its lock), so files do not race. ClickHouse has no transactions: a file that failed half-way
 * is applied again from its start, so statements create `if not exists`, which is added here.
 */
export async function migrateClickHouse(
  client: ClickHouseClient,
): Promise<{ readonly applied: readonly string[]; readonly wasEmpty: boolean }> {
  await client.command({
    query: `create table if not exists migrations (
        name String comment 'file of schemas/clickhouse',
        at DateTime default now() comment 'when it was applied'
      ) engine = MergeTree order by name comment 'Files of schemas/clickhouse that were applied'`,
  });
  const result = await client.query({ query: 'select name from migrations', format: 'JSONEachRow' });
  const done = new Set((await result.json<{ name: string }>()).map(({ name }) => name));
  const files = (await readdir(folder)).filter((file) => /^\d{4}_[a-z_]+\.sql$/.test(file)).sort();
  const applied: string[] = [];
  for (const file of files) {
    if (done.has(file)) continue;
    for (const query of statements(await readFile(new URL(file, folder), 'utf8')))
      await client.command({ query });
    await client.insert({
      table: 'migrations',
      values: [{ name: file }],
      format: 'JSONEachRow',
      columns: ['name'],
    });
    applied.push(file);
  }
  return { applied, wasEmpty: done.size === 0 };
}

/** ClickHouse takes one statement a request; in our files each ends with a semicolon at a line's end. */
function statements(text: string): string[] {
  return text
    .replace(/^--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim().replace(/^create (table|view) /i, 'create $1 if not exists '))
    .filter((statement) => statement !== '');
}
