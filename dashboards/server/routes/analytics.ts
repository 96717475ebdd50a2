import Type from 'typebox';
import { faults } from '../../../schemas/fault.ts';
import { Problem, RouteDayRow } from '../../api.ts';
import { csv } from '../csv.ts';
import type { App, AppDeps } from '../deps.ts';
import { Problematic } from '../problems.ts';
import { whoAsks } from '../session.ts';

const Day = Type.String({ pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$' });

const columns = [
  'serviceDate',
  'depot',
  'route',
  'vehicle',
  'stopsPlanned',
  'stopsDone',
  'plannedSeconds',
  'actualSeconds',
  'arrivalDelayMean',
  'arrivalDelayP90',
  'serviceMeanPlanned',
  'serviceMeanActual',
  'onTimeShare',
] as const satisfies readonly (keyof RouteDayRow)[];

/** Questions to the history, which is in ClickHouse. */
export function analyticsRoutes(app: App, { routeDays }: AppDeps): void {
  app.get(
    '/api/analytics/route-days',
    {
      config: { role: 'analyst' },
      schema: {
        summary: 'Planned and actual, per route and day; JSON or CSV',
        querystring: Type.Object({
          from: Day,
          until: Day,
          format: Type.Optional(Type.Union([Type.Literal('json'), Type.Literal('csv')])),
        }),
        response: { 200: Type.Array(RouteDayRow), 503: Problem },
      },
    },
    async (request, reply) => {
      if (!routeDays) {
        throw new Problematic(
          503,
          'analytics/missing',
          `There is no ClickHouse here, so no history to ask — ${faults['analytics/missing'].remedy}.`,
        );
      }
      const { from, until, format } = request.query;
      const rows = await routeDays.read({ fleetId: whoAsks(request).fleet.id, from, until });
      if (format !== 'csv') return rows;
      reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="route-days-${from}-${until}.csv"`)
        .serializer((text: string) => text);
      const text = csv(
        columns,
        rows.map((row) => columns.map((column) => row[column])),
      );
      return text as unknown as typeof rows;
    },
  );
}
