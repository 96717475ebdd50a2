import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Running, startIngest } from '../ingest/testing/running.ts';
import { makeFleet } from '../ingest/testing/world.ts';
import { silentLog } from '../schemas/program.ts';
import { random } from '../schemas/random.ts';
import { runSimulator } from '../simulator/main.ts';
import { readLedger } from '../simulator/publish/ledger-reading.ts';
import { type AcceptanceReport, acceptanceReport, type DeviceReport } from '../simulator/report/report.ts';
import { scenarios } from '../simulator/scenario/scenario.ts';
import { readFleetTables } from './store/fleet-tables.ts';
import { openTestDatabase, type TestDatabase } from './testing/database.ts';
import { type Defect, type FaultyProxy, openFaultyProxy } from './testing/faulty-proxy.ts';
import { withClient } from './with-database.ts';

let database: TestDatabase;
let pool: pg.Pool;
let ingest: Running;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-defects-'));
  database = await openTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 2 });
  ingest = await startIngest({ databaseUrl: database.url });
});

afterAll(async () => {
  await ingest?.stop();
  await pool?.end();
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

const SHIFT_START = Date.UTC(2026, 5, 1, 14) / 1000;

/** A shift of eight vans sent through a proxy that does `defect` to one message in ten. */
async function shiftThrough(fleet: string, defect: Defect) {
  const { username, password } = await makeFleet(pool, fleet);
  const chance = random(`planted/${fleet}`);
  const brokerPort = Number(new URL(ingest.url).port);
  await using proxy = await openFaultyProxy(brokerPort, () => (chance.chance(0.1) ? defect : 'none'));
  // Devices and radio keep their own imperfections: what is planted must be told apart from them.
  const scenario = join(folder, `${fleet}.json`);
  await writeFile(scenario, JSON.stringify({ ...scenarios.demo, fleet, vans: 8, intervalSeconds: 20 }));
  const ledgerFile = join(folder, `${fleet}.tsv`);
  await runSimulator(
    {
      scenario,
      startAt: SHIFT_START,
      speed: Number.POSITIVE_INFINITY,
      broker: { url: `mqtt://127.0.0.1:${proxy.port}`, username, password },
      ledgerFile,
    },
    {
      signal: new AbortController().signal,
      log: silentLog,
      now: () => Date.now() / 1000,
      ready: () => {},
    },
  );
  const ledger = readLedger(ledgerFile);
  const tables = await withClient(database.url, (client) => readFleetTables(client, { fleet, since: 0 }));
  return { report: acceptanceReport({ ledger, tables }), expected: expectedOf(proxy), ledger };
}

/** What the report has to say, from nothing but what the proxy let through and what it did not. */
function expectedOf({ swallowed, passedOn }: FaultyProxy): ReadonlyMap<string, DeviceReport> {
  const devices = new Map<string, { -readonly [Field in keyof DeviceReport]: number }>();
  const seen = new Set<string>();
  const newest = new Map<string, number>();
  const of = (device: string) => {
    const own = devices.get(device) ?? { lost: 0, duplicated: 0, repeated: 0, late: 0, rejected: 0 };
    devices.set(device, own);
    return own;
  };
  for (const { device, key, ms } of passedOn) {
    const own = of(device);
    if (seen.has(`${device} ${key}`)) {
      own.repeated++;
      continue;
    }
    seen.add(`${device} ${key}`);
    if (ms < (newest.get(device) ?? Number.NEGATIVE_INFINITY)) own.late++;
    newest.set(device, Math.max(ms, newest.get(device) ?? ms));
  }
  const lost = new Set(
    swallowed.map(({ device, key }) => `${device} ${key}`).filter((fix) => !seen.has(fix)),
  );
  for (const fix of lost) of(fix.split(' ')[0] ?? '').lost++;
  return devices;
}

const total = (devices: ReadonlyMap<string, DeviceReport>, of: keyof DeviceReport): number =>
  [...devices.values()].reduce((sum, device) => sum + device[of], 0);

function expectNamed(report: AcceptanceReport, expected: ReadonlyMap<string, DeviceReport>): void {
  const troubled = [...expected].filter(([, device]) => Object.values(device).some((count) => count > 0));
  expect(report.devices).toEqual(Object.fromEntries(troubled));
  expect(report).toMatchObject({
    lost: total(expected, 'lost'),
    duplicated: 0,
    repeated: total(expected, 'repeated'),
    late: total(expected, 'late'),
    rejected: 0,
  });
}

test('acceptanceReport() names exactly the fixes and devices that were lost, when a proxy acknowledges what it swallows', async () => {
  const { report, expected, ledger } = await shiftThrough('swallowing', 'swallow');
  const lost = total(expected, 'lost');
  expect(lost).toBeGreaterThan(500);
  expectNamed(report, expected);
  expect(report.stored).toBe(report.distinct - lost);
  expect(report.acknowledged).toBe(ledger.offered);
});

test('acceptanceReport() finds nothing twice and counts the copies of each device, when a proxy sends messages again under another identifier', async () => {
  const { report, expected } = await shiftThrough('doubling', 'double');
  expect(total(expected, 'repeated')).toBeGreaterThan(500);
  expectNamed(report, expected);
  expect(report).toMatchObject({ lost: 0, stored: report.distinct });
});

test('acceptanceReport() finds nothing lost and counts the late fixes of each device, when a proxy holds messages back', async () => {
  const { report, expected } = await shiftThrough('holding', 'hold');
  expect(total(expected, 'late')).toBeGreaterThan(500);
  expectNamed(report, expected);
  expect(report).toMatchObject({ lost: 0, stored: report.distinct });
});

test('acceptanceReport() accuses nobody of losses, when the proxy does nothing', async () => {
  const { report, expected } = await shiftThrough('honest', 'none');
  expectNamed(report, expected);
  expect(report).toMatchObject({ lost: 0, stored: report.distinct });
});
