import { createReadStream } from 'node:fs';
import { finished, pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { asError, Fault } from '../../schemas/fault.ts';
import type { BackupEnd, BackupHead, Summary, TableEnd, TableHead } from './backup.ts';
import { BackupLines } from './backup-lines.ts';
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
 * Fills a migrated database that holds nothing from a backup: all of it or nothing, and only if every
 * table then has the number of rows and the sum that the backup says. The history is not in a backup; the
 * feed fills it again.
 */
export async function restore(client: ClientBase, file: string): Promise<Summary> {
  const gunzip = createGunzip();
  const reading = pipeline(createReadStream(file), gunzip);
  reading.catch(() => {});
  const lines = new BackupLines(gunzip);
  try {
    const head = parsed<BackupHead>(await lines.line(), file);
    await client.query('begin');
    await client.query(plainText);
    await checkHead(client, head, file);
    const tables = await tablesInOrder(client);
    await checkEmpty(client, tables);
    await triggers(client, 'disable');
    const summary = await readAll(client, lines, { tables, file });
    await triggers(client, 'enable');
    await goOn(client, tables);
    await client.query('commit');
    return summary;
  } catch (thrown) {
    await client.query('rollback').catch(() => {});
    const error = asError(thrown) as NodeJS.ErrnoException;
    const isFile =
      error.code === 'ENOENT' ||
      error.code === 'EACCES' ||
      /^Z_|^ERR_STREAM_PREMATURE/.test(error.code ?? '');
    throw isFile
      ? new Fault('input/invalid', `cannot read ${file}: ${error.message}`, { cause: error })
      : thrown;
  } finally {
    gunzip.destroy();
  }
}

function parsed<T>(text: string | undefined, file: string): T {
  try {
    return JSON.parse(text ?? '') as T;
  } catch (cause) {
    throw new Fault('input/invalid', `${file} is damaged or no backup of Paceline`, { cause });
  }
}

async function checkHead(client: ClientBase, head: BackupHead, file: string): Promise<void> {
  if (head.paceline !== 'backup' || head.version !== 1) {
    throw new Fault('input/invalid', `${file} is no backup of Paceline, or of a later version`);
  }
  const { rows } = await client.query<{ name: string }>('select name from migrations');
  const here = new Set(rows.map(({ name }) => name));
  const strange = head.migrations.filter((name) => !here.has(name));
  if (strange.length > 0) {
    throw new Fault(
      'input/invalid',
      `${file} is of a later Paceline: it knows ${strange.join(', ')}, this one does not`,
    );
  }
}

async function checkEmpty(client: ClientBase, tables: readonly TableFacts[]): Promise<void> {
  const full: string[] = [];
  for (const { name, where } of tables) {
    const { rowCount } = await client.query(`select from ${quoted(name)} where ${where} limit 1`);
    if (rowCount) full.push(name);
  }
  if (full.length === 0) return;
  throw new Fault(
    'input/invalid',
    `the database is not empty (${full.slice(0, 4).join(', ')} have rows); restore into a new one`,
  );
}

/** What is restored has been told before; and the stamp of a change must stay what it was until all is compared. */
async function triggers(client: ClientBase, what: 'enable' | 'disable'): Promise<void> {
  const { rows } = await client.query<{ table: string; name: string }>(
    `select t.tgrelid::regclass::text as table, t.tgname as name
     from pg_trigger t join pg_class c on c.oid = t.tgrelid
     where c.relnamespace = 'public'::regnamespace and not c.relispartition and not t.tgisinternal
       and t.tgname not like 'ts\\_%'`,
  );
  for (const { table, name } of rows)
    await client.query(`alter table ${table} ${what} trigger ${quoted(name)}`);
}

async function readAll(
  client: ClientBase,
  lines: BackupLines,
  { tables, file }: { readonly tables: readonly TableFacts[]; readonly file: string },
): Promise<Summary> {
  const content: Record<string, Content> = {};
  let rows = 0;
  for (;;) {
    const said = parsed<TableHead | BackupEnd>(await lines.line(), file);
    if (!('table' in said)) {
      const count = Object.keys(content).length;
      if (said.tables === count) return { tables: count, rows, content };
      throw new Fault('input/invalid', `${file} is damaged: it ends after ${count} of ${said.tables} tables`);
    }
    const here = tables.find(({ name }) => name === said.table);
    if (here === undefined)
      throw new Fault('input/invalid', `${file} has a table ${said.table} that is not known here`);
    const table = { ...here, columns: said.columns };
    content[said.table] = await readTable(client, lines, { table, weeks: said.weeks ?? [], file });
    rows += content[said.table]?.rows ?? 0;
  }
}

async function readTable(
  client: ClientBase,
  lines: BackupLines,
  {
    table,
    weeks,
    file,
  }: { readonly table: TableFacts; readonly weeks: readonly string[]; readonly file: string },
): Promise<Content> {
  if (weeks.length > 0) await client.query('select ensure_fix_partitions($1::timestamptz[])', [weeks]);
  const into = client.query(copyFrom(`copy ${quoted(table.name)} (${columnList(table)}) from stdin`));
  const done = finished(into);
  done.catch(() => {});
  let isWhole: boolean;
  try {
    isWhole = await lines.rows(async (piece) => {
      if (!into.write(piece))
        await Promise.race([done, new Promise((resolve) => into.once('drain', resolve))]);
    });
  } catch (thrown) {
    // Without word that it failed the server would wait for more, and so would whoever asks it next.
    into.destroy(asError(thrown));
    await done.catch(() => {});
    throw thrown;
  }
  into.end();
  await done;
  if (!isWhole)
    throw new Fault('input/invalid', `${file} is damaged: it ends within the table ${table.name}`);
  const said = parsed<TableEnd>(await lines.line(), file);
  const is = await contentOf(client, table);
  if (said.rows !== is.rows || said.sum !== is.sum) {
    throw new Fault(
      'input/invalid',
      `${file} is damaged: ${table.name} should have ${said.rows} rows of sum ${said.sum}, and has ${is.rows} of sum ${is.sum}`,
    );
  }
  return is;
}

/** Numbers go on where they were, and the history is filled anew. */
async function goOn(client: ClientBase, tables: readonly TableFacts[]): Promise<void> {
  for (const { name } of tables) {
    const { rows } = await client.query<{ column: string }>(
      `select attname as column from pg_attribute where attrelid = $1::regclass and attidentity <> '' and not attisdropped`,
      [quoted(name)],
    );
    for (const { column } of rows) {
      await client.query(
        `select setval(pg_get_serial_sequence($1, $2), greatest(max(${quoted(column)}), 1), max(${quoted(column)}) is not null)
         from ${quoted(name)}`,
        [quoted(name), column],
      );
    }
  }
  // The stamps are transactions of another cluster, whose numbers mean nothing here.
  await client.query('update routes set version = version');
  await client.query(`update consumers set batch = 0 where consumer = 'feed'`);
  await client.query('delete from feed_cursors');
}
