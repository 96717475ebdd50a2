import Type from 'typebox';
import { DashboardListing, PanelFrame } from '../../api.ts';
import type { Dashboard, Panel } from '../../grafana-types.ts';
import { expandSql, intervalFor, type MacroScope, secondsOf } from '../../macros.ts';
import { type Variable, variableValues } from '../../variables.ts';
import { openDashboardFiles, panelOf } from '../dashboard-files.ts';
import type { App, AppDeps } from '../deps.ts';
import { notFound, Problematic } from '../problems.ts';
import type { Query } from '../query.ts';
import { whoAsks } from '../session.ts';

/** More rows than this no panel can show. */
const mostRows = 20_000;
const panelTimeout = 8_000;
const longestRange = 20 * 366 * 86_400;

const Uid = Type.String({ maxLength: 40, pattern: '^[A-Za-z0-9_-]+$' });
const Value = Type.String({ maxLength: 200 });

/** A time, and values of variables: all that a browser may say about a query. */
const PanelQuestion = Type.Object({
  from: Type.Number({ minimum: 0, maximum: 1e11, description: 'instant' }),
  until: Type.Number({ minimum: 0, maximum: 1e11, description: 'instant' }),
  variables: Type.Optional(
    Type.Record(Type.String(), Type.Union([Value, Type.Array(Value, { maxItems: 100 })])),
  ),
});

/** Dashboards: the same files that Grafana gets. SQL comes from them, never from a browser. */
export function dashboardRoutes(app: App, { database, dashboardsDir, now, log }: AppDeps): void {
  const files = openDashboardFiles(dashboardsDir, now, log);
  const dashboardOf = async (uid: string): Promise<Dashboard> => {
    const dashboard = (await files()).get(uid);
    if (!dashboard) throw notFound('dashboard');
    return dashboard;
  };

  app.get(
    '/api/dashboards',
    {
      config: { role: 'viewer' },
      schema: { summary: 'The dashboards', response: { 200: Type.Array(DashboardListing) } },
    },
    async () =>
      [...(await files()).values()].map(({ uid = '', title = '', description = '' }) => ({
        uid,
        title,
        description,
      })),
  );

  app.get(
    '/api/dashboards/:uid',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'One dashboard, in Grafana’s Classic JSON',
        params: Type.Object({ uid: Uid }),
        response: { 200: Type.Unknown() },
      },
    },
    (request) => dashboardOf(request.params.uid),
  );

  app.post(
    '/api/dashboards/:uid/panels/:panelId/query',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'What a panel shows: its own SQL over this time, with these variables',
        params: Type.Object({ uid: Uid, panelId: Type.Integer({ minimum: 1 }) }),
        body: PanelQuestion,
        response: { 200: Type.Array(PanelFrame) },
      },
    },
    async (request) => {
      const { from, until, variables = {} } = request.body;
      const dashboard = await dashboardOf(request.params.uid);
      const panel = panelOf(dashboard, request.params.panelId);
      if (!panel) throw notFound('panel');
      if (until <= from || until - from > longestRange) {
        throw new Problematic(
          400,
          'request/invalid',
          'body: until must come after from, by 20 years at most.',
        );
      }
      const checked = variableValues((dashboard.templating?.list ?? []) as Variable[], variables);
      if ('problem' in checked)
        throw new Problematic(400, 'request/invalid', `variables: ${checked.problem}.`);
      const scope = { from, until, interval: stepOf(panel, until - from), variables: checked.values };
      return database.withFleet(whoAsks(request).fleet.id, (query) => panelFrames(query, panel, scope), {
        timeout: panelTimeout,
      });
    },
  );
}

function stepOf({ maxDataPoints = 600, interval = '1s' }: Panel, range: number): number {
  return intervalFor(range, maxDataPoints, secondsOf(interval) ?? 1);
}

async function panelFrames(query: Query, panel: Panel, scope: MacroScope): Promise<PanelFrame[]> {
  const frames: PanelFrame[] = [];
  for (const { refId, rawSql } of panel.targets ?? []) {
    const sql = expandSql(String(rawSql), scope);
    const { columns, rows } = await query.table(`select * from (\n${sql}\n) as panel limit ${mostRows}`);
    frames.push({ refId: String(refId), columns: [...columns], rows: rows.map((row) => [...row]) });
  }
  return frames;
}
