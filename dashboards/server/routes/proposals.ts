import Type from 'typebox';
import { type Me, ProposalRow } from '../../api.ts';
import { writeAudit } from '../../queries/audit.ts';
import {
  advanceRoute,
  decideProposal,
  proposalById,
  proposals,
  reorderStops,
} from '../../queries/proposals.ts';
import type { App, AppDeps } from '../deps.ts';
import { conflict, notFound } from '../problems.ts';
import type { Query } from '../query.ts';
import { acceptRescue } from '../rescue-writes.ts';
import { whoAsks } from '../session.ts';
import { Id, Listing } from './inputs.ts';

const Params = Type.Object({ proposalId: Id });

/** Changed running orders that wait for a person. */
export function proposalRoutes(app: App, { database, live }: AppDeps): void {
  app.get(
    '/api/proposals',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Proposed running orders and rescues, newest first',
        querystring: Listing,
        response: { 200: Type.Array(ProposalRow) },
      },
    },
    (request) => {
      const { open = false, limit = 500 } = request.query;
      return database.withFleet(whoAsks(request).fleet.id, (query) => proposals(query, { open, limit }));
    },
  );

  app.post(
    '/api/proposals/:proposalId/accept',
    {
      config: { role: 'dispatcher' },
      schema: {
        summary: 'Adopt the proposed order, or one choice of a rescue, as new versions of the routes',
        params: Params,
        body: Type.Optional(
          Type.Object({
            choice: Type.Optional(
              Type.Integer({ minimum: 0, description: 'of a rescue; the best one, if absent' }),
            ),
          }),
        ),
        response: { 200: ProposalRow },
      },
    },
    async (request) => {
      const me = whoAsks(request);
      const { proposalId } = request.params;
      const accepted = await database.withFleet(
        me.fleet.id,
        (query) => accept(query, me, proposalId, request.body?.choice ?? 0),
        {
          write: true,
        },
      );
      live.changed(me.fleet.name, 'proposals');
      return accepted;
    },
  );

  app.post(
    '/api/proposals/:proposalId/dismiss',
    {
      config: { role: 'dispatcher' },
      schema: {
        summary: 'Decline it, with a reason',
        params: Params,
        body: Type.Object({ reason: Type.String({ minLength: 1, maxLength: 500 }) }),
        response: { 200: ProposalRow },
      },
    },
    async (request) => {
      const me = whoAsks(request);
      const { proposalId } = request.params;
      const { reason } = request.body;
      const dismissed = await database.withFleet(
        me.fleet.id,
        (query) => dismiss(query, me, proposalId, reason),
        { write: true },
      );
      live.changed(me.fleet.name, 'proposals');
      return dismissed;
    },
  );
}

/**
 * Optimistic: whoever is second, or comes after the route has changed, is told so and changes nothing.
 * Triggers on the plan tell the engine.
 */
async function accept(query: Query, me: Me, proposalId: number, choice: number): Promise<ProposalRow> {
  const proposal = await decidedBy(query, me, proposalId, { state: 'accepted' });
  if (proposal.kind === 'rescue') {
    await acceptRescue(query, me, proposal, choice);
    return (await proposalById(query, proposalId))!;
  }
  const { routeId, fromVersion, stopIds } = proposal;
  if (!(await advanceRoute(query, routeId, fromVersion))) {
    throw conflict(
      `Route ${proposal.route} has changed since this was proposed (from version ${fromVersion}); a new proposal will follow.`,
    );
  }
  if ((await reorderStops(query, routeId, stopIds)) !== stopIds.length) {
    throw conflict(`Route ${proposal.route} no longer has all the stops of this proposal.`);
  }
  await writeAudit(query, me, {
    action: 'accept',
    subject: `proposal ${proposalId}`,
    detail: { routeId, fromVersion, stopIds },
  });
  return proposal;
}

async function dismiss(query: Query, me: Me, proposalId: number, reason: string): Promise<ProposalRow> {
  const proposal = await decidedBy(query, me, proposalId, { state: 'dismissed', reason });
  await writeAudit(query, me, {
    action: 'dismiss',
    subject: `proposal ${proposalId}`,
    detail: { routeId: proposal.routeId, reason },
  });
  return proposal;
}

async function decidedBy(
  query: Query,
  me: Me,
  proposalId: number,
  decision: { readonly state: 'accepted' | 'dismissed'; readonly reason?: string },
): Promise<ProposalRow> {
  const isDecided = await decideProposal(query, proposalId, { ...decision, by: me.email });
  const proposal = await proposalById(query, proposalId);
  if (!proposal) throw notFound('proposal');
  if (!isDecided) throw conflict(`This proposal is already ${proposal.state}.`);
  return proposal;
}
