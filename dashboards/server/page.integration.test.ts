import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import { type SeededFleet, seedFleet } from '../testing/seed.ts';
import { openSite, type Site } from '../testing/site.ts';

let testDatabase: TestDatabase;
let site: Site;
let folder: string;
let fleet: SeededFleet;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
  fleet = await seedFleet(testDatabase.url, { name: 'north', base: 1000, at: 1_700_000_000 });
  folder = await mkdtemp(join(tmpdir(), 'paceline-built-'));
  await mkdir(join(folder, 'page', 'assets'), { recursive: true });
  await writeFile(join(folder, 'page', 'index.html'), '<title>Paceline</title>');
  await writeFile(join(folder, 'page', 'assets', 'main-abc123.js'), 'export {};');
  await writeFile(join(folder, 'map.geojson'), '{"type":"FeatureCollection","features":[]}');
  await writeFile(join(folder, 'secret.txt'), 'secret');
  site = await openSite(testDatabase.url, {
    staticDir: join(folder, 'page'),
    basemapFile: join(folder, 'map.geojson'),
  });
});

afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await testDatabase.close();
  await rm(folder, { recursive: true });
});

describe('the page', () => {
  test.each(['/', '/routes/17?from=now-6h', '/d/ingest-health', '/index.html'])(
    '%s is index.html, asked for every time',
    async (url) => {
      const answer = await site.app.inject(url);
      expect(answer.body).toBe('<title>Paceline</title>');
      expect(answer.headers['cache-control']).toBe('no-cache');
      expect(answer.headers['content-security-policy']).toMatch(/worker-src 'self' blob:/);
    },
  );

  test('a hashed file may be kept for good, and is a 404 when a newer build has it no more', async () => {
    const answer = await site.app.inject('/assets/main-abc123.js');
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(answer.headers['content-type']).toMatch(/javascript/);
    expect((await site.app.inject('/assets/main-old.js')).statusCode).toBe(404);
  });

  test.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/%00',
  ])('%s shows nothing from outside the folder', async (url) => {
    expect((await site.app.inject(url)).body).not.toMatch(/secret$/);
  });

  test('says what to do, when it is not built', async () => {
    const bare = await openSite(testDatabase.url);
    const answer = await bare.app.inject('/');
    await bare[Symbol.asyncDispose]();
    expect(answer.statusCode).toBe(503);
    expect(answer.body).toMatch(/npm run build/);
  });
});

test('the base map is sent once, and not again to who has it', async () => {
  const cookie = await site.logIn(fleet, 'viewer');
  const first = await site.app.inject({ url: '/api/basemap', headers: { cookie } });
  expect(first.json()).toEqual({ type: 'FeatureCollection', features: [] });
  const etag = String(first.headers.etag);
  const again = await site.app.inject({ url: '/api/basemap', headers: { cookie, 'if-none-match': etag } });
  expect([again.statusCode, again.body]).toEqual([304, '']);
});

test('what is not there, and what is badly asked, is one Problem that names it', async () => {
  const cookie = await site.logIn(fleet, 'viewer');
  const ask = (url: string) => site.app.inject({ url, headers: { cookie } });
  const problems = [await ask('/api/nothing'), await ask('/api/routes/x'), await ask('/api/events?limit=0')];
  expect(problems.map((answer) => answer.json())).toEqual([
    { statusCode: 404, code: 'request/not-found', message: 'There is nothing at GET /api/nothing.' },
    { statusCode: 400, code: 'request/invalid', message: expect.stringMatching(/^params: routeId /) },
    { statusCode: 400, code: 'request/invalid', message: expect.stringMatching(/^querystring: limit /) },
  ]);
});

test('the history is a plain sentence where there is no ClickHouse', async () => {
  const cookie = await site.logIn(fleet, 'analyst');
  const answer = await site.app.inject({
    url: '/api/analytics/route-days?from=2026-11-01&until=2026-11-21',
    headers: { cookie },
  });
  expect(answer.json()).toMatchObject({ statusCode: 503, code: 'analytics/missing' });
});
