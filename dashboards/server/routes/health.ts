import { Health } from '../../api.ts';
import type { App, AppDeps } from '../deps.ts';

type Part = Health['parts'][number];

/** Whether this process and what it leans on work; anyone may ask, and learns one word. */
export function healthRoutes(app: App, deps: AppDeps): void {
  app.get(
    '/api/health',
    {
      config: { role: 'public', knowsWhoAsks: true },
      schema: {
        summary: 'ok, degraded or down; with its parts for who is logged in',
        response: { 200: Health, 503: Health },
      },
    },
    async (request, reply): Promise<Health> => {
      const parts = await askParts(deps);
      const status = overall(parts);
      reply.header('cache-control', 'no-store');
      if (status === 'down') reply.code(503);
      return { status, parts: request.me ? parts : [] };
    },
  );
}

/** Without the database nothing works; without anything else, most does. */
function overall(parts: readonly Part[]): Health['status'] {
  if (parts.some(({ name, status }) => name === 'database' && status !== 'ok')) return 'down';
  return parts.some(({ status }) => status === 'down') ? 'degraded' : 'ok';
}

async function askParts({ database, routeDays, live }: AppDeps): Promise<Part[]> {
  const databasePart = database
    .withoutFleet((query) => query('select 1'))
    .then(
      (): Part => ({ name: 'database', status: 'ok', detail: 'answers' }),
      (cause: Error): Part => ({ name: 'database', status: 'down', detail: cause.message }),
    );
  const analyticsPart: Promise<Part> = routeDays
    ? routeDays.ping().then((isThere) => ({
        name: 'analytics',
        status: isThere ? 'ok' : 'down',
        detail: isThere ? 'answers' : 'ClickHouse does not answer',
      }))
    : Promise.resolve({ name: 'analytics', status: 'absent', detail: 'not installed' });
  const { isConnected, clients, fleets } = live.facts();
  return [
    await databasePart,
    await analyticsPart,
    {
      name: 'broker',
      status: isConnected ? 'ok' : 'down',
      detail: isConnected ? 'connected' : 'away; positions are read from the tables every 2 s',
    },
    { name: 'live', status: 'ok', detail: `${clients} pages of ${fleets} fleets are watching` },
  ];
}
