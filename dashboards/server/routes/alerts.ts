import Type from 'typebox';
import { AlertRow } from '../../api.ts';
import { acknowledgeAlert, alertById, alerts } from '../../queries/alerts.ts';
import { writeAudit } from '../../queries/audit.ts';
import type { App, AppDeps } from '../deps.ts';
import { notFound } from '../problems.ts';
import { whoAsks } from '../session.ts';
import { Id, Listing } from './inputs.ts';

/** What is wrong with the day, and who looks after it. */
export function alertRoutes(app: App, { database }: AppDeps): void {
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
