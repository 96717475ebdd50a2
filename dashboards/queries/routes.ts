import type { RouteDetail } from '../api.ts';
import type { Query } from '../server/query.ts';
import { paceOfRoute } from './pace.ts';

type RouteHead = Omit<RouteDetail, 'pace' | 'stops' | 'track'>;
type RouteStop = RouteDetail['stops'][number];

/** A track of more fixes than this shows its newest. */
const trackLimit = 20_000;

export async function routeDetail(query: Query, routeId: number): Promise<RouteDetail | undefined> {
  const [head] = await query<RouteHead>(
    `select r.route_id as "routeId", r.code as route, r.service_date::text as "serviceDate",
       json_build_object('name', d.name, 'lng', d.lng, 'lat', d.lat) as depot,
       r.vehicle_id as "vehicleId", v.name as vehicle, w.name as driver, r.version,
       extract(epoch from r.planned_departure)::float8 as "plannedDeparture",
       extract(epoch from r.planned_return)::float8 as "plannedReturn"
     from routes r
     join depots d using (depot_id)
     join vehicles v on v.vehicle_id = r.vehicle_id
     left join drivers w using (driver_id)
     where r.route_id = $1`,
    [routeId],
  );
  if (!head) return undefined;
  return {
    ...head,
    pace: (await paceOfRoute(query, routeId)) ?? null,
    stops: await stopsOfRoute(query, routeId),
    track: await trackOfRoute(query, head),
  };
}

function stopsOfRoute(query: Query, routeId: number): Promise<RouteStop[]> {
  return query<RouteStop>(
    `select stop_id as "stopId", stop as code, sequence, lng, lat, packages,
       extract(epoch from planned_arrival)::float8 as "plannedArrival", planned_service as "plannedService",
       extract(epoch from window_from)::float8 as "windowFrom",
       extract(epoch from window_until)::float8 as "windowUntil",
       extract(epoch from arrived_at)::float8 as "arrivedAt",
       extract(epoch from departed_at)::float8 as "departedAt", outcome, confidence
     from v_stop_visit
     where route_id = $1
     order by sequence, stop_id`,
    [routeId],
  );
}

/** Good fixes from planned departure (less an hour) to planned return (and six). */
async function trackOfRoute(query: Query, route: RouteHead): Promise<[number, number, number][]> {
  const rows = await query<{ lng: number; lat: number; at: number }>(
    `select lng, lat, extract(epoch from at)::float8 as at
     from v_fix
     where vehicle_id = $1 and flags = 0
       and at between to_timestamp($2) - interval '1 hour' and to_timestamp($3) + interval '6 hours'
     order by at desc
     limit $4`,
    [route.vehicleId, route.plannedDeparture, route.plannedReturn, trackLimit],
  );
  return rows.reverse().map(({ lng, lat, at }) => [lng, lat, at]);
}
