import type { RescueChoice, RescuePart } from '../../schemas/rescue.ts';
import type { RescueRow } from '../api.ts';
import type { Query } from '../server/query.ts';

/** Stops as they were before a rescue, and the versions its routes had after it. */
export type Undo = {
  readonly versions: readonly { readonly routeId: number; readonly version: number }[];
  readonly stops: readonly {
    readonly stopId: number;
    readonly routeId: number;
    readonly code: string;
    readonly sequence: number;
    readonly plannedArrival: number;
  }[];
};

/** Stops of these routes as they are now. */
export async function stopsNow(query: Query, routeIds: readonly number[]): Promise<Undo['stops']> {
  return query(
    `select stop_id::float8 as "stopId", route_id as "routeId", code, sequence,
       extract(epoch from planned_arrival)::float8 as "plannedArrival"
     from stops where route_id = any($1) order by route_id, sequence`,
    [routeIds],
  );
}

/** Which of these stops were visited already. */
export async function visitedOf(query: Query, stopIds: readonly number[]): Promise<number[]> {
  const rows = await query<{ stopId: number }>(
    'select stop_id::float8 as "stopId" from v_stop_visit where stop_id = any($1::bigint[]) and arrived_at is not null',
    [stopIds],
  );
  return rows.map(({ stopId }) => stopId);
}

/** Gives stops to another route; a code that is taken there gets its old route's name before it. */
export async function moveStops(
  query: Query,
  { from, to, stopIds }: { from: number; to: number; stopIds: readonly number[] },
): Promise<number> {
  const rows = await query(
    `update stops s set route_id = $2,
       code = case when exists (select from stops o where o.route_id = $2 and o.code = s.code)
         then (select r.code from routes r where r.route_id = $1) || '.' || s.code else s.code end
     where s.route_id = $1 and s.stop_id = any($3::bigint[])
     returning s.stop_id`,
    [from, to, stopIds],
  );
  return rows.length;
}

/** Puts a route's stops into this order with these planned arrivals; how many stops it placed. */
export async function replanStops(
  query: Query,
  routeId: number,
  { order, times }: { order: readonly number[]; times: readonly number[] },
): Promise<number> {
  const rows = await query(
    `update stops s set sequence = u.n - 1, planned_arrival = to_timestamp(u.at)
     from unnest($2::bigint[], $3::float8[]) with ordinality as u (stop_id, at, n)
     where s.stop_id = u.stop_id and s.route_id = $1
     returning s.stop_id`,
    [routeId, order, times],
  );
  return rows.length;
}

export async function agreeHandover(
  query: Query,
  { proposalId, fromRouteId, part }: { proposalId: number; fromRouteId: number; part: RescuePart },
): Promise<void> {
  await query(
    `insert into handovers (fleet_id, proposal_id, from_route_id, to_route_id, lng, lat, meet_at, wait_until,
       service, stop_ids, from_after_stop_id, to_after_stop_id)
     values (current_fleet(), $1, $2, $3, $4, $5, to_timestamp($6), to_timestamp($7), $8, $9, $10, $11)`,
    [
      ...[proposalId, fromRouteId, part.helperRouteId, part.lng, part.lat, part.meetAt, part.waitUntil],
      ...[part.service, part.stopIds, part.giverAfterStopId, part.helperAfterStopId],
    ],
  );
}

export async function keepUndo(
  query: Query,
  proposalId: number,
  { choice, stops }: { choice: number; stops: Undo['stops'] },
): Promise<void> {
  const routeIds = [...new Set(stops.map(({ routeId }) => routeId))];
  const versions = await query('select route_id as "routeId", version from routes where route_id = any($1)', [
    routeIds,
  ]);
  await query('update proposals set choice = $2, undo = $3 where proposal_id = $1', [
    proposalId,
    choice,
    JSON.stringify({ versions, stops }),
  ]);
}

/** What to go back to; undefined when the proposal is not an accepted rescue. Locks it. */
export async function undoOf(
  query: Query,
  proposalId: number,
): Promise<{ undo: Undo; handovers: { state: string; stopIds: number[] }[] } | undefined> {
  const rows = await query<{ undo: Undo; handovers: { state: string; stopIds: number[] }[] }>(
    `select undo, (select json_agg(json_build_object('state', h.state, 'stopIds', to_json(h.stop_ids)))
       from handovers h where h.proposal_id = p.proposal_id) as handovers
     from proposals p where proposal_id = $1 and state = 'accepted' and kind = 'rescue' and undo is not null`,
    [proposalId],
  );
  return rows[0];
}

export async function restore(query: Query, proposalId: number, { stops }: Undo): Promise<number> {
  const rows = await query(
    `update stops s set route_id = u."routeId", code = u.code, sequence = u.sequence,
       planned_arrival = to_timestamp(u."plannedArrival")
     from jsonb_to_recordset($1::jsonb)
       as u ("stopId" bigint, "routeId" integer, code text, sequence integer, "plannedArrival" float8)
     where s.stop_id = u."stopId"
     returning s.stop_id`,
    [JSON.stringify(stops)],
  );
  await query(
    `update handovers set state = 'cancelled', ended_at = now()
     where proposal_id = $1 and state in ('agreed', 'failed')`,
    [proposalId],
  );
  return rows.length;
}

/** Marks an accepted rescue as taken back. */
export async function markUndone(
  query: Query,
  proposalId: number,
  by: string,
  reason: string,
): Promise<boolean> {
  const rows = await query(
    `update proposals set state = 'undone', decided_at = now(), decided_by = $2, decision_reason = $3
     where proposal_id = $1 and state = 'accepted' returning proposal_id`,
    [proposalId, by, reason],
  );
  return rows.length > 0;
}

/** Every route a choice touches, with the version it starts from. */
export const routesOf = (
  routeId: number,
  fromVersion: number,
  { parts }: RescueChoice,
): { routeId: number; version: number }[] => [
  { routeId, version: fromVersion },
  ...parts.map(({ helperRouteId, helperVersion }) => ({ routeId: helperRouteId, version: helperVersion })),
];

export function rescues(query: Query, limit: number): Promise<RescueRow[]> {
  const instant = (column: string) => `extract(epoch from ${column})::float8`;
  return query<RescueRow>(
    `select proposal_id::float8 as "proposalId", 'H' || handover_id as handover, state,
       ${instant('accepted_at')} as "acceptedAt", coalesce(accepted_by, '') as "acceptedBy",
       proposal_state as "proposalState",
       coalesce((select p.detail ->> 'cause' from proposals p where p.proposal_id = v_rescue.proposal_id), '') as cause,
       route_id as "routeId", route, vehicle, helper_route_id as "helperRouteId", helper_route as "helperRoute", helper_vehicle as "helperVehicle", ${instant('meet_at')} as "meetAt",
       ${instant('ended_at')} as "endedAt", stops_moved as "stopsMoved", stops_served::integer as "stopsServed",
       stops_late::integer as "stopsLate",
       ${instant('finish_without')} as "finishWithout", ${instant('finish_expected')} as "finishExpected",
       ${instant('finish_now')} as "finishNow", ${instant('helper_finish_now')} as "helperFinishNow",
       ${instant('helper_finish_planned')} as "helperFinishPlanned"
     from v_rescue where accepted_at is not null order by accepted_at desc, handover_id desc limit $1`,
    [limit],
  );
}

/** Takes a van out of service, or says again why. */
export async function takeOut(
  query: Query,
  { vehicleId, reason, by }: { vehicleId: number; reason: string; by: string },
): Promise<boolean> {
  const rows = await query(
    `insert into out_of_service (vehicle_id, fleet_id, since, reason, marked_by)
     select vehicle_id, fleet_id, now(), $2, $3 from vehicles where vehicle_id = $1
     on conflict (vehicle_id) do nothing
     returning vehicle_id`,
    [vehicleId, reason, by],
  );
  return rows.length > 0;
}

export async function bringBack(query: Query, vehicleId: number): Promise<boolean> {
  const rows = await query('delete from out_of_service where vehicle_id = $1 returning vehicle_id', [
    vehicleId,
  ]);
  return rows.length > 0;
}
