import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../platform/testing/database.ts';
import type { PanelFrame } from './api.ts';
import { dashboards } from './build.ts';
import { type SeededFleet, seedFleet } from './testing/seed.ts';
import { openSite, type Site } from './testing/site.ts';

let testDatabase: TestDatabase;
let site: Site;
let fleet: SeededFleet;
const at = Math.floor(Date.now() / 1000) - 300;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
  fleet = await seedFleet(testDatabase.url, { name: 'north', base: 1000, at });
  site = await openSite(testDatabase.url);
});

afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await testDatabase.close();
});

const panels = dashboards.flatMap(({ uid, panels = [] }) =>
  panels.map(({ id, title, type }) => ({ uid, id, title, type })),
);

async function ask(uid: unknown, panelId: unknown, body: object) {
  const cookie = await site.logIn(fleet, 'viewer');
  return site.app.inject({
    method: 'POST',
    url: `/api/dashboards/${uid}/panels/${panelId}/query`,
    headers: { cookie },
    payload: body,
  });
}

test.each(panels)('$uid: "$title" gives rows', async ({ uid, id, type }) => {
  const answer = await ask(uid, id, { from: at - 1800, until: at + 600 });
  expect(answer.statusCode, answer.body).toBe(200);
  const [frame] = answer.json<PanelFrame[]>();
  expect(frame?.rows.length).toBeGreaterThan(0);
  if (type === 'timeseries') {
    expect(frame?.columns[0]).toEqual({ name: 'time', kind: 'time' });
    expect(frame?.rows[0]?.[0]).toBe(Math.floor(at / 60) * 60);
    expect(frame?.columns.slice(1).every(({ kind }) => kind === 'number')).toBe(true);
  }
});

test('a panel takes only the values that its variables allow, and only a sensible time', async () => {
  const table = panels.find(({ title }) => title === 'Newest rejections');
  const good = { from: at - 1800, until: at + 600 };
  expect((await ask(table?.uid, table?.id, { ...good, variables: { rows: '100' } })).statusCode).toBe(200);
  const refused = await ask(table?.uid, table?.id, { ...good, variables: { rows: '1; drop table fixes' } });
  expect(refused.statusCode).toBe(400);
  expect(refused.json().message).toMatch(/rows cannot be/);
  expect((await ask(table?.uid, table?.id, { from: at, until: at - 1 })).statusCode).toBe(400);
  expect((await ask(table?.uid, 999, good)).statusCode).toBe(404);
});
