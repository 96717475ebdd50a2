import { setTimeout as wait } from 'node:timers/promises';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { asError, Fault } from '../../schemas/fault.ts';
import type { Span } from './forget.ts';

const places = { fixes: 'at', crossings: 'at', stop_visits: 'arrived_at', behaviours: 'started_at' } as const;
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 250;

/**
 * Removes spans from the history, for good: the parts that hold them are written again. What the feed had
 * under way when the tables were changed may come after, so it looks until nothing of them is left.
 */
export async function forgetHistory(url: string, fleetId: number, spans: readonly Span[]): Promise<number> {
  if (spans.length === 0) return 0;
  const history = createClient({ url, log: { level: ClickHouseLogLevel.OFF }, request_timeout: 60_000 });
  try {
    const tables = await existing(history);
    let removed = 0;
    const deadline = performance.now() + PATIENCE_MS;
    for (let isFirst = true; ; isFirst = false) {
      let left = 0;
      for (const table of tables) {
        const condition = conditionOf(fleetId, spans, places[table]);
        const count = await countOf(history, `select count() as n from ${table} where ${condition}`);
        left += count;
        if (isFirst) removed += count;
        if (count > 0) await history.command({ query: `alter table ${table} delete where ${condition}` });
      }
      if (left === 0 && !isFirst) return removed;
      if (performance.now() > deadline) {
        throw new Fault(
          'analytics/unreachable',
          `the history still has ${left} rows to remove; run it again`,
        );
      }
      await wait(LOOK_EVERY_MS);
    }
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    const { message } = asError(thrown);
    throw new Fault(
      'analytics/unreachable',
      `the tables have forgotten it, the history has not: ${message}`,
      {
        cause: thrown,
      },
    );
  } finally {
    await history.close();
  }
}

async function existing(history: ClickHouseClient): Promise<(keyof typeof places)[]> {
  const answer = await history.query({ query: 'show tables', format: 'JSONEachRow' });
  const names = (await answer.json<{ name: string }>()).map(({ name }) => name);
  return (Object.keys(places) as (keyof typeof places)[]).filter((name) => names.includes(name));
}

async function countOf(history: ClickHouseClient, query: string): Promise<number> {
  const answer = await history.query({ query, format: 'JSONEachRow' });
  const [row] = await answer.json<{ n: string | number }>();
  return Number(row?.n ?? 0);
}

function conditionOf(fleetId: number, spans: readonly Span[], column: string): string {
  const each = spans.map(
    ({ vehicleId, from, until }) =>
      `(vehicle_id = ${Math.trunc(vehicleId)} and ${column} >= toDateTime64(${from.toFixed(3)}, 3, 'UTC') and ${column} <= toDateTime64(${until.toFixed(3)}, 3, 'UTC'))`,
  );
  return `fleet_id = ${Math.trunc(fleetId)} and (${each.join(' or ')})`;
}
