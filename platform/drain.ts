import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';

/** How far behind the log a reader is, in batches. */
export type Lag = { readonly consumer: string; readonly batches: number };

/** Readers that are not at the end of the log, and vehicles that are still to be derived again. */
export async function lags(client: ClientBase, consumers: readonly string[]): Promise<Lag[]> {
  const { rows } = await client.query<{ consumer: string; batches: number }>(
    `select wanted.consumer,
       (sum(s.last_batch - coalesce(c.batch, 0))
         + case when wanted.consumer = 'engine' then (select count(*) from rederivations) else 0 end)::int as batches
     from unnest($1::text[]) as wanted (consumer)
     cross join sources s
     left join consumers c on c.consumer = wanted.consumer and c.source_id = s.source_id
     group by wanted.consumer`,
    [consumers],
  );
  return rows.filter((row) => row.batches > 0);
}

/**
 * Waits until every reader has come to the end of the log. Returns those that have not when the time
 * is over; none is the good answer.
 */
export async function drained(
  client: ClientBase,
  consumers: readonly string[],
  { patienceMs, signal }: { readonly patienceMs: number; readonly signal: AbortSignal },
): Promise<readonly Lag[]> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const behind = await lags(client, consumers);
    if (behind.length === 0 || signal.aborted || performance.now() > deadline) return behind;
    await delay(200, undefined, { signal }).catch(() => {});
  }
}
