import type pg from 'pg';

/** A route of a vehicle that is under way now, with its stops in order A, B, C …; their ids. */
export async function makeRoute(
  pool: pg.Pool,
  {
    fleetId,
    vehicle,
    code,
    stops,
    startsIn = -3600,
  }: {
    readonly fleetId: number;
    readonly vehicle: string;
    readonly code: string;
    readonly stops: readonly string[];
    /** Seconds until its planned departure. */
    readonly startsIn?: number;
  },
): Promise<{ readonly routeId: number; readonly stopIds: readonly number[] }> {
  await pool.query(
    `insert into depots (fleet_id, name, lng, lat, radius) values ($1, 'depot', -122.6, 45.5, 150) on conflict do nothing`,
    [fleetId],
  );
  const route = await pool.query(
    `insert into routes (fleet_id, code, service_date, depot_id, vehicle_id, planned_departure, planned_return)
     select $1, $2, (now() + $4 * interval '1 s')::date, d.depot_id, v.vehicle_id, now() + $4 * interval '1 s',
       now() + ($4 + 8 * 3600) * interval '1 s'
     from depots d, vehicles v where d.fleet_id = $1 and v.fleet_id = $1 and v.name = $3
     returning route_id`,
    [fleetId, code, vehicle, startsIn],
  );
  const routeId: number = route.rows[0].route_id;
  const made = await pool.query(
    `insert into stops (fleet_id, route_id, code, sequence, lng, lat, planned_arrival, service)
     select $1, $2, stop, n - 1, -122.6, 45.5, now(), 60 from unnest($3::text[]) with ordinality as s (stop, n)
     returning stop_id`,
    [fleetId, routeId, stops],
  );
  return { routeId, stopIds: made.rows.map((row) => Number(row.stop_id)) };
}

/** A command to a device, as the API makes it; its number. */
export async function makeCommand(
  pool: pg.Pool,
  device: string,
  kind: string,
  { body, seconds = 600 }: { readonly body?: object; readonly seconds?: number } = {},
): Promise<string> {
  const { rows } = await pool.query(
    `insert into commands (fleet_id, device_id, kind, body, created_by, expires_at)
     select fleet_id, device_id, $2, $3, 'test', now() + $4 * interval '1 second' from devices where name = $1
     returning command_id`,
    [device, kind, body ?? null, seconds],
  );
  return rows[0].command_id;
}
