import Type from 'typebox';
import { DeviceHealthRow, RejectionRow } from '../../api.ts';
import { deviceHealth, rejections } from '../../queries/ingest.ts';
import type { App, AppDeps } from '../deps.ts';
import { whoAsks } from '../session.ts';
import { Limited } from './inputs.ts';

/** What came in, what did not, and why. */
export function ingestRoutes(app: App, { database }: AppDeps): void {
  app.get(
    '/api/ingest/devices',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Counters of each device, those with losses first',
        querystring: Limited,
        response: { 200: Type.Array(DeviceHealthRow) },
      },
    },
    (request) =>
      database.withFleet(whoAsks(request).fleet.id, (query) =>
        deviceHealth(query, request.query.limit ?? 1000),
      ),
  );

  app.get(
    '/api/ingest/rejections',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'The newest payloads that were no fixes, with the reason',
        querystring: Limited,
        response: { 200: Type.Array(RejectionRow) },
      },
    },
    (request) =>
      database.withFleet(whoAsks(request).fleet.id, (query) => rejections(query, request.query.limit ?? 200)),
  );
}
