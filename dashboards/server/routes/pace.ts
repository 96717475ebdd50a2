import Type from 'typebox';
import { PaceLearned, PaceRow, RouteDetail } from '../../api.ts';
import { paceBoard } from '../../queries/pace.ts';
import { paceLearned } from '../../queries/pace-learned.ts';
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
    '/api/pace/learned',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'What past days taught about streets, hours and drivers, and from how much',
        response: { 200: PaceLearned },
      },
    },
    async (request) => {
      const learned = await database.withFleet(whoAsks(request).fleet.id, (query) => paceLearned(query));
      if (!learned) throw notFound('day that was learned from');
      return learned;
    },
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
