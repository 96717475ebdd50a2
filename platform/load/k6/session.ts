import { check, fail } from 'k6';
import http from 'k6/http';
import { given } from './given.ts';

/**
 * The cookie of one log-in, which all virtual users share: the platform counts log-ins of one address,
 * and people stay logged in for a shift.
 */
export function logIn(): string {
  const answer = http.post(`${given.dashboardUrl}api/login`, JSON.stringify(given.user), {
    headers: { 'content-type': 'application/json' },
    tags: { name: 'log in' },
  });
  check(answer, { 'logged in': ({ status }) => status === 200 });
  const cookie = answer.cookies.paceline_session?.[0];
  if (cookie === undefined) fail(`the log-in was answered with ${answer.status}: ${answer.body}`);
  return `paceline_session=${cookie.value}`;
}
