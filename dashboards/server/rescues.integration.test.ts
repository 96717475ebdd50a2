import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import { type SeededHelper, seedRescue } from '../testing/rescue.ts';
import { type SeededFleet, seedFleet } from '../testing/seed.ts';
import { openSite, type Site } from '../testing/site.ts';

let testDatabase: TestDatabase;
let site: Site;
let owner: pg.Client;
let fleet: SeededFleet;
let helper: SeededHelper;
let base = 500_000;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
  site = await openSite(testDatabase.url);
  owner = new pg.Client({ connectionString: testDatabase.url });
  await owner.connect();
});

beforeEach(async () => {
  base += 1000;
  const at = Math.floor(Date.now() / 1000);
  fleet = await seedFleet(testDatabase.url, { name: `rescue${base}`, base, at });
  helper = await seedRescue(owner, fleet, at);
});

afterAll(async () => {
  await owner.end();
  await site[Symbol.asyncDispose]();
  await testDatabase.close();
});

async function post(path: string, payload: object = {}) {
  const cookie = await site.logIn(fleet, 'dispatcher');
  return site.app.inject({ method: 'POST', url: path, headers: { cookie }, payload });
}

const routes = async () =>
  (
    await owner.query(
      `select r.route_id as id, r.version, json_agg(s.stop_id order by s.sequence) as stops,
         json_agg(s.code order by s.sequence) as codes
       from routes r join stops s using (route_id) where r.route_id = any($1)
       group by r.route_id order by r.route_id`,
      [[fleet.routeId, helper.routeId]],
    )
  ).rows;

test('accepting a rescue moves the stops, agrees a hand-over and makes two new versions; undo takes all back', async () => {
  const before = await routes();
  const accepted = await post(`/api/proposals/${fleet.proposalId}/accept`, { choice: 0 });
  expect(accepted.json()).toMatchObject({ state: 'accepted', choice: 0, handovers: [{ state: 'agreed' }] });
  const [s0, s1, s2, s3] = fleet.stopIds;
  const [h0, h1] = helper.stopIds;
  const after = await routes();
  expect(after).toMatchObject([
    { version: 2, stops: [s0, s1, s2] },
    { version: 2, stops: [h0, s3, h1] },
  ]);
  expect(new Set(after[1].codes).size).toBe(3);
  const cookie = await site.logIn(fleet, 'viewer');
  const listed = await site.app.inject({ url: '/api/rescues', headers: { cookie } });
  expect(listed.json()).toMatchObject([{ proposalId: fleet.proposalId, state: 'agreed', stopsMoved: 1 }]);

  const undone = await post(`/api/proposals/${fleet.proposalId}/undo`, { reason: 'caught up' });
  expect(undone.json()).toMatchObject({ state: 'undone', handovers: [{ state: 'cancelled' }] });
  expect(await routes()).toEqual(before.map((route) => ({ ...route, version: 3 })));
  const again = await post(`/api/proposals/${fleet.proposalId}/undo`, { reason: 'once more' });
  expect(again.statusCode).toBe(409);
});

test('accepting a rescue changes nothing, when the helper’s route has changed since', async () => {
  await owner.query('update routes set version = 4 where route_id = $1', [helper.routeId]);
  const before = await routes();
  const answer = await post(`/api/proposals/${fleet.proposalId}/accept`);
  expect(answer.statusCode).toBe(409);
  expect(answer.json().message).toMatch(/Route HELP has changed/);
  expect(await routes()).toEqual(before);
  expect((await post(`/api/proposals/${fleet.proposalId}/accept`, { choice: 7 })).statusCode).toBe(404);
});

test('a rescue whose hand-over is done is not taken back', async () => {
  await post(`/api/proposals/${fleet.proposalId}/accept`);
  await owner.query(`update handovers set state = 'done' where proposal_id = $1`, [fleet.proposalId]);
  const answer = await post(`/api/proposals/${fleet.proposalId}/undo`, { reason: 'too late' });
  expect(answer.statusCode).toBe(409);
  expect(answer.json().message).toMatch(/has happened/);
});

test('a van is taken out of service once, with a reason, and brought back', async () => {
  const url = `/api/vehicles/${fleet.vehicleIds[0]}/out-of-service`;
  expect((await post(url)).statusCode).toBe(400);
  expect((await post(url, { reason: 'gearbox' })).statusCode).toBe(200);
  expect((await post(url, { reason: 'gearbox' })).statusCode).toBe(409);
  const back = () => post(url.replace('out-of', 'back-in'));
  expect((await back()).statusCode).toBe(200);
  expect((await back()).statusCode).toBe(404);
});
