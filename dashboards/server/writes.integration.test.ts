import { once } from 'node:events';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import type { Role } from '../api.ts';
import { type SeededFleet, seedFleet } from '../testing/seed.ts';
import { openSite, type Site } from '../testing/site.ts';

let testDatabase: TestDatabase;
let site: Site;
let owner: pg.Client;
let fleet: SeededFleet;
let base = 0;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
  site = await openSite(testDatabase.url);
  owner = new pg.Client({ connectionString: testDatabase.url });
  await owner.connect();
});

// A fleet of its own for each test: what one writes, no other sees.
beforeEach(async () => {
  base += 1000;
  fleet = await seedFleet(testDatabase.url, {
    name: `fleet${base}`,
    base,
    at: Math.floor(Date.now() / 1000),
  });
});

afterAll(async () => {
  await owner.end();
  await site[Symbol.asyncDispose]();
  await testDatabase.close();
});

async function post(
  url: string,
  role: Role,
  options: { payload?: object; headers?: Record<string, string> } = {},
) {
  const cookie = await site.logIn(fleet, role);
  const { payload = {}, headers = {} } = options;
  return site.app.inject({ method: 'POST', url, headers: { cookie, ...headers }, payload });
}

async function audited(): Promise<string[]> {
  const { rows } = await owner.query<{ line: string }>(
    `select actor || ': ' || action || ' ' || subject as line from audit_log
     where fleet_id = $1 and action not in ('log in', 'seed') order by audit_id`,
    [fleet.fleetId],
  );
  return rows.map(({ line }) => line);
}

async function order(): Promise<number[]> {
  const { rows } = await owner.query<{ stop_id: string }>(
    'select stop_id from stops where route_id = $1 order by sequence',
    [fleet.routeId],
  );
  return rows.map(({ stop_id }) => Number(stop_id));
}

describe('accepting a proposal', () => {
  const accept = (role: Role = 'dispatcher') => post(`/api/proposals/${fleet.proposalId}/accept`, role);

  test('reorders the remaining stops, makes a new version, is audited, and wakes the engine', async () => {
    await owner.query('listen paceline_world');
    const woken = once(owner, 'notification');
    const answer = await accept();
    expect(answer.json()).toMatchObject({ state: 'accepted', fromVersion: 1 });
    const [s0, s1, s2, s3] = fleet.stopIds;
    expect(await order()).toEqual([s0, s3, s1, s2]);
    const { rows } = await owner.query('select version from routes where route_id = $1', [fleet.routeId]);
    expect(rows).toEqual([{ version: 2 }]);
    expect(await audited()).toEqual([`${fleet.email('dispatcher')}: accept proposal ${base}`]);
    expect((await woken)[0]).toMatchObject({ channel: 'paceline_world' });
  });

  test('happens once, when two dispatchers press at the same time', async () => {
    const answers = await Promise.all([accept(), accept('admin')]);
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409]);
    expect(answers.find(({ statusCode }) => statusCode === 409)?.json().message).toMatch(/already accepted/);
    expect(await audited()).toHaveLength(1);
  });

  test('changes nothing and says why, when the route has changed since', async () => {
    await owner.query('update routes set version = 5 where route_id = $1', [fleet.routeId]);
    const answer = await accept();
    expect(answer.statusCode).toBe(409);
    expect(answer.json().message).toMatch(/has changed since/);
    expect(await order()).toEqual(fleet.stopIds);
    const { rows } = await owner.query('select state from proposals where proposal_id = $1', [
      fleet.proposalId,
    ]);
    expect(rows).toEqual([{ state: 'open' }]);
    expect(await audited()).toEqual([]);
  });

  test('is for dispatchers', async () => {
    const answer = await accept('analyst');
    expect(answer.statusCode).toBe(403);
    expect(answer.json().message).toMatch(/needs the role dispatcher; yours is analyst/);
  });
});

test('dismissing a proposal keeps the reason, and wants one', async () => {
  const url = `/api/proposals/${fleet.proposalId}/dismiss`;
  const without = await post(url, 'dispatcher');
  expect(without.json()).toMatchObject({
    statusCode: 400,
    message: expect.stringMatching(/^body: .*reason/),
  });
  expect((await post(url, 'dispatcher', { payload: { reason: 'road closed' } })).statusCode).toBe(200);
  const { rows } = await owner.query('select state, decision_reason from proposals where proposal_id = $1', [
    base,
  ]);
  expect(rows).toEqual([{ state: 'dismissed', decision_reason: 'road closed' }]);
  expect(await audited()).toHaveLength(1);
});

test('acknowledging an alert twice changes and audits it once', async () => {
  const url = `/api/alerts/${fleet.alertId}/acknowledge`;
  const first = await post(url, 'dispatcher');
  const second = await post(url, 'admin');
  expect(first.json()).toMatchObject({ acknowledgedBy: fleet.email('dispatcher') });
  expect(second.json()).toEqual(first.json());
  expect(await audited()).toHaveLength(1);
});

describe('a write that another site started', () => {
  test.each([
    [{ origin: 'https://elsewhere.test' }],
    [{ origin: 'null' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
  ])('is refused: %j', async (headers) => {
    const answer = await post(`/api/alerts/${fleet.alertId}/acknowledge`, 'admin', { headers });
    expect(answer.statusCode).toBe(403);
    expect(await audited()).toEqual([]);
  });

  test('is none, when the page itself did', async () => {
    const headers = {
      host: 'paceline.test:8080',
      origin: 'http://paceline.test:8080',
      'sec-fetch-site': 'same-origin',
    };
    const answer = await post(`/api/alerts/${fleet.alertId}/acknowledge`, 'admin', { headers });
    expect(answer.statusCode).toBe(200);
  });
});

describe('a command', () => {
  const order = (body: object, role: Role = 'dispatcher') =>
    post(`/api/devices/${fleet.deviceId}/commands`, role, { payload: body });

  test('waits for its device, is audited, wakes who sends it, and can be taken back once', async () => {
    await owner.query('listen paceline_down');
    const woken = once(owner, 'notification');
    const made = (await order({ kind: 'message', body: { text: 'call the station' }, expiresIn: 60 })).json();
    expect(made).toMatchObject({ kind: 'message', state: 'waiting', createdBy: fleet.email('dispatcher') });
    expect(made.expiresAt - made.createdAt).toBe(60);
    expect((await woken)[0]).toMatchObject({
      channel: 'paceline_down',
      payload: `command:${fleet.deviceId}`,
    });
    const cancel = () => post(`/api/commands/${made.commandId}/cancel`, 'dispatcher');
    expect((await cancel()).json()).toMatchObject({ state: 'cancelled' });
    expect((await cancel()).json().message).toBe('This command is cancelled already.');
    const who = fleet.email('dispatcher');
    const subject = `command ${made.commandId}`;
    expect(await audited()).toEqual([`${who}: command ${subject}`, `${who}: command.cancel ${subject}`]);
  });

  test('is refused when nobody could obey it, and when too many wait', async () => {
    expect((await order({ kind: 'dance' })).statusCode).toBe(400);
    expect((await order({ kind: 'interval', body: { seconds: 'five' } })).statusCode).toBe(400);
    expect((await order({ kind: 'raw', body: { text: 'cpureset' } })).statusCode).toBe(403);
    expect((await order({ kind: 'raw', body: { text: 'getver' } }, 'admin')).statusCode).toBe(200);
    await owner.query(
      `insert into commands (fleet_id, device_id, kind, created_by, expires_at)
       select $1, $2, 'locate', 'test', now() + interval '1 h' from generate_series(1, 50)`,
      [fleet.fleetId, fleet.deviceId],
    );
    expect((await order({ kind: 'locate' })).statusCode).toBe(409);
  });
});
