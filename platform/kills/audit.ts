import type { ClientBase } from 'pg';
import type { Barrage } from './barrage.ts';

/** The publishers' ledger against the tables. */
export type Audit = {
  readonly offered: number;
  readonly acknowledged: number;
  /** Acknowledged and not in the table; rows of a fix beyond its first; rows that nobody offered. */
  readonly lost: number;
  readonly duplicated: number;
  readonly unoffered: number;
  /** Fixes in the table, and in the log that the engine reads: they must agree. */
  readonly stored: number;
  readonly logged: number;
  /** Vans of which something is lost or doubled, a few. */
  readonly examples: readonly string[];
};

const EXAMPLES_MAX = 5;

/** Reads every row of every van; a seq that is there twice is a double, whatever its instant. */
export async function audit(client: ClientBase, barrages: readonly Barrage[]): Promise<Audit> {
  const sum = { lost: 0, duplicated: 0, unoffered: 0, stored: 0 };
  const examples: string[] = [];
  for (const { ledger } of barrages) {
    for (const [van, acknowledged] of ledger) {
      const rows = await seqsOf(client, van);
      const found = compare(acknowledged, rows);
      sum.stored += rows.length;
      sum.lost += found.lost;
      sum.duplicated += found.duplicated;
      sum.unoffered += found.unoffered;
      const isWrong = found.lost + found.duplicated + found.unoffered > 0;
      if (isWrong && examples.length < EXAMPLES_MAX) examples.push(`${van}: ${JSON.stringify(found)}`);
    }
  }
  const { rows } = await client.query<{ logged: string }>(
    'select coalesce(sum(fix_count), 0) as logged from batches',
  );
  const total = (count: (barrage: Barrage) => number) => barrages.reduce((all, one) => all + count(one), 0);
  return {
    offered: total(({ offered }) => offered()),
    acknowledged: total(({ acknowledged }) => acknowledged()),
    ...sum,
    logged: Number(rows[0]?.logged ?? 0),
    examples,
  };
}

/** What the rows of a van lack of its ledger, and what they have too much. */
export function compare(acknowledged: Uint8Array, seqs: readonly number[]) {
  const seen = new Uint8Array(acknowledged.length);
  let duplicated = 0;
  let unoffered = 0;
  for (const seq of seqs) {
    if (seq >= seen.length) unoffered++;
    else if (seen[seq] === 1) duplicated++;
    else seen[seq] = 1;
  }
  let lost = 0;
  for (let seq = 0; seq < seen.length; seq++) if (acknowledged[seq] === 1 && seen[seq] === 0) lost++;
  return { lost, duplicated, unoffered };
}

async function seqsOf(client: ClientBase, van: string): Promise<readonly number[]> {
  const { rows } = await client.query<{ seqs: readonly string[] | null }>(
    `select array_agg(f.seq) as seqs from fixes f
     where f.vehicle_id = (select vehicle_id from vehicles where name = $1)`,
    [van],
  );
  return (rows[0]?.seqs ?? []).map(Number);
}
