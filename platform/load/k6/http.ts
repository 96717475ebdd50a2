import { check } from 'k6';
import exec from 'k6/execution';
import http, { type RefinedResponse } from 'k6/http';
import type { Options } from 'k6/options';
import type { PaceRow, ProposalRow } from '../../../dashboards/api.ts';
import { given, trendStats } from './given.ts';
import { logIn } from './session.ts';

export { handleSummary } from './given.ts';

/**
 * People at their screens: the board, routes, lists, and history as JSON and CSV, at a rate that does
 * not wait for answers (open loop). What is not answered in time is a dropped iteration.
 */
export const options: Options = {
  scenarios: {
    people: {
      executor: 'constant-arrival-rate',
      rate: Math.max(1, Math.round(given.rate * 60)),
      timeUnit: '1m',
      duration: `${given.seconds}s`,
      preAllocatedVUs: given.users,
      maxVUs: given.users * 4,
    },
  },
  summaryTrendStats: trendStats,
  thresholds: {
    checks: ['rate>0.99'],
    http_req_failed: ['rate<0.01'],
    dropped_iterations: ['rate<0.1'],
    // Design bars of queries, and what a screen may take before a person notices.
    'http_req_duration{name:pace board}': ['p(95)<500'],
    'http_req_duration{name:route}': ['p(95)<500'],
    'http_req_duration{name:vehicles}': ['p(95)<500'],
    'http_req_duration{name:history}': ['p(95)<1500'],
    'http_req_duration{name:csv}': ['p(95)<1500'],
    'http_req_duration{name:log in}': ['max<3000'],
  },
};

type Shared = { readonly cookie: string; readonly routeIds: readonly number[] };

export function setup(): Shared {
  const cookie = logIn();
  const board = http.get(`${given.dashboardUrl}api/pace`, { headers: { cookie } });
  const rows = board.status === 200 ? (board.json() as unknown as PaceRow[]) : [];
  return { cookie, routeIds: rows.map(({ routeId }) => routeId) };
}

/** Request k of ten: a shift at a dispatcher's screen with an analyst beside it. */
const kinds = [
  ...['pace board', 'pace board', 'pace board', 'route', 'route', 'vehicles', 'lists'],
  ...['history', 'csv', 'proposal'],
];

export default function askOnce({ cookie, routeIds }: Shared): void {
  const turn = exec.scenario.iterationInTest;
  const kind = kinds[turn % kinds.length] ?? 'pace board';
  const get = (path: string, name: string) =>
    http.get(given.dashboardUrl + path, { headers: { cookie }, tags: { name } });
  if (kind === 'route') {
    const routeId = routeIds[turn % Math.max(1, routeIds.length)];
    // A fleet without a plan has a board without rows, and no route to look at.
    if (routeId !== undefined) isAnswered(get(`api/routes/${routeId}`, 'route'));
  } else if (kind === 'vehicles') isAnswered(get('api/vehicles', 'vehicles'));
  else if (kind === 'lists') {
    isAnswered(get('api/alerts?open=true', 'alerts'));
    isAnswered(get('api/events?limit=50', 'events'));
    isAnswered(get('api/ingest/devices?limit=100', 'devices'));
  } else if (kind === 'history') isAnswered(get(`api/analytics/route-days?${lastDays(7)}`, 'history'));
  else if (kind === 'csv') {
    const answer = get(`api/analytics/route-days?${lastDays(31)}&format=csv`, 'csv');
    check(answer, { 'is CSV': ({ headers }) => `${headers['Content-Type']}`.startsWith('text/csv') });
  } else if (kind === 'proposal') lookAtProposals(cookie, turn);
  else isAnswered(get('api/pace', 'pace board'));
}

function isAnswered(answer: RefinedResponse<'text'>): void {
  check(answer, {
    answered: ({ status }) => status === 200,
    'is JSON': ({ body }) => /^[[{]/.test(body),
  });
}

function lastDays(days: number): string {
  const day = (at: number) => new Date(at).toISOString().slice(0, 10);
  return `from=${day(Date.now() - days * 86_400_000)}&until=${day(Date.now())}`;
}

/** Reads the open ones, and decides the newest where that was asked for: it moves real stops. */
function lookAtProposals(cookie: string, turn: number): void {
  const headers = { cookie, 'content-type': 'application/json', origin: given.dashboardUrl.slice(0, -1) };
  const url = `${given.dashboardUrl}api/proposals`;
  const answer = http.get(`${url}?open=true`, { headers, tags: { name: 'proposals' } });
  isAnswered(answer);
  if (!given.decides || answer.status !== 200) return;
  const [newest] = answer.json() as unknown as ProposalRow[];
  if (newest === undefined) return;
  const isAccepted = turn % 20 < 10;
  const decided = http.post(
    `${url}/${newest.proposalId}/${isAccepted ? 'accept' : 'dismiss'}`,
    isAccepted ? null : JSON.stringify({ reason: 'a load test' }),
    {
      headers: isAccepted ? { cookie, origin: headers.origin } : headers,
      tags: { name: 'decide' },
      // Somebody was first, or the route has changed meanwhile: an answer as good as the other.
      responseCallback: http.expectedStatuses(200, 409),
    },
  );
  check(decided, { decided: ({ status }) => status === 200 || status === 409 });
}
