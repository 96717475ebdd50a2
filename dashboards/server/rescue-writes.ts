import type { RescueChoice } from '../../schemas/rescue.ts';
import type { Me, ProposalRow } from '../api.ts';
import { writeAudit } from '../queries/audit.ts';
import { advanceRoute, proposalById } from '../queries/proposals.ts';
import {
  agreeHandover,
  keepUndo,
  markUndone,
  moveStops,
  replanStops,
  restore,
  routesOf,
  stopsNow,
  undoOf,
  visitedOf,
} from '../queries/rescues.ts';
import { conflict, notFound } from './problems.ts';
import type { Query } from './query.ts';

/**
 * Adopts one choice of a rescue in the transaction it is called in: every route of it goes one version
 * further, or nothing happens. The moved stops belong to the helper from now on; a hand-over is agreed.
 */
export async function acceptRescue(
  query: Query,
  me: Me,
  proposal: ProposalRow,
  index: number,
): Promise<void> {
  const { proposalId, routeId, fromVersion, detail } = proposal;
  const choice = detail?.choices[index];
  if (!choice) throw notFound('choice of this proposal');
  const routes = routesOf(routeId, fromVersion, choice);
  const before = await stopsNow(
    query,
    routes.map((route) => route.routeId),
  );
  // In one order everywhere, so that two dispatchers wait for one another rather than for ever.
  for (const route of routes.toSorted((a, b) => a.routeId - b.routeId)) {
    if (!(await advanceRoute(query, route.routeId, route.version))) {
      throw conflict(
        `${nameOf(proposal, choice, route.routeId)} has changed since this was proposed; a new proposal will follow.`,
      );
    }
  }
  const moved = choice.parts.flatMap(({ stopIds }) => stopIds);
  const visited = await visitedOf(query, moved);
  if (visited.length > 0) {
    throw conflict(`${visited.length} of the stops to be handed over have been served meanwhile.`);
  }
  for (const part of choice.parts) {
    const { helperRouteId, stopIds, helperOrder, helperTimes } = part;
    const count = await moveStops(query, { from: routeId, to: helperRouteId, stopIds });
    if (count !== stopIds.length) throw lost(proposal.route);
    const plan = { order: helperOrder, times: helperTimes };
    if ((await replanStops(query, helperRouteId, plan)) !== helperOrder.length) throw lost(part.helperRoute);
    await agreeHandover(query, { proposalId, fromRouteId: routeId, part });
  }
  const { giverOrder, giverTimes } = choice;
  if ((await replanStops(query, routeId, { order: giverOrder, times: giverTimes })) !== giverOrder.length) {
    throw lost(proposal.route);
  }
  await keepUndo(query, proposalId, { choice: index, stops: before });
  await writeAudit(query, me, {
    action: 'accept rescue',
    subject: `proposal ${proposalId}`,
    detail: { routeId, fromVersion, choice: index, helpers: routes.slice(1), stopIds: moved },
  });
}

const lost = (route: string) => conflict(`Route ${route} no longer has all the stops of this rescue.`);

function nameOf(proposal: ProposalRow, { parts }: RescueChoice, routeId: number): string {
  const part = parts.find(({ helperRouteId }) => helperRouteId === routeId);
  return `Route ${part?.helperRoute ?? proposal.route}`;
}

/** Takes an accepted rescue back while no parcel has changed vans and neither route was changed since. */
export async function undoRescue(
  query: Query,
  me: Me,
  proposalId: number,
  reason: string,
): Promise<ProposalRow> {
  const known = await undoOf(query, proposalId);
  if (!known) {
    if (!(await proposalById(query, proposalId))) throw notFound('proposal');
    throw conflict('Only a rescue that was accepted can be taken back.');
  }
  const { undo, handovers } = known;
  if (handovers.some(({ state }) => state === 'done')) {
    throw conflict('The hand-over has happened: the parcels are in the other van.');
  }
  const moved = handovers.flatMap(({ stopIds }) => stopIds);
  if ((await visitedOf(query, moved)).length > 0) {
    throw conflict('The helper has served stops of this rescue already.');
  }
  for (const { routeId, version } of undo.versions.toSorted((a, b) => a.routeId - b.routeId)) {
    if (!(await advanceRoute(query, routeId, version))) {
      throw conflict('One of the routes was changed after the rescue; it cannot be taken back as a whole.');
    }
  }
  await restore(query, proposalId, undo);
  if (!(await markUndone(query, proposalId, me.email, reason))) throw conflict('It was taken back already.');
  await writeAudit(query, me, {
    action: 'undo rescue',
    subject: `proposal ${proposalId}`,
    detail: { reason, routes: undo.versions },
  });
  return (await proposalById(query, proposalId))!;
}
