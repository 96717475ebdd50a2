import type { ClientBase } from 'pg';
import type { FleetTables } from '../../simulator/report/report.ts';

export type FleetTablesInput = {
  readonly fleet: string;
  readonly since: number;
  /** Whether the keys of all fixes are wanted; false where they are too many to be held. */
  readonly withFixes?: boolean | undefined;
};

/** What an acceptance report compares: everything the tables say of one fleet since an instant. */
export async function readFleetTables(
  client: ClientBase,
  { fleet, since, withFixes = true }: FleetTablesInput,
): Promise<FleetTables> {
  const values = [fleet, since];
  const crossings = await client.query<FleetTables['crossings'][number]>(
    `select v.name as vehicle, g.fence_set as set, g.name as fence, e.kind, extract(epoch from e.at)::float8 as at
     from events e join geofences g using (fence_id) join vehicles v using (vehicle_id)
     join fleets f on f.fleet_id = e.fleet_id
     where f.name = $1 and e.at >= to_timestamp($2) and not e.retracted`,
    values,
  );
  const visits = await client.query<{
    vehicle: string;
    stop: string;
    arrived: number;
    departed: number | null;
  }>(
    `select v.name as vehicle, s.code as stop, extract(epoch from x.arrived_at)::float8 as arrived,
       extract(epoch from x.departed_at)::float8 as departed
     from stop_visits x join stops s using (stop_id) join vehicles v on v.vehicle_id = x.vehicle_id
     join fleets f on f.fleet_id = x.fleet_id
     where f.name = $1 and x.arrived_at >= to_timestamp($2) and not x.retracted`,
    values,
  );
  const trips = await client.query<{ vehicle: string; started: number; ended: number | null }>(
    `select v.name as vehicle, extract(epoch from t.started_at)::float8 as started,
       extract(epoch from t.ended_at)::float8 as ended
     from trips t join vehicles v using (vehicle_id) join fleets f on f.fleet_id = t.fleet_id
     where f.name = $1 and t.started_at >= to_timestamp($2) and not t.retracted`,
    values,
  );
  const behaviours = await client.query<NonNullable<FleetTables['behaviours']>[number]>(
    `select v.name as vehicle, b.kind, extract(epoch from b.started_at)::float8 as "startedAt",
       extract(epoch from b.ended_at)::float8 as "endedAt"
     from behaviours b join vehicles v using (vehicle_id) join fleets f on f.fleet_id = b.fleet_id
     where f.name = $1 and b.started_at >= to_timestamp($2) and not b.retracted`,
    values,
  );
  const counters = await client.query<{ name: string; repeated: number; late: number; rejected: number }>(
    `select d.name, c.duplicate::float8 as repeated, c.late::float8 as late, c.rejected::float8 as rejected
     from device_counters c join devices d using (device_id) join fleets f on f.fleet_id = d.fleet_id
     where f.name = $1`,
    [fleet],
  );
  const sum = (of: 'late' | 'rejected') => counters.rows.reduce((total, row) => total + row[of], 0);
  return {
    storedByDevice: withFixes ? await storedByDevice(client, fleet) : new Map(),
    crossings: crossings.rows,
    visits: visits.rows.map(({ vehicle, stop, arrived, departed }) => ({
      vehicle,
      stop,
      arrivedAt: arrived,
      departedAt: departed ?? undefined,
    })),
    trips: trips.rows.map(({ vehicle, started, ended }) => ({
      vehicle,
      startedAt: started,
      endedAt: ended ?? undefined,
    })),
    behaviours: behaviours.rows,
    late: sum('late'),
    rejected: sum('rejected'),
    countersByDevice: new Map(counters.rows.map(({ name, ...rest }) => [name, rest])),
  };
}

/** Of all times: a device that lost its clock reports from another year. */
async function storedByDevice(client: ClientBase, fleet: string): Promise<Map<string, Map<string, number>>> {
  const devices = await client.query<{ device_id: number; name: string }>(
    'select d.device_id, d.name from devices d join fleets f using (fleet_id) where f.name = $1',
    [fleet],
  );
  const stored = new Map<string, Map<string, number>>();
  // A device at a time: what is held in memory at once stays small.
  for (const { device_id, name } of devices.rows) {
    const { rows } = await client.query<{ key: string; rows: number }>(
      `select round(extract(epoch from x.at) * 1000)::bigint || ':' || coalesce(x.seq::text, '-') as key,
         count(*)::int as rows
       from fixes x join devices d using (device_id)
       where x.device_id = $1 and x.vehicle_id = d.vehicle_id
       group by 1`,
      [device_id],
    );
    stored.set(name, new Map(rows.map(({ key, rows: count }) => [key, count])));
  }
  return stored;
}
