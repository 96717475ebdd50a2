import type { DrivingEvent } from '../api.ts';
import type { Query } from '../server/query.ts';

export type ScoreSubject = 'driver' | 'vehicle' | 'route';

/** Who or what is scored, by the column of the view that names it. */
const subjects: Readonly<Record<ScoreSubject, string>> = {
  driver: 'driver',
  vehicle: 'vehicle',
  route: `route || ' ' || service_date`,
};

export type Driven = { readonly subject: string; readonly distance: number; readonly routeDays: number };

/** Metres driven and routes under way, of trips that began within the time. */
export function driven(
  query: Query,
  by: ScoreSubject,
  { from, until }: { readonly from: number; readonly until: number },
): Promise<Driven[]> {
  return query<Driven>(
    `select ${subjects[by]} as subject, sum(t.distance)::float8 as distance,
       greatest(1, count(distinct r.route_id))::integer as "routeDays"
     from v_trip t
     left join lateral (
       select o.route_id, o.route, o.service_date, o.driver from v_route_run o
       where o.vehicle_id = t.vehicle_id and o.planned_departure <= t.started_at + interval '2 hours'
         and o.planned_departure > t.started_at - interval '20 hours'
       order by o.planned_departure desc limit 1
     ) r on true
     where t.started_at >= to_timestamp($1) and t.started_at < to_timestamp($2) and ${subjects[by]} is not null
     group by 1 order by 1 limit 5000`,
    [from, until],
  );
}

export function drivingEvents(
  query: Query,
  by: ScoreSubject,
  { from, until }: { readonly from: number; readonly until: number },
): Promise<(DrivingEvent & { readonly subject: string })[]> {
  return query(
    `select ${subjects[by]} as subject, kind, vehicle_id as "vehicleId", vehicle, route, driver,
       extract(epoch from started_at)::float8 as "startedAt", extract(epoch from ended_at)::float8 as "endedAt",
       value, limit_value as limit, distance, source, policy_version as "policyVersion"
     from v_behaviour
     where started_at >= to_timestamp($1) and started_at < to_timestamp($2) and ${subjects[by]} is not null
     order by started_at limit 100000`,
    [from, until],
  );
}
