import Type from 'typebox';
import { PaceRow, RouteDetail } from '../../api.ts';
import { paceBoard } from '../../queries/pace.ts';
import { routeDetail } from '../../queries/routes.ts';
import type { App, AppDeps } from '../deps.ts';
import { notFound } from '../problems.ts';
import { whoAsks } from '../session.ts';
import { Id } from './inputs.ts';

/** Where the day stands. */
export function paceRoutes(app: App, { database }: AppDeps): void {
  app.get(
    '/api/pace',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'The standing of every route of the day in hand, worst first',
        response: { 200: Type.Array(PaceRow) },
      },
    },
    (request) => database.withFleet(whoAsks(request).fleet.id, (query) => paceBoard(query)),
  );

  app.get(
    '/api/routes/:routeId',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'One route: its plan, what happened at each stop, and its track',
        params: Type.Object({ routeId: Id }),
        response: { 200: RouteDetail },
      },
    },
    async (request) => {
      const { routeId } = request.params;
      const detail = await database.withFleet(whoAsks(request).fleet.id, (query) =>
        routeDetail(query, routeId),
      );
      if (!detail) throw notFound('route');
      return detail;
    },
  );
}
