import Type from 'typebox';
import { LoadRunRow } from '../../api.ts';
import { loadRuns } from '../../queries/load-runs.ts';
import type { App, AppDeps } from '../deps.ts';
import { whoAsks } from '../session.ts';
import { Limited } from './inputs.ts';

/** What load this fleet has been put under, and what came of it. */
export function loadRunRoutes(app: App, { database }: AppDeps): void {
  app.get(
    '/api/load-runs',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Load runs with machine, version and figures, newest first',
        querystring: Limited,
        response: { 200: Type.Array(LoadRunRow) },
      },
    },
    (request) =>
      database.withFleet(whoAsks(request).fleet.id, (query) => loadRuns(query, request.query.limit ?? 200)),
  );
}
