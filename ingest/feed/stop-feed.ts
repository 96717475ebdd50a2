import { pass, position } from './cursors.ts';
import type { Feed } from './log-feed.ts';
import { insertRows, monthAt } from './rows.ts';

/** Routes of one round: some ten thousand stops. */
const ROUTES_PER_ROUND = 200;

const stopColumns: [string, ...string[]] = [
  'fleet_id',
  'service_date',
  'depot',
  'route_id',
  'route',
  'vehicle_id',
  'vehicle',
  'driver',
  'planned_departure',
  'planned_return',
  'stop_id',
  'stop',
  'sequence',
  'lng',
  'lat',
  'packages',
  'planned_arrival',
  'planned_service',
  'window_from',
  'window_until',
  'arrived_at',
  'departed_at',
  'outcome',
  'evidence',
  'confidence',
  'out_of_sequence',
  'version',
  'retracted',
];

const time = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')`;

/**
 * Plan and visit of a stop, read in one statement. The version is a sum of two numbers that each
 * only grow (the route's stamp and the visit's commit), so it grows with every change of either.
 */
const stopQuery = `select s.fleet_id, r.service_date::text, d.name, r.route_id, r.code, r.vehicle_id, v.name, w.code,
    ${time('r.planned_departure')}, ${time('r.planned_return')}, s.stop_id::float8, s.code, s.sequence, s.lng, s.lat,
    s.packages, ${time('s.planned_arrival')}, s.service, ${time('s.window_from')}, ${time('s.window_until')},
    ${time('visit.arrived_at')}, ${time('visit.departed_at')},
    case when visit.arrived_at is not null then visit.outcome end,
    case when visit.arrived_at is not null then visit.evidence end,
    case when visit.arrived_at is not null then visit.confidence end,
    case when visit.arrived_at is not null then visit.out_of_sequence end,
    (r.changed + coalesce(visit.commit_no, 0))::float8, 0
  from stops s
  join routes r using (route_id)
  join depots d using (depot_id)
  join vehicles v on v.vehicle_id = r.vehicle_id
  left join drivers w using (driver_id)
  left join lateral (
    select commit_no, outcome, evidence, confidence, out_of_sequence,
      case when not retracted then arrived_at end as arrived_at,
      case when not retracted then departed_at end as departed_at
    from stop_visits sv where sv.stop_id = s.stop_id
  ) visit on true`;

/** Writes the stops that `condition` (over s, r and visit) names, and returns their ids. */
export async function feedStops(
  feed: Feed,
  condition: string,
  values: readonly unknown[],
): Promise<number[]> {
  const { rows } = await feed.database.query<unknown[]>({
    text: `${stopQuery} where ${condition}`,
    values: [...values],
    rowMode: 'array',
  });
  await insertRows(
    feed.clickhouse,
    'stop_visits',
    stopColumns,
    rows,
    monthAt(stopColumns.indexOf('service_date')),
  );
  const id = stopColumns.indexOf('stop_id');
  return rows.map((row) => Number(row[id]));
}

/** Passes on the stops of every route that changed since, and takes back those no longer planned. */
export async function feedPlans(feed: Feed): Promise<void> {
  const { database } = feed;
  // All writers below `finished` have committed or given up, see the comment on routes.changed.
  const { rows } = await database.query<{ finished: string }>(
    'select pg_snapshot_xmin(pg_current_snapshot())::text as finished',
  );
  const finished = Number(rows[0]?.finished);
  const done = await position(database, 'plans');
  // A database restored into another server counts its transactions anew: read all plans again.
  const from = done > finished ? 0 : done;
  if (from === finished) return;
  const changed = await database.query<{ route_id: number }>(
    'select route_id from routes where changed >= $1 and changed < $2 order by route_id',
    [from, finished],
  );
  const routeIds = changed.rows.map((row) => row.route_id);
  for (let i = 0; i < routeIds.length; i += ROUTES_PER_ROUND) {
    await feedRoutes(feed, routeIds.slice(i, i + ROUTES_PER_ROUND));
  }
  if (routeIds.length > 0 || finished - from > IDLE_TRANSACTIONS || done > finished) {
    await pass(database, 'plans', finished);
  }
}

/** Without changed routes the place is kept seldom: it only saves reading an index from further back. */
const IDLE_TRANSACTIONS = 100_000;

async function feedRoutes(feed: Feed, routeIds: readonly number[]): Promise<void> {
  const planned = new Set(await feedStops(feed, 's.route_id = any($1)', [routeIds]));
  const result = await feed.clickhouse.query({
    query: `select toString(stop_id) as stop_id from stop_visits final where route_id in (${routeIds.join(', ')})`,
    format: 'JSONEachRow',
  });
  const known = (await result.json<{ stop_id: string }>()).map(({ stop_id }) => Number(stop_id));
  const gone = known.filter((stopId) => !planned.has(stopId));
  if (gone.length === 0) return;
  await feed.clickhouse.command({
    query: `insert into stop_visits
      select * replace (version + 1 as version, 1 as retracted) from stop_visits final
      where route_id in (${routeIds.join(', ')}) and stop_id in (${gone.join(', ')})`,
  });
}
