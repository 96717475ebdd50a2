import Type from 'typebox';
import { AlertRow, PaceRow, RouteDetail } from '../../api.ts';
import { acknowledgeAlert, alertById, alerts } from '../../queries/alerts.ts';
import { writeAudit } from '../../queries/audit.ts';
import { paceBoard } from '../../queries/pace.ts';
import { routeDetail } from '../../queries/routes.ts';
import type { App, AppDeps } from '../deps.ts';
import { notFound } from '../problems.ts';
import { whoAsks } from '../session.ts';
import { Id, Listing } from './inputs.ts';

/** Where the day stands, and what is wrong with it. */
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

  app.get(
    '/api/alerts',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Alerts, newest first',
        querystring: Listing,
        response: { 200: Type.Array(AlertRow) },
      },
    },
    (request) => {
      const { open = false, limit = 500 } = request.query;
      return database.withFleet(whoAsks(request).fleet.id, (query) => alerts(query, { open, limit }));
    },
  );

  app.post(
    '/api/alerts/:alertId/acknowledge',
    {
      config: { role: 'dispatcher' },
      schema: {
        summary: 'Say that somebody is looking after it; a second time changes nothing',
        params: Type.Object({ alertId: Id }),
        response: { 200: AlertRow },
      },
    },
    (request) => {
      const me = whoAsks(request);
      const { alertId } = request.params;
      return database.withFleet(
        me.fleet.id,
        async (query) => {
          const isNew = await acknowledgeAlert(query, alertId, me.email);
          if (isNew) await writeAudit(query, me, { action: 'acknowledge', subject: `alert ${alertId}` });
          const alert = await alertById(query, alertId);
          if (!alert) throw notFound('alert');
          return alert;
        },
        { write: true },
      );
    },
  );
}
