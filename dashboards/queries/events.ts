import type { EventRow } from '../api.ts';
import type { Query } from '../server/query.ts';

/** The newest geofence crossings and stop visits. */
export function events(query: Query, limit: number): Promise<EventRow[]> {
  return query<EventRow>(
    `select extract(epoch from at)::float8 as at, kind, vehicle_id as "vehicleId", vehicle, place
     from newest_events($1)`,
    [limit],
  );
}
