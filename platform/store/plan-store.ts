import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import { Fault } from '../../schemas/fault.ts';
import type { PlanDocument } from '../../schemas/plan.ts';
import { writeFences } from './fence-store.ts';
import { planProblems } from './plan-check.ts';
import { type StopRow, writeStops } from './stop-store.ts';

export type PlanWritten = {
  readonly fleetId: number;
  readonly depotIds: ReadonlyMap<string, number>;
  /** By code. */
  readonly driverIds: ReadonlyMap<string, number>;
  readonly vehicleIds: ReadonlyMap<string, number>;
  /** By device name. */
  readonly deviceIds: ReadonlyMap<string, number>;
  /** By `routeKey`. */
  readonly routeIds: ReadonlyMap<string, number>;
  /** Rows of any table added, changed or removed; 0 when the plan was already written. */
  readonly changes: number;
};

type PlannedRoute = PlanDocument['routes'][number];
type Ids = Pick<PlanWritten, 'fleetId' | 'depotIds' | 'driverIds' | 'vehicleIds'>;

/** Stops of one statement: a few megabytes of parameters. */
const STOPS_PER_STATEMENT = 20_000;
const ROUTES_PER_STATEMENT = 5_000;

export const routeKey = ({ serviceDate, code }: { serviceDate: string; code: string }): string =>
  `${serviceDate}/${code}`;

/**
 * Writes a plan in one transaction of its own and tells the other processes when it changed
 * anything. The fleet is created where it does not exist. Writing the same plan again changes
 * nothing, also when a dispatcher has accepted another running order since; a changed plan of a
 * route replaces its stops, save those already visited.
 */
export async function writePlan(client: ClientBase, plan: PlanDocument): Promise<PlanWritten> {
  const problems = planProblems(plan);
  if (problems.length > 0) {
    throw new Fault(
      'input/invalid',
      `the plan of fleet “${plan.fleet}” cannot be written: ${problems.join('; ')}`,
    );
  }
  await client.query('begin');
  try {
    const written = await writeAll(client, plan);
    // Inside the transaction: delivered when it commits, and not at all when it does not.
    if (written.changes > 0) {
      for (const channel of ['paceline_world', 'paceline_directory']) {
        await client.query('select pg_notify($1, $2)', [channel, String(written.fleetId)]);
      }
    }
    await client.query('commit');
    return written;
  } catch (cause) {
    await client.query('rollback');
    throw cause;
  }
}

async function writeAll(client: ClientBase, plan: PlanDocument): Promise<PlanWritten> {
  const fleet = await writeFleet(client, plan);
  const { fleetId } = fleet;
  const depots = await writeNamed(client, depotStatement, [
    fleetId,
    plan.depots.map(({ name }) => name),
    plan.depots.map(({ position }) => position.lng),
    plan.depots.map(({ position }) => position.lat),
    plan.depots.map(({ radius }) => radius),
  ]);
  const drivers = await writeNamed(client, driverStatement, [
    fleetId,
    plan.drivers.map(({ code }) => code),
    plan.drivers.map(({ name }) => name),
  ]);
  const vehicles = await writeNamed(client, vehicleStatement, [
    fleetId,
    plan.vehicles.map(({ name }) => name),
  ]);
  const devices = await writeNamed(client, deviceStatement, [
    fleetId,
    plan.vehicles.map(({ device }) => device),
    plan.vehicles.map(({ name }) => idOf(vehicles.ids, name)),
  ]);
  const fences = await writeFences(client, fleetId, plan.fences);

  const ids: Ids = { fleetId, depotIds: depots.ids, driverIds: drivers.ids, vehicleIds: vehicles.ids };
  const routeIds = new Map<string, number>();
  let routeChanges = 0;
  for (let from = 0; from < plan.routes.length; from += ROUTES_PER_STATEMENT) {
    routeChanges += await writeRoutes(
      client,
      ids,
      plan.routes.slice(from, from + ROUTES_PER_STATEMENT),
      routeIds,
    );
  }
  const changes =
    fleet.changes + depots.changes + drivers.changes + vehicles.changes + devices.changes + routeChanges;
  return { ...ids, deviceIds: devices.ids, routeIds, changes: changes + fences.added + fences.changed };
}

async function writeFleet(
  client: ClientBase,
  plan: PlanDocument,
): Promise<{ fleetId: number; changes: number }> {
  const { rowCount } = await client.query(
    `insert into fleets (name, time_zone) values ($1, $2)
     on conflict (name) do update set time_zone = excluded.time_zone
     where fleets.time_zone <> excluded.time_zone`,
    [plan.fleet, plan.timeZone],
  );
  // Two writers of one fleet's plan take turns; `no key` lets rows that refer to the fleet through.
  const { rows } = await client.query<{ fleet_id: number }>(
    'select fleet_id from fleets where name = $1 for no key update',
    [plan.fleet],
  );
  const [row] = rows;
  if (row === undefined)
    throw new Fault('database/failed', `fleet “${plan.fleet}” vanished while it was written`);
  return { fleetId: row.fleet_id, changes: rowCount ?? 0 };
}

/** Each adds or changes rows by name, returns how many, and gives the ids of all it was asked for. */
const depotStatement = {
  write: `insert into depots (fleet_id, name, lng, lat, radius)
    select $1, * from unnest($2::text[], $3::float8[], $4::float8[], $5::real[])
    on conflict (fleet_id, name) do update
      set lng = excluded.lng, lat = excluded.lat, radius = excluded.radius
      where (depots.lng, depots.lat, depots.radius) is distinct from (excluded.lng, excluded.lat, excluded.radius)`,
  read: 'select depot_id as id, name from depots where fleet_id = $1 and name = any($2)',
};
const driverStatement = {
  write: `insert into drivers (fleet_id, code, name)
    select $1, * from unnest($2::text[], $3::text[])
    on conflict (fleet_id, code) do update set name = excluded.name where drivers.name <> excluded.name`,
  read: 'select driver_id as id, code as name from drivers where fleet_id = $1 and code = any($2)',
};
const vehicleStatement = {
  write: `insert into vehicles (fleet_id, name)
    select $1, * from unnest($2::text[]) on conflict (fleet_id, name) do nothing`,
  read: 'select vehicle_id as id, name from vehicles where fleet_id = $1 and name = any($2)',
};
const deviceStatement = {
  write: `insert into devices (fleet_id, name, vehicle_id, registered_by)
    select $1, t.name, t.vehicle_id, 'plan' from unnest($2::text[], $3::integer[]) as t (name, vehicle_id)
    on conflict (fleet_id, name) do update set vehicle_id = excluded.vehicle_id
      where devices.vehicle_id is distinct from excluded.vehicle_id`,
  read: 'select device_id as id, name from devices where fleet_id = $1 and name = any($2)',
};

async function writeNamed(
  client: ClientBase,
  { write, read }: { write: string; read: string },
  parameters: readonly [fleetId: number, names: readonly string[], ...columns: (readonly unknown[])[]],
): Promise<{ ids: ReadonlyMap<string, number>; changes: number }> {
  const { rowCount } = await client.query(write, [...parameters]);
  const { rows } = await client.query<{ id: number; name: string }>(read, parameters.slice(0, 2));
  return { ids: new Map(rows.map(({ id, name }) => [name, id])), changes: rowCount ?? 0 };
}

/** Adds the ids of all `routes` to `routeIds`; the rows written are those whose hash is another. */
async function writeRoutes(
  client: ClientBase,
  ids: Ids,
  routes: readonly PlannedRoute[],
  routeIds: Map<string, number>,
): Promise<number> {
  const { rows: changed } = await client.query<{ route_id: number; key: string }>(
    `insert into routes (fleet_id, code, service_date, depot_id, vehicle_id, driver_id,
       planned_departure, planned_return, plan_hash)
     select $1, t.code, t.service_date, t.depot_id, t.vehicle_id, t.driver_id,
       to_timestamp(t.planned_departure), to_timestamp(t.planned_return), decode(t.plan_hash, 'hex')
     from unnest($2::text[], $3::date[], $4::integer[], $5::integer[], $6::integer[], $7::float8[], $8::float8[],
       $9::text[]) as t (code, service_date, depot_id, vehicle_id, driver_id, planned_departure, planned_return,
       plan_hash)
     on conflict (fleet_id, service_date, code) do update
       set depot_id = excluded.depot_id, vehicle_id = excluded.vehicle_id, driver_id = excluded.driver_id,
         planned_departure = excluded.planned_departure, planned_return = excluded.planned_return,
         plan_hash = excluded.plan_hash, version = routes.version + 1
       where routes.plan_hash is distinct from excluded.plan_hash
     returning route_id, service_date || '/' || code as key`,
    [
      ids.fleetId,
      routes.map(({ code }) => code),
      routes.map(({ serviceDate }) => serviceDate),
      routes.map(({ depot }) => idOf(ids.depotIds, depot)),
      routes.map(({ vehicle }) => idOf(ids.vehicleIds, vehicle)),
      routes.map(({ driver }) => (driver === undefined ? null : idOf(ids.driverIds, driver))),
      routes.map(({ plannedDeparture }) => plannedDeparture),
      routes.map(({ plannedReturn }) => plannedReturn),
      routes.map(routeHash),
    ],
  );
  const { rows: all } = await client.query<{ route_id: number; key: string }>(
    `select route_id, service_date || '/' || code as key
     from routes join unnest($2::date[], $3::text[]) as t (service_date, code) using (service_date, code)
     where fleet_id = $1`,
    [ids.fleetId, routes.map(({ serviceDate }) => serviceDate), routes.map(({ code }) => code)],
  );
  for (const { route_id, key } of all) routeIds.set(key, route_id);
  const byKey = new Map(routes.map((route) => [routeKey(route), route]));
  const rewritten = changed.flatMap(({ route_id, key }) => {
    const route = byKey.get(key);
    return route === undefined ? [] : [{ routeId: route_id, route }];
  });
  return changed.length + (await writeStopsOf(client, ids.fleetId, rewritten));
}

async function writeStopsOf(
  client: ClientBase,
  fleetId: number,
  routes: readonly { readonly routeId: number; readonly route: PlannedRoute }[],
): Promise<number> {
  let changes = 0;
  let routeIds: number[] = [];
  let rows: StopRow[] = [];
  const flush = async () => {
    if (routeIds.length > 0) changes += await writeStops(client, fleetId, routeIds, rows);
    routeIds = [];
    rows = [];
  };
  for (const { routeId, route } of routes) {
    routeIds.push(routeId);
    for (const [sequence, stop] of route.stops.entries()) rows.push({ routeId, sequence, stop });
    if (rows.length >= STOPS_PER_STATEMENT) await flush();
  }
  await flush();
  return changes;
}

/** Over values in a fixed order, so that the order of keys in a document does not matter. */
function routeHash(route: PlannedRoute): string {
  const values = [
    [route.depot, route.vehicle, route.driver, route.plannedDeparture, route.plannedReturn],
    route.stops.map((stop) => [
      [stop.code, stop.position.lng, stop.position.lat, stop.plannedArrival, stop.service, stop.packages],
      [stop.windowFrom, stop.windowUntil],
    ]),
  ];
  return createHash('sha256').update(JSON.stringify(values)).digest('hex');
}

function idOf(ids: ReadonlyMap<string, number>, name: string): number {
  const id = ids.get(name);
  if (id === undefined) throw new Error(`bug: “${name}” passed the plan's check and got no id`);
  return id;
}
