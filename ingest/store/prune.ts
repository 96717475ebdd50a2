import { setTimeout as wait } from 'node:timers/promises';
import type { Pool } from 'pg';
import { asError } from '../../schemas/fault.ts';
import type { Log } from '../../schemas/program.ts';
import type { IngestLimits } from '../config.ts';
import { retain } from './retention.ts';

const EVERY_MS = 60_000;
const ROWS_MAX = 1_000;
const RETAIN_EVERY_MS = 10 * 60_000;

/** Batches that every reader is past and that are older than $2 hours; few at a time. */
const pruneBatches = `
  delete from batches
  where (source_id, batch) in (
    select b.source_id, b.batch
    from batches b join sources s using (source_id)
    where s.name = $1
      and b.committed < now() - make_interval(hours => $2::integer)
      and b.batch <= all (select c.batch from consumers c where c.source_id = s.source_id)
    order by b.batch
    limit $3)`;

const pruneRejections = `
  delete from rejections
  where rejection_id in (
    select rejection_id from rejections where received < now() - make_interval(days => $1::integer) limit $2)`;

export type PruneOptions = {
  readonly pool: Pool;
  readonly source: string;
  readonly limits: Pick<IngestLimits, 'logHours' | 'rejectionDays'>;
};

/** Removes one portion of what is kept long enough, and says how many rows went. */
export async function prune({ pool, source, limits }: PruneOptions): Promise<number> {
  const batches = await pool.query(pruneBatches, [source, limits.logHours, ROWS_MAX]);
  const rejections = await pool.query(pruneRejections, [limits.rejectionDays, ROWS_MAX]);
  return (batches.rowCount ?? 0) + (rejections.rowCount ?? 0);
}

/** What fleets no longer keep, by rules of their own: see `retain`. */
async function retainOnce(
  pool: Pool,
  { log, now }: { readonly log: Log; readonly now: () => number },
): Promise<void> {
  const client = await pool.connect();
  try {
    for (const { fleetId, rows } of await retain(client, { now })) {
      log.info({ fleet: fleetId, ...rows }, 'removed what the fleet no longer keeps');
    }
  } finally {
    client.release();
  }
}

/** Prunes once a minute, and again at once while there is a portion full. */
export async function pruneForever(
  options: PruneOptions & { readonly log: Log; readonly signal: AbortSignal; readonly now: () => number },
): Promise<void> {
  const { signal, log, now } = options;
  let retainedAt = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    try {
      if (performance.now() - retainedAt >= RETAIN_EVERY_MS) {
        retainedAt = performance.now();
        await retainOnce(options.pool, { log, now });
      }
      if ((await prune(options)) >= ROWS_MAX) continue;
    } catch (error) {
      log.warn({ reason: asError(error).message }, 'cannot prune');
    }
    await wait(EVERY_MS, undefined, { signal }).catch(() => {});
  }
}
