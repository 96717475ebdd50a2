import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDoctor } from '../../platform/doctor.ts';
import { openEraser } from '../../platform/eraser.ts';
import { fenceDesk } from '../../platform/fence-desk.ts';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import { packLiveFrame } from '../../schemas/live.ts';
import { liveTopic } from '../../schemas/topics.ts';
import { type SeededFleet, seedFleet } from '../testing/seed.ts';
import { openSite, type Site } from '../testing/site.ts';
import { watch } from '../testing/watcher.ts';

// Two fleets with a row in every table: whoever belongs to the north never sees the south, whose
// every text says "south" and whose identifiers begin with 70.
const southern = /south|\b70\d\d\d?\b/;

let testDatabase: TestDatabase;
let site: Site;
let north: SeededFleet;
let south: SeededFleet;
let northCookie: string;
const at = Math.floor(Date.now() / 1000) - 100;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
  north = await seedFleet(testDatabase.url, { name: 'north', base: 1000, at });
  south = await seedFleet(testDatabase.url, { name: 'south', base: 7000, at });
  site = await openSite(testDatabase.url, {
    hub: { lookEvery: 50 },
    eraser: openEraser(testDatabase.url, async () => undefined),
    fences: fenceDesk,
    // Nothing listens there: a tail hears nothing, and says so.
    doctor: openDoctor({}, { url: 'mqtt://127.0.0.1:9', username: 'service', password: 'x' }),
    routeDays: {
      read: async ({ fleetId }) => [{ route: `routes of ${fleetId}` } as never],
      ping: async () => true,
      close: async () => {},
    },
  });
  northCookie = await site.logIn(north, 'admin');
});

afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await testDatabase.close();
});

const fenceFeature = (name: string) => ({
  type: 'Feature',
  properties: { set: 'northern-set', name, radius: 90 },
  geometry: { type: 'Point', coordinates: [-122.6, 45.5] },
});

/** What to ask each operation for, so that it concerns the other fleet if anything does. */
function foreignRequest(path: string, method: string) {
  const values: Record<string, number | string> = {
    routeId: south.routeId,
    alertId: south.alertId,
    proposalId: south.proposalId,
    deviceId: south.deviceId,
    commandId: south.fleetId,
    gatewayId: south.fleetId,
    vehicleId: south.vehicleIds[0]!,
    fenceId: south.fenceId,
    uid: 'ingest-health',
    panelId: 1,
  };
  const bodies: Record<string, object> = {
    '/api/login': { email: 'nobody@south.test', password: 'x' },
    '/api/proposals/{proposalId}/dismiss': { reason: 'because' },
    '/api/proposals/{proposalId}/undo': { reason: 'because' },
    '/api/vehicles/{vehicleId}/out-of-service': { reason: 'because' },
    '/api/devices': { device: 'northern-new' },
    '/api/devices/claim': { device: 'northern-claimed' },
    '/api/devices/import': { csv: 'device\nnorthern-imported' },
    '/api/devices/{deviceId}/assign': { vehicle: 'northern-van' },
    '/api/devices/{deviceId}/commands': { kind: 'locate' },
    '/api/devices/{deviceId}/profile': { profile: null },
    '/api/fences': { feature: fenceFeature('drawn') },
    '/api/fences/{fenceId}': { feature: fenceFeature('changed') },
    '/api/fences/import': { geojson: JSON.stringify(fenceFeature('imported')) },
    '/api/gateways': { name: 'northern-gateway' },
    '/api/storage': { fixesDays: null, resultsDays: null },
    '/api/personal-data/forget': { vehicle: 'south-van-0', dryRun: false },
    '/api/doctor/examine': { payload: '{}' },
    '/api/doctor/tail': { device: '+', seconds: 1 },
    '/api/dashboards/{uid}/panels/{panelId}/query': { from: at - 3600, until: at + 3600 },
  };
  const url = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (values[name] === undefined) throw new Error(`say what ${name} of ${path} is in the other fleet`);
    return String(values[name]);
  });
  const queries: Record<string, string> = {
    '/api/analytics/route-days': '?from=2026-01-01&until=2026-12-31',
    '/api/devices/export': '?for=mosquitto',
  };
  const query = method === 'GET' ? (queries[path] ?? '') : '';
  const payload = method === 'POST' ? (bodies[path] ?? {}) : undefined;
  return {
    url: url + query,
    payload,
    isForeignThing: /\{(route|alert|proposal|device|gateway|command|vehicle|fence)Id\}|forget$/.test(path),
  };
}

type Operation = { readonly path: string; readonly method: 'GET' | 'POST' };

function operations(): Operation[] {
  const { paths = {} } = site.app.swagger() as unknown as { paths?: Record<string, Record<string, unknown>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ path, method: method.toUpperCase() as Operation['method'] })),
  );
}

describe('every operation', () => {
  test('shows nothing of another fleet, and knows nothing by its identifiers', async () => {
    const all = operations();
    expect(all.length).toBeGreaterThan(18);
    for (const { path, method } of all) {
      if (path === '/api/logout') continue;
      const { url, payload, isForeignThing } = foreignRequest(path, method);
      const answer = await site.app.inject({
        method,
        url,
        headers: { cookie: northCookie },
        ...(payload ? { payload } : {}),
      });
      expect(answer.body, `${method} ${url}`).not.toMatch(southern);
      if (isForeignThing) expect(answer.statusCode, `${method} ${url}`).toBe(404);
      else if (path === '/api/login') expect(answer.statusCode).toBe(401);
      else if (path !== '/api/basemap')
        expect(answer.statusCode, `${method} ${url}: ${answer.body}`).toBe(200);
    }
  });

  test('is closed to who is not logged in, unless it is public', async () => {
    const { paths = {} } = site.app.swagger() as unknown as {
      paths?: Record<string, Record<string, { 'x-role': string }>>;
    };
    for (const { path, method } of operations()) {
      const role = paths[path]?.[method.toLowerCase()]?.['x-role'];
      const { url, payload } = foreignRequest(path, method);
      const answer = await site.app.inject({ method, url, ...(payload ? { payload } : {}) });
      if (role === 'public') expect(answer.statusCode, url).not.toBe(403);
      else expect(answer.statusCode, `${method} ${url}`).toBe(401);
    }
  });

  test('that writes is for dispatchers, and whoever has less is told so', async () => {
    const viewer = await site.logIn(north, 'viewer');
    const writes = operations().filter(({ method }) => method !== 'GET');
    const refused: string[] = [];
    for (const { path, method } of writes) {
      if (path === '/api/logout') continue;
      const { url, payload } = foreignRequest(path, method);
      const headers = { cookie: viewer };
      const answer = await site.app.inject({ method, url, headers, ...(payload ? { payload } : {}) });
      if (answer.statusCode === 403) refused.push(path);
    }
    const readsAll = ['/api/login', '/api/logout', '/api/dashboards/{uid}/panels/{panelId}/query'];
    expect(refused).toEqual(writes.map(({ path }) => path).filter((path) => !readsAll.includes(path)));
  });

  test('asks the history for the fleet of the session only', async () => {
    const answer = await site.app.inject({
      url: '/api/analytics/route-days?from=2026-01-01&until=2026-12-31',
      headers: { cookie: northCookie },
    });
    expect(answer.json()).toEqual([{ route: 'routes of 1000' }]);
  });
});

describe('the database', () => {
  /** Every relation of ours, by what happens when the web role of the north reads all of it. */
  async function readEverything() {
    const client = new pg.Client({ connectionString: testDatabase.url });
    await client.connect();
    try {
      const { rows } = await client.query<{ name: string }>(
        `select relname as name from pg_class
         where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f') order by relname`,
      );
      const result = new Map<string, string>();
      for (const { name } of rows) {
        const text = await site.database
          .withFleet(north.fleetId, (query) => query<object>(`select * from ${name}`))
          .then(JSON.stringify, (error: { code: string }) => error.code);
        result.set(name, text);
      }
      return result;
    } finally {
      await client.end();
    }
  }

  test('refuses base tables to the web role, and shows one fleet in what it does show', async () => {
    const everything = await readEverything();
    const refused = [...everything].filter(([, text]) => text === '42501').map(([name]) => name);
    expect(refused).toEqual(
      expect.arrayContaining([
        ...['fixes', 'fix_hours', 'events', 'trips', 'halts', 'stop_visits', 'pace', 'batches', 'rejections'],
        ...[
          'device_counters',
          'device_boots',
          'ingest_minutes',
          'gateways',
          'users',
          'settings',
          'stop_reports',
        ],
      ]),
    );
    for (const [name, text] of everything) {
      if (text === '42501') continue;
      expect(text, name).not.toMatch(southern);
      expect(text, `${name} has a row, so that this proves something`).toMatch(
        /north|1000|clock|minute|scenario/,
      );
    }
  });

  test('shows nothing at all when no fleet is set', async () => {
    for (const [name, text] of await readEverything()) {
      if (text === '42501') continue;
      const rows = await site.database.withoutFleet((query) => query(`select * from ${name}`));
      expect(rows, name).toEqual([]);
    }
  });

  test('refuses writes to another fleet, and any in a read-only transaction', async () => {
    const touch = (query: Parameters<Parameters<Site['database']['withFleet']>[1]>[0]) =>
      query('update alerts set acknowledged_by = $2 where alert_id = $1 returning alert_id', [
        south.alertId,
        'x',
      ]);
    expect(await site.database.withFleet(north.fleetId, touch, { write: true })).toEqual([]);
    await expect(site.database.withFleet(south.fleetId, touch)).rejects.toThrow(/read-only/);
    const forge = site.database.withFleet(
      north.fleetId,
      (query) =>
        query(`insert into audit_log (fleet_id, actor, action, subject) values (7000, 'a', 'b', 'c')`),
      { write: true },
    );
    await expect(forge).rejects.toThrow(/row-level security/);
  });
});

describe('the socket', () => {
  test('carries the own fleet only', async () => {
    const mine = await watch(site.url, { cookie: northCookie });
    const theirs = await watch(site.url, { cookie: await site.logIn(south, 'viewer') });
    await mine.until(() => new Set(mine.texts.map(({ type }) => type)).size === 5);
    await theirs.until(() => theirs.frames.length > 0);
    expect(mine.frames[0]).toEqual([expect.objectContaining({ vehicleId: 1000, at })]);

    const van = {
      lng: -122,
      lat: 45,
      heading: 0,
      speed: 1,
      at: at + 1,
      status: 'behind',
      progress: 0.5,
    } as const;
    for (const { name, vehicleIds } of [south, north]) {
      const vans = [{ ...van, vehicleId: vehicleIds[0]! }];
      site.live.receive(liveTopic(name, 'positions'), packLiveFrame({ tick: 1, clock: at, vans }));
      site.live.receive(liveTopic(name, 'pace'), Buffer.from('[{"routeId":7000},{"routeId":1000}]'));
      site.live.receive(liveTopic(name, 'alerts'), Buffer.from(`[{"message":"${name}"}]`));
    }
    const isTold = (rows: readonly { readonly routeId: number }[]) =>
      rows.some(({ routeId }) => routeId === 1000);
    await mine.until(() => mine.frames.length === 2);
    await mine.until(() => mine.texts.some((text) => text.type === 'pace' && !text.all && isTold(text.rows)));
    expect(mine.frames[1]).toEqual([expect.objectContaining({ vehicleId: 1000, status: 'behind' })]);
    expect(mine.everything()).not.toMatch(southern);
    expect(theirs.everything()).toMatch(southern);
    expect(theirs.everything()).not.toMatch(/north|\b1000\b/);
    mine.socket.terminate();
    theirs.socket.terminate();
  });

  test('is refused without a session, and to a page of another site', async () => {
    await expect(watch(site.url, {})).rejects.toThrow(/401/);
    await expect(watch(site.url, { cookie: northCookie, origin: 'https://elsewhere.test' })).rejects.toThrow(
      /403/,
    );
  });
});
