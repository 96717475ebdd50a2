import type pg from 'pg';
import { type FixColumns, unpackColumns } from '../../schemas/batch.ts';
import type {
  Cursor,
  Gulp,
  OpenRescue,
  Rederivation,
  RouteStanding,
  StoredCheckpoint,
  StoredLearned,
  StoredReport,
  Troubles,
  VehicleInstant,
} from '../../schemas/engine-store.ts';
import type { Alert, Conclusions, Halt, Pace, StopVisit } from '../../schemas/event.ts';
import { asked, asking, instant } from './columns.ts';

/** Batches looked at for one gulp of one source. */
const GULP_BATCHES = 500;
/** No halt that matters to a route began this long before the route's day: vans stand over weekends. */
const HALT_DAYS = '7 days';

export async function cursor(client: pg.Client): Promise<Cursor> {
  await client.query(`insert into engine_commits (engine) values ('engine') on conflict do nothing`);
  // Only the newest changes tell versions apart; without this the list would grow for ever.
  await client.query(`delete from world_changes where at < now() - interval '1 day'`);
  // The row is there from the start, so that the log is kept for a reader that has not begun.
  await client.query(
    `insert into consumers (consumer, source_id) select 'engine', source_id from sources
     on conflict do nothing`,
  );
  const { rows } = await client.query<{ source: number; batch: number }>(
    `select source_id as source, batch::float8 from consumers where consumer = 'engine'`,
  );
  return new Map(rows.map(({ source, batch }) => [source, batch]));
}

export async function batches(client: pg.Client, from: Cursor, fixCountMax: number): Promise<Gulp> {
  const { rows: sources } = await client.query<{ source: number; last: number }>(
    'select source_id as source, last_batch::float8 as last from sources order by source_id',
  );
  const next = new Map(from);
  const taken: FixColumns[] = [];
  const reports: StoredReport[] = [];
  let hasMore = false;
  for (const { source, last } of sources) {
    const after = from.get(source) ?? 0;
    if (last <= after) continue;
    const { rows } = await client.query<{ batch: number; reports: number; payload: Buffer }>(
      `select b.batch::float8, b.report_count as reports, b.payload
       from (
         select batch, sum(fix_count) over (order by batch) - fix_count as before
         from (
           select batch, fix_count from batches
           where source_id = $1 and batch > $2 order by batch limit ${GULP_BATCHES}
         ) ahead
       ) sized
       join batches b on b.source_id = $1 and b.batch = sized.batch
       where sized.before < $3
       order by b.batch`,
      [source, after, fixCountMax],
    );
    const newest = rows.at(-1)?.batch;
    if (newest === undefined) continue;
    for (const { payload } of rows) taken.push(unpackColumns(payload));
    if (rows.some((row) => row.reports > 0)) {
      const said = await client.query<StoredReport>(
        `select vehicle_id as "vehicleId", ${instant('at', 'at')}, stop_code as "stopCode", kind
         from stop_reports where source_id = $1 and batch > $2 and batch <= $3`,
        [source, after, newest],
      );
      reports.push(...said.rows);
    }
    next.set(source, newest);
    if (newest < last) hasMore = true;
  }
  return { cursor: next, batches: taken, reports, hasMore };
}

export async function checkpoints(
  client: pg.Client,
  asks: readonly VehicleInstant[],
): Promise<StoredCheckpoint[]> {
  const { rows } = await client.query<StoredCheckpoint>(
    `select ask.vehicle_id as "vehicleId", ${instant('kept.at', 'at')}, kept.state
     from ${asked}
     cross join lateral (
       select at, state from engine_checkpoints c
       where c.vehicle_id = ask.vehicle_id and c.at <= to_timestamp(ask.since)
       order by at desc limit 1
     ) kept`,
    asking(asks),
  );
  return rows;
}

export async function halts(client: pg.Client, asks: readonly VehicleInstant[]): Promise<Halt[]> {
  const { rows } = await client.query(
    `select h.vehicle_id as "vehicleId", ${instant('started_at', 'startedAt')},
       ${instant('ended_at', 'endedAt')}, json_build_object('lng', lng, 'lat', lat) as position
     from ${asked}
     join halts h on h.vehicle_id = ask.vehicle_id
       and h.started_at >= to_timestamp(ask.since) - interval '${HALT_DAYS}'
       and coalesce(h.ended_at, 'infinity') >= to_timestamp(ask.since)
     where not h.retracted
     order by h.vehicle_id, h.started_at`,
    asking(asks),
  );
  return rows.map((row) => ({ ...row, endedAt: row.endedAt ?? undefined }));
}

export async function reports(client: pg.Client, asks: readonly VehicleInstant[]): Promise<StoredReport[]> {
  const { rows } = await client.query<StoredReport>(
    `select r.vehicle_id as "vehicleId", ${instant('r.at', 'at')}, r.stop_code as "stopCode", r.kind
     from ${asked}
     join stop_reports r on r.vehicle_id = ask.vehicle_id and r.at >= to_timestamp(ask.since)`,
    asking(asks),
  );
  return rows;
}

export async function conclusions(client: pg.Client, asks: readonly VehicleInstant[]): Promise<Conclusions> {
  const keys = asking(asks);
  const since = (table: string, column: string) =>
    `from ${asked} join ${table} t on t.vehicle_id = ask.vehicle_id and t.${column} >= to_timestamp(ask.since)
     where not t.retracted`;
  const crossings = await client.query(
    `select t.vehicle_id as "vehicleId", fence_id as "fenceId", kind, dwell, ${instant('t.at', 'at')}
     ${since('events', 'at')}`,
    keys,
  );
  const trips = await client.query(
    `select t.vehicle_id as "vehicleId", ${instant('started_at', 'startedAt')},
       ${instant('ended_at', 'endedAt')}, json_build_object('lng', start_lng, 'lat', start_lat) as start,
       json_build_object('lng', end_lng, 'lat', end_lat) as end, distance, halt_count as "haltCount"
     ${since('trips', 'started_at')}`,
    keys,
  );
  const judgements = await client.query(
    `select t.vehicle_id as "vehicleId", ${instant('t.at', 'at')}, key::float8, flags
     ${since('fix_flags', 'at')}`,
    keys,
  );
  const behaviours = await client.query(
    `select t.vehicle_id as "vehicleId", kind, ${instant('started_at', 'startedAt')},
       ${instant('ended_at', 'endedAt')}, ${instant('fix_at', 'fixAt')}, fix_key::float8 as "fixKey", value,
       limit_value as limit, distance, source, policy_version as "policyVersion"
     ${since('behaviours', 'fix_at')}`,
    keys,
  );
  return {
    crossings: crossings.rows.map((row) => ({ ...row, dwell: row.dwell ?? undefined })),
    trips: trips.rows.map((row) => ({ ...row, endedAt: row.endedAt ?? undefined })),
    halts: await halts(client, asks),
    judgements: judgements.rows,
    behaviours: behaviours.rows.map((row) => ({ ...row, value: row.value ?? undefined })),
    visits: [],
  };
}

export async function routeStandings(
  client: pg.Client,
  routeIds: readonly number[],
): Promise<RouteStanding[]> {
  if (routeIds.length === 0) return [];
  const visits = await client.query<StopVisit>(
    `select stop_id::float8 as "stopId", route_id as "routeId", vehicle_id as "vehicleId",
       ${instant('arrived_at', 'arrivedAt')}, ${instant('departed_at', 'departedAt')},
       confidence, evidence, outcome, out_of_sequence as "isOutOfSequence"
     from stop_visits where route_id = any($1) and not retracted`,
    [routeIds],
  );
  const paces = await client.query<Pace>(
    `select r.route_id as "routeId", p.status, ${instant('p.at', 'at')}
     from unnest($1::integer[]) as r (route_id)
     cross join lateral (
       select status, at from pace where pace.route_id = r.route_id order by at desc limit 1
     ) p`,
    [routeIds],
  );
  const alerts = await client.query<Alert>(
    `select alert_id::float8 as id, fleet_id as "fleetId", cause, kind, severity, vehicle_id as "vehicleId",
       route_id as "routeId", message, rule, ${instant('raised_at', 'raisedAt')}
     from alerts where route_id = any($1) and resolved_at is null`,
    [routeIds],
  );
  const proposals = await client.query(
    `select proposal_id::float8 as "proposalId", fleet_id as "fleetId", route_id as "routeId",
       from_version as "fromVersion", ${instant('created_at', 'createdAt')},
       stop_ids::float8[] as "stopIds", cost_before as "costBefore", cost_after as "costAfter", explanation
     from proposals where route_id = any($1) and state = 'open' and kind = 'order'`,
    [routeIds],
  );
  const visitsByRoute = new Map<number, StopVisit[]>();
  for (const visit of visits.rows) {
    const own = { ...visit, departedAt: visit.departedAt ?? undefined };
    visitsByRoute.set(visit.routeId, [...(visitsByRoute.get(visit.routeId) ?? []), own]);
  }
  const byRoute = <Row extends { routeId?: number | undefined }>(rows: readonly Row[]) =>
    new Map(rows.map((row) => [row.routeId, row]));
  const [pace, alert, proposal] = [byRoute(paces.rows), byRoute(alerts.rows), byRoute(proposals.rows)];
  return routeIds.map((routeId) => ({
    routeId,
    visits: visitsByRoute.get(routeId) ?? [],
    pace: pace.get(routeId),
    alert: alert.get(routeId),
    proposal: proposal.get(routeId),
  }));
}

export async function learned(client: pg.Client) {
  const { rows } = await client.query<Pick<StoredLearned, 'fleetId' | 'serviceDate' | 'data'>>(
    `select distinct on (fleet_id) fleet_id as "fleetId", service_date::text as "serviceDate", data
     from pace_learned order by fleet_id, service_date desc`,
  );
  return rows;
}

export async function troubles(client: pg.Client): Promise<Troubles> {
  const out = await client.query<{ id: number }>('select vehicle_id as id from out_of_service');
  const meetings = await client.query<{ id: number }>(
    `select u.id from handovers h cross join lateral (values (from_route_id), (to_route_id)) as u (id)
     where h.state = 'agreed' and h.created_at > now() - interval '2 days'`,
  );
  const rescues = await client.query<OpenRescue>(
    `select proposal_id::float8 as "proposalId", p.route_id as "routeId", p.fleet_id as "fleetId",
       ${instant('p.created_at', 'createdAt')},
       (g.version <> p.from_version or h.version <> p.helper_version or exists (
         select from stop_visits v where v.stop_id = any(p.stop_ids) and not v.retracted
       )) as "isStale"
     from proposals p join routes g on g.route_id = p.route_id
     join routes h on h.route_id = p.helper_route_id
     where p.state = 'open' and p.kind = 'rescue'`,
  );
  return {
    outOfService: out.rows.map(({ id }) => id),
    meetings: meetings.rows.map(({ id }) => id),
    rescues: rescues.rows,
  };
}

export async function rederivations(client: pg.Client): Promise<Rederivation[]> {
  const { rows } = await client.query<Rederivation>(
    `select vehicle_id as "vehicleId", ${instant('from_at', 'from')} from rederivations`,
  );
  return rows;
}
