import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Transform, type Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { ClientBase } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import {
  type Content,
  columnList,
  contentOf,
  plainText,
  quoted,
  type TableFacts,
  tablesInOrder,
} from './tables.ts';

/**
 * A backup is one gzip file of lines. The first is JSON: what this is, and the migrations of its
 * database. Then for each table a line of JSON that names it and its columns, its rows as PostgreSQL's
 * COPY writes them in text, the line `\.`, and a line of JSON with their number and a sum over them. The
 * last line says how many tables there were. Everything is of one snapshot.
 */
export type BackupHead = {
  readonly paceline: 'backup';
  readonly version: 1;
  readonly createdAt: string;
  readonly migrations: readonly string[];
};
export type TableHead = {
  readonly table: string;
  readonly columns: readonly string[];
  /** Of `fixes`: a day in each week that they are of, for the partitions that must be there first. */
  readonly weeks?: readonly string[];
};
export type TableEnd = Content & { readonly end: string };
export type BackupEnd = { readonly tables: number };

export type Summary = {
  readonly tables: number;
  readonly rows: number;
  readonly content: Record<string, Content>;
};

/** Writes everything that the database holds to a file; it has its name only once it is whole. */
export async function backup(client: ClientBase, file: string, now: () => number): Promise<Summary> {
  const unfinished = `${file}.part`;
  const gzip = createGzip({ level: 6 });
  // Hashes of passwords are in it: for its owner's eyes.
  const written = pipeline(gzip, createWriteStream(unfinished, { mode: 0o600 }));
  written.catch(() => {});
  try {
    await client.query('begin isolation level repeatable read read only');
    await client.query(plainText);
    const summary = await writeAll(client, gzip, now);
    await client.query('commit');
    gzip.end();
    await written;
    await rename(unfinished, file);
    return summary;
  } catch (cause) {
    gzip.destroy();
    await client.query('rollback').catch(() => {});
    await rm(unfinished, { force: true });
    throw cause;
  }
}

async function writeAll(client: ClientBase, out: Writable, now: () => number): Promise<Summary> {
  const { rows: migrations } = await client.query<{ name: string }>(
    'select name from migrations order by name',
  );
  const head: BackupHead = {
    paceline: 'backup',
    version: 1,
    createdAt: new Date(now() * 1000).toISOString(),
    migrations: migrations.map(({ name }) => name),
  };
  await line(out, head);
  const content: Record<string, Content> = {};
  let rows = 0;
  const tables = await tablesInOrder(client);
  for (const table of tables) {
    await line(out, await headOf(client, table));
    const select = `select ${columnList(table)} from ${quoted(table.name)} where ${table.where}`;
    await pour(client.query(copyTo(`copy (${select}) to stdout`)), out);
    out.write('\\.\n');
    const of = await contentOf(client, table);
    await line(out, { end: table.name, ...of } satisfies TableEnd);
    content[table.name] = of;
    rows += of.rows;
  }
  await line(out, { tables: tables.length } satisfies BackupEnd);
  return { tables: tables.length, rows, content };
}

async function headOf(client: ClientBase, { name, columns }: TableFacts): Promise<TableHead> {
  if (name !== 'fixes') return { table: name, columns };
  const { rows } = await client.query<{ week: string }>(
    `select distinct date_trunc('week', at)::text as week from fixes order by 1`,
  );
  return { table: name, columns, weeks: rows.map(({ week }) => week) };
}

async function line(out: Writable, value: object): Promise<void> {
  if (!out.write(`${JSON.stringify(value)}\n`)) await new Promise((resolve) => out.once('drain', resolve));
}

/** All of a stream into another that stays open, no faster than that takes it. */
async function pour(from: NodeJS.ReadableStream, out: Writable): Promise<void> {
  const through = new Transform({ transform: (chunk, _encoding, done) => done(null, chunk) });
  from.on('error', (error) => through.destroy(error));
  from.pipe(through).pipe(out, { end: false });
  await finished(through);
}
