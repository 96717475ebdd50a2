import type { LiveVan } from '../../schemas/live.ts';
import type { VehicleRow } from '../api.ts';
import type { Query } from '../server/query.ts';
import { clockTable, isActive } from './clock.ts';

/** Every vehicle with its newest good fix and the route it is on today. */
export function vehicles(query: Query): Promise<VehicleRow[]> {
  return query<VehicleRow>(
    `with ${clockTable}, today as (
       select distinct on (r.vehicle_id) r.vehicle_id, r.route_id, r.code, d.name as depot
       from routes r join depots d using (depot_id)
       where ${isActive('r')}
       order by r.vehicle_id, r.planned_departure desc
     )
     select v.vehicle_id as "vehicleId", v.vehicle as name, t.route_id as "routeId", t.code as route, t.depot,
       extract(epoch from v.at)::float8 as at, v.lng, v.lat, v.speed, v.heading
     from v_vehicle_latest v left join today t using (vehicle_id)
     order by v.vehicle`,
  );
}

/** The same as the live map has it: only vehicles that have a fix, with the standing of their route. */
export function liveVans(query: Query): Promise<LiveVan[]> {
  return query<LiveVan>(
    `with ${clockTable}, today as (
       select distinct on (p.vehicle_id) p.vehicle_id, p.status, p.stops_done::float8 / greatest(p.stops_total, 1) as progress
       from v_pace_latest p
       where ${isActive('p')}
       order by p.vehicle_id, p.planned_departure desc
     )
     select v.vehicle_id as "vehicleId", v.lng, v.lat, coalesce(v.heading, 0) as heading,
       coalesce(v.speed, 0) as speed, extract(epoch from v.at)::float8 as at,
       coalesce(t.status, 'not_started') as status, coalesce(t.progress, 0) as progress
     from v_vehicle_latest v left join today t using (vehicle_id)
     where v.at is not null`,
  );
}

/** The instant the fleet is at. */
export async function fleetClock(query: Query): Promise<number> {
  const rows = await query<{ clock: number }>(
    `with ${clockTable} select extract(epoch from clock)::float8 as clock from now_of_fleet`,
  );
  return rows[0]?.clock ?? 0;
}
