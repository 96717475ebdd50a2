import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import { password, type SeededFleet, seedFleet } from '../testing/seed.ts';
import { openSite, type Site } from '../testing/site.ts';

let testDatabase: TestDatabase;
let site: Site;
let fleet: SeededFleet;
const at = Math.floor(Date.now() / 1000) - 100;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
  fleet = await seedFleet(testDatabase.url, { name: 'north', base: 1000, at });
  site = await openSite(testDatabase.url);
});

afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await testDatabase.close();
});

async function get(url: string, role: 'viewer' | 'analyst' | 'dispatcher' = 'viewer') {
  const cookie = await site.logIn(fleet, role);
  return site.app.inject({ url, headers: { cookie } });
}

test('POST /api/login answers 400 with a sentence, when the body is none or holds what no text can', async () => {
  const logIn = (payload: object) => site.app.inject({ method: 'POST', url: '/api/login', payload });
  const none = await logIn({});
  expect(none.json()).toMatchObject({ message: 'body: email is required; password is required' });
  const strange = await logIn({ email: 'a\u0000@b', password: 'x' });
  expect(strange.statusCode).toBe(400);
});

describe('reading', () => {
  test('GET /api/vehicles gives the newest good fix, when a newer one is flagged', async () => {
    const answer = await get('/api/vehicles');
    expect(answer.json()).toEqual([
      expect.objectContaining({
        vehicleId: 1000,
        name: 'north-van-0',
        at,
        route: 'north-route',
        heading: 90,
      }),
      expect.objectContaining({ vehicleId: 1001, at: null, route: null }),
    ]);
  });

  test('GET /api/pace gives the newest row of each route under way', async () => {
    const answer = await get('/api/pace');
    expect(answer.json()).toEqual([
      expect.objectContaining({
        routeId: 1000,
        at: at - 60,
        stopsBehind: 1.5,
        lastSeen: at,
        driver: 'north driver',
      }),
    ]);
  });

  test('GET /api/pace/learned says what past days taught, and from how much', async () => {
    const answer = await get('/api/pace/learned');
    expect(answer.json()).toMatchObject({
      version: 3,
      routeCount: 2,
      visitCount: 250,
      drivers: 0,
      hours: [],
    });
  });

  test('GET /api/routes/:id gives plan, visits and track', async () => {
    const detail = (await get('/api/routes/1000')).json();
    expect(detail.stops.map((stop: { code: string }) => stop.code)).toEqual(
      [0, 1, 2, 3].map((i) => `north-stop-${i}`),
    );
    expect(detail.stops[0]).toMatchObject({ arrivedAt: at - 400, outcome: 'served' });
    expect(detail.track).toHaveLength(10);
    expect(detail.track.at(-1)[2]).toBe(at);
  });

  test.each([
    '/api/depots',
    '/api/fences',
    '/api/events',
    '/api/alerts?open=true',
    '/api/proposals?open=true',
    '/api/ingest/devices',
    '/api/ingest/rejections',
    '/api/me',
    '/api/health',
  ])('GET %s answers', async (url) => {
    const answer = await get(url);
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toMatch(url.includes('health') ? /"degraded"/ : /north/);
  });
});

describe('who may', () => {
  test('log-in is refused alike for a wrong password and for an unknown account', async () => {
    const tries = [
      { email: fleet.email('viewer'), password: 'wrong' },
      { email: 'nobody@north.test', password },
    ];
    const answers = await Promise.all(
      tries.map((payload) => site.app.inject({ method: 'POST', url: '/api/login', payload })),
    );
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([401, 401]);
    expect(answers[0]?.json()).toEqual(answers[1]?.json());
  });

  test('log-in of one account is refused after ten wrong tries, even with the right password', async () => {
    const email = fleet.email('admin');
    const enter = (text: string) =>
      site.app.inject({ method: 'POST', url: '/api/login', payload: { email, password: text } });
    for (let i = 0; i < 10; i++) expect((await enter('wrong')).statusCode).toBe(401);
    const answer = await enter(password);
    expect(answer.statusCode).toBe(429);
    expect(answer.json().message).toMatch(/Too many wrong tries/);
  });
});
