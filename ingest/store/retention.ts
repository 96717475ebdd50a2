import type { ClientBase } from 'pg';

/** What was removed of one fleet, by table. */
export type Removed = { readonly fleetId: number; readonly rows: Readonly<Record<string, number>> };

type Rule = {
  readonly fleetId: number;
  readonly fixesDays: number | null;
  readonly resultsDays: number | null;
};

const DAY = 86_400;
/** Vehicles whose old fixes are removed in one transaction: no lock is held for long. */
const VEHICLES_AT_ONCE = 200;

/**
 * Removes what fleets no longer keep. Hours of removed fixes are added up first, so that the rollup stays
 * what it was. Weeks (or chunks) that no fleet needs are dropped whole; what is left of a fleet that keeps
 * less than another is deleted some vehicles at a time. A fleet without a rule keeps everything: then
 * nothing is dropped whole. Each removal stands in the audit log.
 */
export async function retain(
  client: ClientBase,
  { now }: { readonly now: () => number },
): Promise<Removed[]> {
  const { rows: got } = await client.query<{ has: boolean }>(
    `select pg_try_advisory_lock(hashtext('paceline retention')) as has`,
  );
  if (!got[0]?.has) return [];
  try {
    const { rows: rules } = await client.query<Rule>(
      `select fleet_id as "fleetId", fixes_days as "fixesDays", results_days as "resultsDays"
       from fleet_storage order by fleet_id`,
    );
    const removed: Removed[] = [];
    for (const rule of rules) {
      const rows = {
        ...(rule.fixesDays === null
          ? {}
          : { fixes: await removeFixes(client, rule.fleetId, now() - rule.fixesDays * DAY) }),
        ...(rule.resultsDays === null
          ? {}
          : await removeResults(client, rule.fleetId, now() - rule.resultsDays * DAY)),
      };
      if (Object.values(rows).every((count) => count === 0)) continue;
      await client.query(
        `insert into audit_log (fleet_id, actor, action, subject, detail) values ($1, 'retention', 'storage.retain', 'fleet', $2)`,
        [rule.fleetId, JSON.stringify({ ...rule, rows })],
      );
      removed.push({ fleetId: rule.fleetId, rows });
    }
    await dropEmpty(client, rules, now());
    return removed;
  } finally {
    await client.query(`select pg_advisory_unlock(hashtext('paceline retention'))`);
  }
}

/** From the beginning of a day on, so that each run of a day does the same. */
const wholeDay = (instant: number): number => Math.floor(instant / DAY) * DAY;

async function removeFixes(client: ClientBase, fleetId: number, before: number): Promise<number> {
  const cut = wholeDay(before);
  const { rows } = await client.query<{ vehicle_id: number }>(
    'select vehicle_id from vehicles where fleet_id = $1 order by vehicle_id',
    [fleetId],
  );
  let removed = 0;
  for (let i = 0; i < rows.length; i += VEHICLES_AT_ONCE) {
    const vehicles = rows.slice(i, i + VEHICLES_AT_ONCE).map(({ vehicle_id }) => vehicle_id);
    removed += await transact(client, () => removeOf(client, fleetId, vehicles, cut));
  }
  await client.query(
    'update fleet_storage set fixes_from = greatest(fixes_from, to_timestamp($2)) where fleet_id = $1',
    [fleetId, cut],
  );
  return removed;
}

/** Late data may come into an hour that was added up before, so hours grow. */
const keepHours = `
  with gone as (
    delete from fixes where vehicle_id = any($2::integer[]) and fleet_id = $1 and at < to_timestamp($3)
    returning vehicle_id, at, flags, speed
  ), kept as (
    insert into fix_hours_kept as k (fleet_id, vehicle_id, hour, fix_count, flagged_count, speed_sum, speed_count,
      speed_max, first_at, last_at)
    select $1, vehicle_id, date_bin(interval '1 hour', at, timestamptz '2000-01-01 00:00:00+00'), count(*),
      count(*) filter (where flags <> 0), coalesce(sum(speed::float8), 0), count(speed), max(speed), min(at), max(at)
    from gone
    group by 2, 3
    on conflict (vehicle_id, hour) do update
    set fix_count = k.fix_count + excluded.fix_count,
      flagged_count = k.flagged_count + excluded.flagged_count,
      speed_sum = k.speed_sum + excluded.speed_sum,
      speed_count = k.speed_count + excluded.speed_count,
      speed_max = greatest(k.speed_max, excluded.speed_max),
      first_at = least(k.first_at, excluded.first_at),
      last_at = greatest(k.last_at, excluded.last_at)
  )
  select count(*) as n from gone`;

async function removeOf(
  client: ClientBase,
  fleetId: number,
  vehicles: readonly number[],
  cut: number,
): Promise<number> {
  const { rows } = await client.query<{ n: string }>(keepHours, [fleetId, vehicles, cut]);
  await client.query(
    'delete from fix_flags where vehicle_id = any($1::integer[]) and at < to_timestamp($2)',
    [vehicles, cut],
  );
  // From a checkpoint that has lost the fixes after it nothing could be derived again.
  await client.query(
    'delete from engine_checkpoints where vehicle_id = any($1::integer[]) and at < to_timestamp($2)',
    [vehicles, cut],
  );
  return Number(rows[0]?.n ?? 0);
}

/** By table, the column that says when. */
const results: Readonly<Record<string, string>> = {
  events: 'at',
  trips: 'started_at',
  halts: 'started_at',
  behaviours: 'fix_at',
  stop_visits: 'arrived_at',
  stop_reports: 'at',
  pace: 'at',
};

async function removeResults(
  client: ClientBase,
  fleetId: number,
  before: number,
): Promise<Record<string, number>> {
  const removed: Record<string, number> = {};
  for (const [table, column] of Object.entries(results)) {
    const { rowCount } = await client.query(
      `delete from ${table} where fleet_id = $1 and ${column} < to_timestamp($2)`,
      [fleetId, wholeDay(before)],
    );
    removed[table] = rowCount ?? 0;
  }
  return removed;
}

/** Drops the weeks or chunks that are before what any fleet keeps: deleting rows gives no space back. */
async function dropEmpty(client: ClientBase, rules: readonly Rule[], now: number): Promise<void> {
  const { rows: fleets } = await client.query<{ fleet_id: number }>('select fleet_id from fleets');
  const days = fleets.map(
    ({ fleet_id }) => rules.find(({ fleetId }) => fleetId === fleet_id)?.fixesDays ?? null,
  );
  if (days.length === 0 || days.includes(null)) return;
  const cut = wholeDay(now - Math.max(...days.map(Number)) * DAY);
  const { rows: kind } = await client.query<{ timescale: boolean }>(
    `select value = 'true' as timescale from settings where name = 'timescaledb'`,
  );
  if (kind[0]?.timescale) {
    await client.query(`select drop_chunks('fixes', older_than => to_timestamp($1))`, [cut]);
    return;
  }
  const { rows: weeks } = await client.query<{ name: string }>(
    `select c.relname as name
     from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'fixes'::regclass and c.relname ~ '^fixes_\\d{8}$'
       and (to_date(right(c.relname, 8), 'YYYYMMDD') + 7) <= (to_timestamp($1) at time zone 'UTC')::date
     order by 1`,
    [cut],
  );
  for (const { name } of weeks) {
    await transact(client, async () => {
      // Ingest takes the same lock for each new fix of the week; whoever is first, nothing is lost.
      await client.query(`lock table ${name} in access exclusive mode`);
      const { rowCount } = await client.query(`select from ${name} limit 1`);
      if (!rowCount) await client.query(`drop table ${name}`);
    });
  }
}

async function transact<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (cause) {
    await client.query('rollback');
    throw cause;
  }
}
