import type pg from 'pg';
import { type BehaviourPolicy, defaultBehaviourPolicy } from '../../schemas/behaviour.ts';
import type { World, WorldVersion } from '../../schemas/engine-store.ts';
import type { Fence } from '../../schemas/fence.ts';
import type { Route, Stop, Vehicle } from '../../schemas/plan.ts';
import { instant } from './columns.ts';

/** Routes this much older than their fleet's newest are history: nothing live can concern them. */
const ROUTE_DAYS = '3 days';

export async function worldVersion(client: pg.Client): Promise<WorldVersion> {
  const { rows } = await client.query<{ kind: keyof WorldVersion; version: string }>(
    `select case when subject in ('routes', 'stops') then 'routes' when subject = 'geofences' then 'fences'
         when subject = 'vehicles' then 'vehicles' else 'world' end as kind,
       count(*) || '/' || max(change_id) as version
     from world_changes group by 1`,
  );
  const version = new Map(rows.map((row) => [row.kind, row.version]));
  const orders = await client.query<{ version: string }>(
    `select count(*) || '/' || coalesce(md5(string_agg(vehicle_id || '@' || from_at, ' ' order by vehicle_id)), '')
       as version from rederivations`,
  );
  const of = (kind: keyof WorldVersion) => version.get(kind) ?? 'none';
  return {
    world: of('world'),
    vehicles: of('vehicles'),
    fences: of('fences'),
    routes: of('routes'),
    orders: orders.rows[0]?.version ?? '',
  };
}

export async function world(client: pg.Client): Promise<World> {
  const fleets = await client.query('select fleet_id as id, name, time_zone as "timeZone" from fleets');
  const depots = await client.query(
    `select depot_id as id, fleet_id as "fleetId", name, radius,
       json_build_object('lng', lng, 'lat', lat) as position from depots`,
  );
  const policies = await client.query<{ fleetId: number; version: number; policy: Partial<BehaviourPolicy> }>(
    `select distinct on (fleet_id) fleet_id as "fleetId", version, policy from behaviour_policies
     order by fleet_id, version desc`,
  );
  const behaviourPolicies = new Map(
    policies.rows.map(({ fleetId, version, policy }) => [
      fleetId,
      { ...defaultBehaviourPolicy, ...policy, version },
    ]),
  );
  return { fleets: fleets.rows, depots: depots.rows, behaviourPolicies };
}

export async function vehicles(client: pg.Client): Promise<Vehicle[]> {
  const { rows } = await client.query('select vehicle_id as id, fleet_id as "fleetId", name from vehicles');
  return rows;
}

export async function fences(client: pg.Client): Promise<Fence[]> {
  const { rows } = await client.query<Fence>(
    `select fence_id as id, fleet_id as "fleetId", fence_set as set, name, kind, shape, policy
     from geofences where deleted_at is null order by fence_id`,
  );
  return rows;
}

export async function routeIds(
  client: pg.Client,
  known: ReadonlyMap<number, number>,
): Promise<{ current: number[]; ids: number[] }> {
  const { rows: versions } = await client.query<{ id: number; version: number }>(
    `select r.route_id as id, r.version from routes r
     join (select fleet_id, max(planned_departure) as newest from routes group by fleet_id) f using (fleet_id)
     where r.planned_departure >= f.newest - interval '${ROUTE_DAYS}'`,
  );
  const ids = versions.filter(({ id, version }) => known.get(id) !== version).map(({ id }) => id);
  return { current: versions.map(({ id }) => id), ids };
}

export async function routes(client: pg.Client, ids: readonly number[]): Promise<Route[]> {
  if (ids.length === 0) return [];
  const { rows } = await client.query<Omit<Route, 'stops'>>(
    `select route_id as id, fleet_id as "fleetId", code, service_date::text as "serviceDate",
       depot_id as "depotId", vehicle_id as "vehicleId", driver_id as "driverId", version,
       ${instant('planned_departure', 'plannedDeparture')}, ${instant('planned_return', 'plannedReturn')}
     from routes where route_id = any($1) order by planned_departure, route_id`,
    [ids],
  );
  const { rows: stops } = await client.query<
    Stop & { windowFrom: number | null; windowUntil: number | null }
  >(
    `select stop_id::float8 as id, route_id as "routeId", code, sequence, service::float8, packages,
       json_build_object('lng', lng, 'lat', lat) as position,
       ${instant('planned_arrival', 'plannedArrival')},
       ${instant('window_from', 'windowFrom')}, ${instant('window_until', 'windowUntil')}
     from stops where route_id = any($1) order by route_id, sequence, stop_id`,
    [ids],
  );
  const stopsByRoute = new Map<number, Stop[]>(ids.map((id) => [id, []]));
  for (const stop of stops) {
    const { windowFrom, windowUntil } = stop;
    const own = { ...stop, windowFrom: windowFrom ?? undefined, windowUntil: windowUntil ?? undefined };
    stopsByRoute.get(stop.routeId)?.push(own);
  }
  return rows.map((route) => ({
    ...route,
    driverId: route.driverId ?? undefined,
    stops: stopsByRoute.get(route.id) ?? [],
  }));
}
