import type { ClientBase } from 'pg';
import { fixAt, packFixes, unpackColumns } from '../../schemas/batch.ts';
import type { Subject } from '../../schemas/eraser.ts';
import { Fault } from '../../schemas/fault.ts';

export type Forgetting = {
  readonly fleetId: number;
  readonly subject: Subject;
  /** Who asks, for the audit log. */
  readonly actor: string;
  /** Counts, and changes nothing. */
  readonly isDry: boolean;
};

/** Rows by table that were removed, or would be. */
export type Forgotten = {
  readonly rows: Readonly<Record<string, number>>;
  /** What the history has to forget too; instants. */
  readonly spans: readonly Span[];
};
export type Span = { readonly vehicleId: number; readonly from: number; readonly until: number };

/** A driver's day reaches this far before and after what was planned and seen of a route, seconds. */
const AROUND_ROUTE = 3600;
const BATCHES_AT_ONCE = 200;

/**
 * Removes it from every table that holds positions or times of a person, the log of batches included,
 * in one transaction. The engine and the feed are made to begin again from the tables, so that nothing
 * they hold in memory comes back; that is what they do after any crash.
 */
export async function forget(client: ClientBase, asked: Forgetting): Promise<Forgotten> {
  const { fleetId, subject, actor, isDry } = asked;
  await client.query('begin');
  try {
    // Nobody commits conclusions or passes batches on until this has.
    if (!isDry) await client.query('lock table engine_commits in exclusive mode');
    await noteSpans(client, fleetId, subject);
    const rows: Record<string, number> = {};
    for (const [table, [using, condition]] of Object.entries(places)) {
      rows[table] = await removeRows(client, { table, using, condition, isDry });
    }
    Object.assign(rows, await forgetBatches(client, isDry));
    if (subject.kind === 'driver' && !isDry) await forgetPace(client, fleetId, subject.code);
    rows.routes = await forgetRoutes(client, fleetId, subject, isDry);
    const spans = await readSpans(client);
    if (!isDry) {
      const name = subject.kind === 'vehicle' ? subject.name : subject.code;
      // A driver's code may itself tell who it is: the log keeps that it was done, not about whom.
      const about = subject.kind === 'vehicle' ? `vehicle ${name}` : 'a driver';
      await client.query(
        `insert into audit_log (fleet_id, actor, action, subject, detail)
         values ($1, $2, 'personal-data.forget', $3, $4)`,
        [fleetId, actor, about, JSON.stringify({ rows })],
      );
      // A commit of what the engine had derived before must not come after ours …
      await client.query(beginAgain);
    }
    await client.query(isDry ? 'rollback' : 'commit');
    if (!isDry) {
      // … nor may one that began again in between have read the rows that are gone.
      await client.query(beginAgain);
      await refreshHours(client);
    }
    return { rows, spans };
  } catch (cause) {
    await client.query('rollback').catch(() => {});
    throw cause;
  }
}

const beginAgain = `
  select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and application_name in ('paceline engine', 'paceline feed')`;

/** TimescaleDB would forget the hours by itself, some minutes later. */
async function refreshHours(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ has: boolean }>(
    `select value = 'true' as has from settings where name = 'timescaledb'`,
  );
  if (rows[0]?.has) await client.query(`call refresh_continuous_aggregate('fix_hours', null, null)`);
}

/** The vehicles and stretches of time that are concerned, as the table `forgotten` of this transaction. */
async function noteSpans(client: ClientBase, fleetId: number, subject: Subject): Promise<void> {
  await client.query(
    `create temporary table forgotten (vehicle_id integer, from_at timestamptz, until_at timestamptz) on commit drop`,
  );
  if (subject.kind === 'vehicle') {
    const { rowCount } = await client.query(
      `insert into forgotten select vehicle_id, '-infinity', 'infinity' from vehicles where fleet_id = $1 and name = $2`,
      [fleetId, subject.name],
    );
    if (!rowCount) throw new Fault('input/invalid', `the fleet has no vehicle “${subject.name}”`);
    return;
  }
  const { rowCount } = await client.query('select from drivers where fleet_id = $1 and code = $2', [
    fleetId,
    subject.code,
  ]);
  if (!rowCount) throw new Fault('input/invalid', `the fleet has no driver “${subject.code}”`);
  await client.query(
    `insert into forgotten
     select r.vehicle_id,
       least(r.planned_departure, min(v.arrived_at)) - make_interval(secs => $3),
       greatest(r.planned_return, max(v.departed_at)) + make_interval(secs => $3)
     from routes r join drivers d using (driver_id)
     left join stop_visits v on v.route_id = r.route_id
     where r.fleet_id = $1 and d.code = $2
     group by r.route_id`,
    [fleetId, subject.code, AROUND_ROUTE],
  );
}

async function readSpans(client: ClientBase): Promise<Span[]> {
  const { rows } = await client.query<Span>(
    `select vehicle_id as "vehicleId",
       case when from_at = '-infinity' then 0 else extract(epoch from from_at)::float8 end as from,
       case when until_at = 'infinity' then 4102444800 else extract(epoch from until_at)::float8 end as until
     from forgotten`,
  );
  return rows;
}

/** A row of `t` that `forgotten g` concerns, by the column that says when. */
const within = (column: string): string =>
  `t.vehicle_id = g.vehicle_id and t.${column} between g.from_at and g.until_at`;
const ofDevice = (column: string): string =>
  `(d.vehicle_id = g.vehicle_id or exists (select from device_assignments a
     where a.device_id = d.device_id and a.vehicle_id = g.vehicle_id))
   and d.device_id = t.device_id and t.${column} between g.from_at and g.until_at`;

/** Tables that name a vehicle and hold nothing of what it did. */
export const impersonal: readonly string[] = [
  'vehicles',
  'devices',
  'device_assignments',
  'routes',
  'out_of_service',
];

/** Where personal data stands: by table, what joins it to `forgotten`. */
export const places: Readonly<Record<string, readonly [using: string, condition: string]>> = {
  fixes: ['forgotten g', within('at')],
  fix_flags: ['forgotten g', within('at')],
  fix_hours_kept: ['forgotten g', within('hour')],
  events: ['forgotten g', within('at')],
  trips: ['forgotten g', within('started_at')],
  halts: ['forgotten g', within('started_at')],
  behaviours: ['forgotten g', within('started_at')],
  stop_visits: ['forgotten g', within('arrived_at')],
  stop_reports: ['forgotten g', within('at')],
  pace: ['forgotten g', within('at')],
  engine_checkpoints: ['forgotten g', 't.vehicle_id = g.vehicle_id and t.at >= g.from_at'],
  rederivations: ['forgotten g', 't.vehicle_id = g.vehicle_id'],
  alerts: ['forgotten g', within('raised_at')],
  route_answers: ['forgotten g', within('at')],
  rejections: ['forgotten g, devices d', ofDevice('received')],
  commands: ['forgotten g, devices d', ofDevice('created_at')],
};

async function removeRows(
  client: ClientBase,
  { table, using, condition, isDry }: { table: string; using: string; condition: string; isDry: boolean },
): Promise<number> {
  if (!isDry) {
    const { rowCount } = await client.query(`delete from ${table} t using ${using} where ${condition}`);
    return rowCount ?? 0;
  }
  const { rows } = await client.query<{ n: string }>(
    `select count(*) as n from ${table} t where exists (select from ${using} where ${condition})`,
  );
  return Number(rows[0]?.n ?? 0);
}

/** How a driver drives is taken out of what pace has learned; sums over whole fleets name nobody. */
async function forgetPace(client: ClientBase, fleetId: number, code: string): Promise<void> {
  await client.query(
    `update pace_learned l set data = data #- array['drivers', d.driver_id::text]
     from drivers d where l.fleet_id = $1 and d.fleet_id = $1 and d.code = $2`,
    [fleetId, code],
  );
}

type BatchRow = { readonly source_id: number; readonly batch: string; readonly payload: Uint8Array };

/** The log holds the fixes packed: each batch that has any of them is written again without. */
async function forgetBatches(client: ClientBase, isDry: boolean): Promise<Record<string, number>> {
  const spans = await readSpans(client);
  const isForgotten = (vehicleId: number, at: number) =>
    spans.some((span) => span.vehicleId === vehicleId && span.from <= at && at <= span.until);
  let batches = 0;
  let logged = 0;
  let after: readonly [number, string] = [-1, '0'];
  for (;;) {
    const { rows } = await client.query<BatchRow>(
      `select b.source_id, b.batch, b.payload from batches b
       where (b.source_id, b.batch) > ($1::smallint, $2::bigint) and exists (
         select from forgotten g where b.min_at <= g.until_at and b.max_at >= g.from_at)
       order by b.source_id, b.batch limit $3`,
      [...after, BATCHES_AT_ONCE],
    );
    const last = rows.at(-1);
    if (last === undefined) return { batches, 'batches (fixes)': logged };
    after = [last.source_id, last.batch];
    for (const row of rows) {
      const columns = unpackColumns(row.payload);
      const all = Array.from({ length: columns.count }, (_, i) => fixAt(columns, i));
      const kept = all.filter(({ vehicleId, at }) => !isForgotten(vehicleId, at));
      if (kept.length === all.length) continue;
      batches++;
      logged += all.length - kept.length;
      if (isDry) continue;
      const instants = kept.map(({ at }) => at);
      await client.query(
        `update batches set payload = $3, fix_count = $4, min_at = to_timestamp($5), max_at = to_timestamp($6)
         where source_id = $1 and batch = $2`,
        [
          ...[row.source_id, row.batch, Buffer.from(packFixes(kept)), kept.length],
          ...(kept.length === 0 ? [null, null] : [Math.min(...instants), Math.max(...instants)]),
        ],
      );
    }
  }
}

/** Plans stay, since they say what was to be delivered; a driver no longer stands in them. */
async function forgetRoutes(
  client: ClientBase,
  fleetId: number,
  subject: Subject,
  isDry: boolean,
): Promise<number> {
  if (subject.kind === 'vehicle') {
    if (isDry) return 0;
    // So that the feed copies them again, without visits.
    await client.query(
      'update routes r set version = r.version from forgotten g where r.vehicle_id = g.vehicle_id',
    );
    await client.query(
      `update unknown_devices u set last_payload = null from devices d, forgotten g
       where d.vehicle_id = g.vehicle_id and u.fleet_id = d.fleet_id and u.name = d.name`,
    );
    return 0;
  }
  const { rows } = await client.query<{ n: string }>(
    `select count(*) as n from routes join drivers using (driver_id) where drivers.fleet_id = $1 and drivers.code = $2`,
    [fleetId, subject.code],
  );
  if (!isDry) {
    await client.query(
      `update routes r set driver_id = null from drivers d
       where d.driver_id = r.driver_id and d.fleet_id = $1 and d.code = $2`,
      [fleetId, subject.code],
    );
    await client.query('delete from drivers where fleet_id = $1 and code = $2', [fleetId, subject.code]);
  }
  return Number(rows[0]?.n ?? 0);
}
