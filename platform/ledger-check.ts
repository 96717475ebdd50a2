import type { ClientBase } from 'pg';
import type { LedgerContents } from '../simulator/ledger.ts';

export type LedgerCheck = {
  /** Distinct fixes that the publisher got an acknowledgement for. */
  readonly acknowledged: number;
  /** Of those, the ones in the table. */
  readonly stored: number;
  /** Acknowledged and not in the table. */
  readonly lost: number;
  /** Rows of the table that say the same as another one. */
  readonly duplicated: number;
  /** Presses of drivers' apps that were acknowledged and are not in the table. */
  readonly reportsLost: number;
};

/**
 * The outside ledger against the tables: never the platform's own counters. A fix without `seq` is
 * found by its instant alone, and one whose acknowledgement the publisher missed may be stored.
 */
export async function checkLedger(
  client: ClientBase,
  fleet: string,
  ledger: LedgerContents,
): Promise<LedgerCheck> {
  let acknowledged = 0;
  let lost = 0;
  for (const [device, keys] of ledger.keysByDevice) {
    const stored = await storedKeys(client, fleet, device);
    for (const key of keys) {
      acknowledged++;
      if (!stored.has(key)) lost++;
    }
  }
  let reportsLost = 0;
  for (const [device, presses] of ledger.reportsByDevice) {
    const stored = await storedReports(client, fleet, device);
    for (const press of presses) if (!stored.has(press)) reportsLost++;
  }
  const duplicated = await countDoubles(client, fleet);
  return { acknowledged, stored: acknowledged - lost, lost, duplicated, reportsLost };
}

async function storedKeys(client: ClientBase, fleet: string, device: string): Promise<Set<string>> {
  const { rows } = await client.query<{ key: string }>({
    // As the ledger names them: milliseconds and seq, “-” where there is none.
    text: `select round(extract(epoch from x.at) * 1000)::bigint || ':' || coalesce(x.seq::text, '-') as key
           from fixes x join devices d using (device_id) join fleets f on f.fleet_id = d.fleet_id
           where f.name = $1 and d.name = $2`,
    values: [fleet, device],
  });
  return new Set(rows.map((row) => row.key));
}

async function storedReports(client: ClientBase, fleet: string, device: string): Promise<Set<string>> {
  const { rows } = await client.query<{ press: string }>(
    `select round(extract(epoch from r.at) * 1000)::bigint || ':' || r.stop_code || ':' || r.kind as press
     from stop_reports r join devices d using (vehicle_id) join fleets f on f.fleet_id = d.fleet_id
     where f.name = $1 and d.name = $2`,
    [fleet, device],
  );
  return new Set(rows.map((row) => row.press));
}

async function countDoubles(client: ClientBase, fleet: string): Promise<number> {
  const { rows } = await client.query<{ doubles: number }>(
    `select (count(*) - count(distinct (x.device_id, x.at, x.boot, x.seq, x.lng, x.lat)))::int as doubles
     from fixes x join fleets f using (fleet_id) where f.name = $1`,
    [fleet],
  );
  return rows[0]?.doubles ?? 0;
}
