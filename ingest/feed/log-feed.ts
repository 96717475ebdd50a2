import type { ClickHouseClient } from '@clickhouse/client';
import type { Client } from 'pg';
import { unpackColumns } from '../../schemas/batch.ts';
import type { Log } from '../../schemas/program.ts';
import { passBatches, type SourcePlace, sourcePlaces } from './cursors.ts';
import { fixRow, fixRowColumns, fixRows } from './fix-rows.ts';
import { storedFixes } from './fix-table.ts';
import { insertRows, monthAt } from './rows.ts';
import type { VehicleNames } from './vehicle-names.ts';

export type Feed = {
  readonly database: Client;
  readonly clickhouse: ClickHouseClient;
  readonly log: Log;
  readonly vehicleNames: VehicleNames;
};

/** Fixes of one insert, roughly: some megabytes, and few enough inserts for ClickHouse to merge. */
const FIXES_PER_INSERT = 50_000;
const BATCHES_PER_READ = 500;
const AT = fixRowColumns.indexOf('at');

/** Passes new batches on, one insert per source; says whether more is waiting. */
export async function feedBatches(feed: Feed): Promise<boolean> {
  let isMore = false;
  for (const place of await sourcePlaces(feed.database)) {
    if (place.last === place.done) continue;
    const done = await feedSource(feed, place);
    // A log that no longer reaches back to where we stand: ClickHouse came late, or lost its data.
    if (done === undefined) {
      await refill(feed);
      return true;
    }
    isMore ||= done < place.last;
  }
  return isMore;
}

/** The last batch passed on, or undefined when the log lacks the next one. */
async function feedSource(feed: Feed, { sourceId, done }: SourcePlace): Promise<number | undefined> {
  const { rows } = await feed.database.query<{ batch: string; payload: Uint8Array }>(
    `select batch, payload
     from (
       select batch, payload, sum(fix_count) over (order by batch) - fix_count as before
       from (select batch, payload, fix_count from batches
         where source_id = $1 and batch > $2 order by batch limit $3) as newest
     ) counted
     where before < $4
     order by batch`,
    [sourceId, done, BATCHES_PER_READ, FIXES_PER_INSERT],
  );
  const last = rows.at(-1);
  if (last === undefined || Number(rows[0]?.batch) !== done + 1) return undefined;
  const columns = rows.map(({ payload }) => unpackColumns(payload));
  const names = await feed.vehicleNames(columns.flatMap(({ numbers }) => [...new Set(numbers.vehicleId)]));
  const fixes = columns.flatMap((batch) => fixRows(batch, names));
  await insertRows(feed.clickhouse, 'fixes', fixRowColumns, fixes, monthAt(AT));
  await passBatches(feed.database, sourceId, Number(last.batch));
  return Number(last.batch);
}

/**
 * Copies every stored fix, and then stands where the log stood when it began. Until the end no
 * place is kept: an interrupted copy begins again, which changes nothing that was copied before.
 */
async function refill(feed: Feed): Promise<void> {
  const { database } = feed;
  feed.log.info({}, 'history is filled from the stored fixes: the log no longer reaches back far enough');
  let count = 0;
  await database.query('begin isolation level repeatable read read only');
  let places: SourcePlace[];
  try {
    const { rows } = await database.query<{ source_id: number; last_batch: string }>(
      'select source_id, last_batch from sources',
    );
    places = rows.map((row) => ({ sourceId: row.source_id, done: 0, last: Number(row.last_batch) }));
    for await (const stored of storedFixes(database, FIXES_PER_INSERT)) {
      const names = await feed.vehicleNames(stored.map(({ fix }) => fix.vehicleId));
      const fixes = stored.map(({ fix, version }) => fixRow(fix, names.get(fix.vehicleId) ?? '', version));
      await insertRows(feed.clickhouse, 'fixes', fixRowColumns, fixes, monthAt(AT));
      count += fixes.length;
    }
  } finally {
    await database.query('rollback');
  }
  for (const { sourceId, last } of places) await passBatches(database, sourceId, last);
  feed.log.info({ fixes: count }, 'history was filled from the stored fixes');
}
