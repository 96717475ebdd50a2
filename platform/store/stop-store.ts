import type { ClientBase } from 'pg';
import type { PlanDocument } from '../../schemas/plan.ts';

export type StopRow = {
  readonly routeId: number;
  readonly sequence: number;
  readonly stop: PlanDocument['routes'][number]['stops'][number];
};

/**
 * Makes `rows` the stops of these routes, and returns how many rows that added, changed or removed.
 * A stop that was already visited stays even when the plan no longer has it: what happened is not
 * unplanned.
 */
export async function writeStops(
  client: ClientBase,
  fleetId: number,
  routeIds: readonly number[],
  rows: readonly StopRow[],
): Promise<number> {
  const routes = numberArray(rows.map(({ routeId }) => routeId));
  const codes = rows.map(({ stop }) => stop.code);
  const removed = await client.query(
    `delete from stops s
     where s.route_id = any($1)
       and not exists (select from unnest($2::integer[], $3::text[]) as t (route_id, code)
         where t.route_id = s.route_id and t.code = s.code)
       and not exists (select from stop_visits v where v.stop_id = s.stop_id)`,
    [routeIds, routes, codes],
  );
  const written = await client.query(
    `insert into stops (fleet_id, route_id, code, sequence, lng, lat, planned_arrival, service, packages,
       window_from, window_until)
     select $1, t.route_id, t.code, t.sequence, t.lng, t.lat, to_timestamp(t.planned_arrival), t.service,
       t.packages, to_timestamp(t.window_from), to_timestamp(t.window_until)
     from unnest($2::integer[], $3::text[], $4::integer[], $5::float8[], $6::float8[], $7::float8[], $8::real[],
       $9::integer[], $10::float8[], $11::float8[]) as t (route_id, code, sequence, lng, lat, planned_arrival,
       service, packages, window_from, window_until)
     on conflict (route_id, code) do update
       set sequence = excluded.sequence, lng = excluded.lng, lat = excluded.lat,
         planned_arrival = excluded.planned_arrival, service = excluded.service, packages = excluded.packages,
         window_from = excluded.window_from, window_until = excluded.window_until
       where (stops.sequence, stops.lng, stops.lat, stops.planned_arrival, stops.service, stops.packages,
         stops.window_from, stops.window_until)
         is distinct from (excluded.sequence, excluded.lng, excluded.lat, excluded.planned_arrival,
         excluded.service, excluded.packages, excluded.window_from, excluded.window_until)`,
    [
      fleetId,
      routes,
      codes,
      numberArray(rows.map(({ sequence }) => sequence)),
      numberArray(rows.map(({ stop }) => stop.position.lng)),
      numberArray(rows.map(({ stop }) => stop.position.lat)),
      numberArray(rows.map(({ stop }) => stop.plannedArrival)),
      numberArray(rows.map(({ stop }) => stop.service)),
      numberArray(rows.map(({ stop }) => stop.packages)),
      numberArray(rows.map(({ stop }) => stop.windowFrom)),
      numberArray(rows.map(({ stop }) => stop.windowUntil)),
    ],
  );
  return (removed.rowCount ?? 0) + (written.rowCount ?? 0);
}

/** PostgreSQL's array text: several times faster than the driver's own, which quotes every number. */
function numberArray(values: readonly (number | undefined)[]): string {
  return `{${values.map((value) => value ?? 'null').join(',')}}`;
}
