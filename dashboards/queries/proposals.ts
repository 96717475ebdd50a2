import type { ProposalRow } from '../api.ts';
import type { Query } from '../server/query.ts';

const proposalColumns = `p.proposal_id as "proposalId", p.route_id as "routeId", r.code as route, v.name as vehicle,
  p.from_version as "fromVersion", extract(epoch from p.created_at)::float8 as "createdAt",
  to_json(p.stop_ids) as "stopIds", p.cost_before as "costBefore", p.cost_after as "costAfter", p.explanation,
  p.state, p.kind, p.detail, p.choice,
  (select coalesce(json_agg(json_build_object('code', 'H' || h.handover_id, 'state', h.state,
     'meetAt', extract(epoch from h.meet_at)::float8) order by h.handover_id), '[]')
   from handovers h where h.proposal_id = p.proposal_id) as handovers`;

const proposalTables =
  'proposals p join routes r using (route_id) join vehicles v on v.vehicle_id = r.vehicle_id';

/** Proposals, newest first; only those not decided, if `open`. */
export function proposals(query: Query, which: { open: boolean; limit: number }): Promise<ProposalRow[]> {
  return query<ProposalRow>(
    `select ${proposalColumns} from ${proposalTables}
     where not $1 or p.state = 'open'
     order by p.created_at desc, p.proposal_id desc
     limit $2`,
    [which.open, which.limit],
  );
}

export async function proposalById(query: Query, proposalId: number): Promise<ProposalRow | undefined> {
  const rows = await query<ProposalRow>(
    `select ${proposalColumns} from ${proposalTables} where p.proposal_id = $1`,
    [proposalId],
  );
  return rows[0];
}

/** Whether the proposal was still open, and is now decided. */
export async function decideProposal(
  query: Query,
  proposalId: number,
  decision: { readonly state: 'accepted' | 'dismissed'; readonly by: string; readonly reason?: string },
): Promise<boolean> {
  const rows = await query(
    `update proposals set state = $2, decided_at = now(), decided_by = $3, decision_reason = $4
     where proposal_id = $1 and state = 'open'
     returning proposal_id`,
    [proposalId, decision.state, decision.by, decision.reason ?? null],
  );
  return rows.length > 0;
}

/** Takes the route from one version to the next; false when it is at another version already. */
export async function advanceRoute(query: Query, routeId: number, fromVersion: number): Promise<boolean> {
  const rows = await query(
    `update routes set version = version + 1
     where route_id = $1 and version = $2
     returning route_id`,
    [routeId, fromVersion],
  );
  return rows.length > 0;
}

/**
 * Puts these stops of a route into this order, among the places they hold now: stops that are not
 * named keep theirs. How many stops it placed.
 */
export async function reorderStops(
  query: Query,
  routeId: number,
  stopIds: readonly number[],
): Promise<number> {
  const rows = await query(
    `with place as (
       select sequence, row_number() over (order by sequence, stop_id) as n
       from stops where route_id = $1 and stop_id = any($2::bigint[])
     ), wanted as (
       select stop_id, n from unnest($2::bigint[]) with ordinality as u(stop_id, n)
     )
     update stops s set sequence = place.sequence
     from wanted join place using (n)
     where s.stop_id = wanted.stop_id and s.route_id = $1
     returning s.stop_id`,
    [routeId, stopIds],
  );
  return rows.length;
}
