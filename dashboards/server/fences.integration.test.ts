import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { fenceDesk } from '../../platform/fence-desk.ts';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import type { Role } from '../api.ts';
import type { EditableFence } from '../api-fences.ts';
import { type SeededFleet, seedFleet } from '../testing/seed.ts';
import { openSite, type Site } from '../testing/site.ts';

let testDatabase: TestDatabase;
let site: Site;
let owner: pg.Client;
let fleet: SeededFleet;
let base = 0;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
  site = await openSite(testDatabase.url, { fences: fenceDesk });
  owner = new pg.Client({ connectionString: testDatabase.url });
  await owner.connect();
});

beforeEach(async () => {
  base += 1000;
  const at = Math.floor(Date.now() / 1000);
  fleet = await seedFleet(testDatabase.url, { name: `fleet${base}`, base, at });
});

afterAll(async () => {
  await owner.end();
  await site[Symbol.asyncDispose]();
  await testDatabase.close();
});

const ring = (west: number) => [
  ...[
    [west, 45.5],
    [west + 0.01, 45.5],
    [west + 0.01, 45.51],
    [west, 45.51],
    [west, 45.5],
  ],
];
const yard = (name: string, policy?: object) => ({
  type: 'Feature',
  properties: { set: 'yards', name, kind: 'area', ...(policy && { policy }) },
  geometry: { type: 'Polygon', coordinates: [ring(-122.6)] },
});

async function ask(method: 'GET' | 'POST', url: string, payload?: object, role: Role = 'dispatcher') {
  const cookie = await site.logIn(fleet, role);
  return site.app.inject({ method, url, headers: { cookie }, ...(payload && { payload }) });
}

async function audited(): Promise<string[]> {
  const { rows } = await owner.query<{ line: string }>(
    `select action || ' ' || subject as line from audit_log
     where fleet_id = $1 and action like 'fence%' order by audit_id`,
    [fleet.fleetId],
  );
  return rows.map(({ line }) => line);
}

test('A fence is made, changed and deleted, each time audited, and its former version is kept', async () => {
  const policy = {
    speedLimit: 5,
    dwell: 900,
    schedule: { timeZone: 'America/Los_Angeles', hours: [{ days: [1, 2], from: '07:00', until: '19:00' }] },
  };
  const made: EditableFence = (await ask('POST', '/api/fences', { feature: yard('north', policy) })).json();
  expect(made).toMatchObject({ version: 1, feature: { properties: { name: 'north', policy } } });

  const feature = yard('south', { speedLimit: 8 });
  const url = `/api/fences/${made.fenceId}`;
  const changed = await ask('POST', url, { feature, version: 1 });
  expect(changed.json()).toMatchObject({
    version: 2,
    feature: { properties: { policy: { speedLimit: 8 } } },
  });
  expect((await ask('GET', url, undefined, 'viewer')).json()).toMatchObject({ version: 2 });
  const { rows } = await owner.query(
    'select name, version, policy from geofence_versions where fence_id = $1',
    [made.fenceId],
  );
  expect(rows).toMatchObject([{ name: 'north', version: 1, policy }]);

  expect((await ask('POST', `${url}/delete`)).statusCode).toBe(200);
  expect((await ask('GET', url)).statusCode).toBe(404);
  expect(await audited()).toEqual([
    'fence.add fence yards/north',
    'fence.change fence yards/south',
    'fence.delete fence yards/south',
  ]);
});

test('A change is refused, when somebody else changed the fence meanwhile, and one that changes nothing makes no version', async () => {
  const made: EditableFence = (await ask('POST', '/api/fences', { feature: yard('a') })).json();
  const url = `/api/fences/${made.fenceId}`;
  expect((await ask('POST', url, { feature: made.feature, version: 1 })).json().version).toBe(1);
  await ask('POST', url, { feature: yard('b'), version: 1 });
  const late = await ask('POST', url, { feature: yard('c'), version: 1 });
  expect(late.statusCode).toBe(409);
  expect(late.json().message).toMatch(/it is at version 2, and you looked at 1/);
  expect(await audited()).toEqual(['fence.add fence yards/a', 'fence.change fence yards/b']);
});

test.each([
  [yard('x', { speedLimit: -1 }), 'policy.speedLimit is not a number'],
  [
    {
      ...yard('x'),
      geometry: {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [1, 1],
            [1, 0],
            [0, 1],
            [0, 0],
          ],
        ],
      },
    },
    'crosses itself near',
  ],
  [{ ...yard('x'), geometry: null }, 'it has no geometry'],
  [{ ...yard('x'), properties: { set: 'yards' } }, 'it has no property “name”'],
])('What is no fence is refused with a sentence that says why', async (feature, why) => {
  const answer = await ask('POST', '/api/fences', { feature });
  expect(answer.statusCode).toBe(422);
  expect(answer.json().message).toContain(why);
});

test('Two fences of one set do not share a name', async () => {
  await ask('POST', '/api/fences', { feature: yard('a') });
  const again = await ask('POST', '/api/fences', { feature: yard('a') });
  expect(again.statusCode).toBe(409);
  expect(again.json().message).toContain('“yards” has a fence “a” already');
});

test('What is exported is imported to the same, and a file with a mistake brings in nothing', async () => {
  const features = [yard('a'), yard('b', { dwell: 60 })];
  const geojson = JSON.stringify({ type: 'FeatureCollection', features });
  expect((await ask('POST', '/api/fences/import', { geojson })).json()).toEqual({ added: 2, changed: 0 });
  const exported = await ask('GET', '/api/fences/export?set=yards', undefined, 'viewer');
  expect(exported.json().features).toHaveLength(2);
  const again = { geojson: exported.body };
  expect((await ask('POST', '/api/fences/import', again)).json()).toEqual({ added: 0, changed: 0 });

  const broken = [yard('c'), { ...yard('d'), geometry: { type: 'Point', coordinates: [0, 0] } }];
  const refused = await ask('POST', '/api/fences/import', {
    geojson: JSON.stringify({ type: 'FeatureCollection', features: broken }),
  });
  expect(refused.statusCode).toBe(422);
  expect(refused.json().lines).toEqual([{ line: 2, message: 'a Point needs a property “radius” in metres' }]);
  const list = await ask('GET', '/api/fences/list');
  expect(list.json().map(({ name }: { name: string }) => name)).not.toContain('c');
});

test('KML has a placemark for each fence, with names as they are', async () => {
  await ask('POST', '/api/fences', { feature: yard('Dock <7> & more') });
  const answer = await ask('GET', '/api/fences/export.kml?set=yards', undefined, 'viewer');
  expect(answer.headers['content-type']).toContain('kml');
  expect(answer.body).toContain('<name>Dock &lt;7&gt; &amp; more</name><Polygon>');
});
