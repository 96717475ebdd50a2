import type { ClickHouseClient } from '@clickhouse/client';
import { isoFromInstant } from '../../schemas/units.ts';

/** An instant as ClickHouse reads it whatever its settings: `2026-11-21 12:00:00.123`, UTC. */
export function clickHouseTime(at: number): string {
  return isoFromInstant(at).slice(0, 23).replace('T', ' ');
}

/** Server's default limit of partitions (months) in one insert is 100. */
const MONTHS_PER_INSERT = 50;

/**
 * Inserts rows, in as many statements as their months need: a device whose clock wanders through
 * the decades must not stop everybody's history. Resolves when ClickHouse has acknowledged all.
 */
export async function insertRows(
  client: ClickHouseClient,
  table: string,
  columns: [string, ...string[]],
  rows: readonly (readonly unknown[])[],
  monthOf: (row: readonly unknown[]) => string,
): Promise<void> {
  if (rows.length === 0) return;
  for (const values of byMonths(rows, monthOf)) {
    await client.insert({ table, columns, values, format: 'JSONCompactEachRow' });
  }
}

/** The rows in groups of at most `MONTHS_PER_INSERT` months: nearly always one group. */
export function byMonths<Row>(rows: readonly Row[], monthOf: (row: Row) => string): (readonly Row[])[] {
  const months = new Map<string, Row[]>();
  for (const row of rows) {
    const month = monthOf(row);
    const group = months.get(month);
    if (group) group.push(row);
    else months.set(month, [row]);
  }
  if (months.size <= MONTHS_PER_INSERT) return [rows];
  const groups = [...months.values()];
  const inserts: Row[][] = [];
  for (let i = 0; i < groups.length; i += MONTHS_PER_INSERT)
    inserts.push(groups.slice(i, i + MONTHS_PER_INSERT).flat());
  return inserts;
}

/** Month of a `clickHouseTime` or a date that stands in column `index`. */
export const monthAt = (index: number) => (row: readonly unknown[]) => String(row[index]).slice(0, 7);
