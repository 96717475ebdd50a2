import type { ClientBase } from 'pg';
import { type DeviceKeys, ledgerParts } from '../../simulator/publish/ledger-parts.ts';
import type { LedgerContents } from '../../simulator/publish/ledger-reading.ts';
import type { Kept, Losses } from '../../simulator/report/report.ts';

/**
 * What of a ledger of any size is in the table, exactly: the database sums up the fixes of each device
 * (how many, and two sums over a hash of their keys), we sum up the ledger likewise, and only the
 * devices in which the two differ are read fix by fix. Two different sets of the same size agree in
 * both sums about once in 10^15.
 */
export async function comparedInParts(
  client: ClientBase,
  fleet: string,
  ledger: Iterable<DeviceKeys>,
): Promise<Kept> {
  const sums = await storedSums(client, fleet);
  let [distinct, lost, duplicated] = [0, 0, 0];
  const byDevice = new Map<string, Losses>();
  for (const keys of ledger) {
    distinct += keys.ms.length;
    const stored = sums.get(keys.device);
    const isKept = stored !== undefined && isSame(stored, sumOf(keys));
    const own = isKept ? noLosses : await differenceOf(client, fleet, keys);
    lost += own.lost;
    duplicated += own.duplicated;
    byDevice.set(keys.device, own);
  }
  return { distinct, stored: distinct - lost, lost, duplicated, byDevice };
}

/** The comparison that a ledger needs which is only held as a summary; none for others. */
export async function keptInParts(
  client: ClientBase,
  path: string,
  fleet: string,
  { isSummary, acknowledged }: LedgerContents,
): Promise<Kept | undefined> {
  if (!isSummary) return undefined;
  return comparedInParts(client, fleet, ledgerParts(path, acknowledged));
}

/** Below √2^53, so that products of two remainders are exact here as in the database. */
const PRIME = 94_906_247;

const noLosses: Losses = { lost: 0, duplicated: 0 };

type Sum = { readonly count: number; readonly first: number; readonly second: number };

const isSame = (a: Sum, b: Sum): boolean =>
  a.count === b.count && a.first === b.first && a.second === b.second;

function sumOf({ ms, seq }: DeviceKeys): Sum {
  let [first, second] = [0, 0];
  for (let i = 0; i < ms.length; i++) {
    const hash = ((ms[i]! % PRIME) * (((seq[i]! + 2) * 7919) % PRIME)) % PRIME;
    first += hash;
    second += (hash * hash) % PRIME;
  }
  return { count: ms.length, first, second };
}

/** `sumOf` for every device of the fleet: of all times, as a device that lost its clock is of another year. */
async function storedSums(client: ClientBase, fleet: string): Promise<Map<string, Sum>> {
  const { rows } = await client.query<Sum & { name: string }>(
    `with keys as (
       select x.device_id, ((ms % ${PRIME}) * (((coalesce(x.seq, -1) + 2) * 7919) % ${PRIME})) % ${PRIME} as hash
       from fixes x join fleets f using (fleet_id),
         lateral (select round(date_part('epoch', x.at) * 1000)::bigint) as t (ms)
       where f.name = $1
     ), sums as (
       select device_id, count(*)::float8 as count, sum(hash)::float8 as first,
         sum((hash * hash) % ${PRIME})::float8 as second
       from keys group by device_id
     )
     select d.name, s.count, s.first, s.second from sums s join devices d using (device_id)`,
    [fleet],
  );
  return new Map(rows.map((row) => [row.name, row]));
}

async function differenceOf(
  client: ClientBase,
  fleet: string,
  { device, ms, seq }: DeviceKeys,
): Promise<Losses> {
  const { rows } = await client.query<{ ms: string; seq: string | null; times: number }>(
    `select round(date_part('epoch', x.at) * 1000)::bigint as ms, x.seq, count(*)::int as times
     from devices d join fleets f using (fleet_id) join fixes x on x.vehicle_id = d.vehicle_id and x.device_id = d.device_id
     where f.name = $1 and d.name = $2
     group by 1, 2`,
    [fleet, device],
  );
  const stored = new Map(rows.map((row) => [`${row.ms}:${row.seq ?? -1}`, row.times]));
  let [lost, duplicated] = [0, 0];
  for (let i = 0; i < ms.length; i++) {
    const times = stored.get(`${ms[i]}:${seq[i]}`) ?? 0;
    if (times === 0) lost++;
    else duplicated += times - 1;
  }
  return { lost, duplicated };
}
