import type { PaceRow } from '../api.ts';
import type { Query } from '../server/query.ts';
import { clockTable, isActive } from './clock.ts';

const paceColumns = `p.route_id as "routeId", p.route, p.depot, p.vehicle_id as "vehicleId", p.vehicle, p.driver,
  extract(epoch from p.at)::float8 as at, p.status, p.stops_total as "stopsTotal", p.stops_done as "stopsDone",
  p.stops_expected as "stopsExpected", p.stops_behind as "stopsBehind", p.seconds_behind as "secondsBehind",
  p.rate, p.rate_needed as "rateNeeded",
  extract(epoch from p.finish_planned)::float8 as "finishPlanned",
  extract(epoch from p.finish_p50)::float8 as "finishP50", extract(epoch from p.finish_p90)::float8 as "finishP90",
  p.late_probability as "lateProbability", p.next_stop_id as "nextStopId",
  extract(epoch from f.at)::float8 as "lastSeen"`;

// Lateral, and fenced by `offset 0`: so the vehicle goes into the view as a condition, and not every
// vehicle of the fleet comes out of it to be joined.
const paceTables = `v_pace_latest p
  left join lateral (select l.at from v_vehicle_latest l where l.vehicle_id = p.vehicle_id offset 0) f on true`;

/** The newest standing of every route of the day in hand, worst first; of some routes only, if named. */
export function paceBoard(query: Query, routeIds?: readonly number[]): Promise<PaceRow[]> {
  return query<PaceRow>(
    `with ${clockTable}
     select ${paceColumns} from ${paceTables}
     where ${isActive('p')} and ($1::int[] is null or p.route_id = any($1::int[]))
     order by p.late_probability desc, p.seconds_behind desc, p.route`,
    [routeIds ?? null],
  );
}

/** The newest standing of one route, of whatever day. */
export async function paceOfRoute(query: Query, routeId: number): Promise<PaceRow | undefined> {
  const rows = await query<PaceRow>(`select ${paceColumns} from ${paceTables} where p.route_id = $1`, [
    routeId,
  ]);
  return rows[0];
}
