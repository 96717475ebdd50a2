import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFleet } from '../../ingest/testing/world.ts';
import { openTestDatabase, type TestDatabase } from '../testing/database.ts';
import { runCli } from '../verbs.ts';
import { keepRun, openRun } from './book.ts';
import { compareFigures, type LoadRun } from './run.ts';

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-runs-'));
  database = await openTestDatabase();
  const client = new pg.Client(database.url);
  await client.connect();
  await makeFleet(client, 'north');
  await client.end();
});

afterAll(async () => {
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command against the test database: its exit code and what it printed. */
async function cli(...args: string[]) {
  const printed: string[] = [];
  const complained: string[] = [];
  const code = await runCli(args, {
    stdout: (line) => printed.push(line),
    stderr: (line) => complained.push(line),
    environment: { DATABASE_URL: database.url, PACELINE_DATA: folder },
    signal: new AbortController().signal,
    now: () => 0,
  });
  return { code, printed, complained: complained.join('\n') };
}

const what = { kind: 'simulate', scenario: 'quiet-day', seed: '1', fleet: 'north', vans: 4 } as const;

async function makeRun(now: number, figures: Record<string, number>): Promise<LoadRun> {
  let clock = now;
  const book = await openRun(() => clock, process.pid);
  clock += 10;
  return book.close({ ...what, figures });
}

test('the book keeps a run with machine, version, time and processor, and compare lays two side by side', async () => {
  const said: string[] = [];
  const io = { stderr: (line: string) => said.push(line) };
  await keepRun(
    database.url,
    await makeRun(1_790_000_000, { acknowledged: 100, lost: 0, latency_p99_ms: 20 }),
    io,
  );
  await keepRun(
    database.url,
    await makeRun(1_790_000_100, { acknowledged: 250, lost: 0, latency_p99_ms: 10 }),
    io,
  );
  await keepRun(database.url, { ...(await makeRun(0, {})), fleet: 'nowhere' }, io);
  const numbers = said.map((line) => /this is run (\d+) of/.exec(line)?.[1]);
  expect(said[2]).toContain('there is no fleet nowhere');

  const listed = await cli('runs', 'list', '--json');
  const [newest, older, ...others] = JSON.parse(listed.printed[0] ?? '');
  expect(others).toEqual([]);
  expect([String(older.loadRunId), String(newest.loadRunId)]).toEqual(numbers.slice(0, 2));
  expect(newest).toMatchObject({ ...what, startedAt: 1_790_000_100, endedAt: 1_790_000_110 });
  expect(newest.machine).toMatchObject({ cpus: expect.any(Number), node: process.version });
  expect(newest.platformVersion).toMatch(/^\d+\.\d+\.\d+/);
  expect(newest.figures).toMatchObject({
    seconds: 10,
    fixes_per_second: 25,
    platform_memory_max_mb: expect.any(Number),
  });

  const compared = await cli('runs', 'compare', numbers[0] ?? '', numbers[1] ?? '', '--json');
  expect(JSON.parse(compared.printed[0] ?? '').figures).toEqual(
    expect.arrayContaining([
      { figure: 'acknowledged', a: 100, b: 250, ratio: 2.5 },
      { figure: 'latency_p99_ms', a: 20, b: 10, ratio: 0.5 },
    ]),
  );
  const shown = await cli('runs', 'show', numbers[0] ?? '');
  expect(shown.printed.join('\n')).toMatch(/latency_p99_ms\s+20/);
});

test('compare takes reports of runs that no platform was behind, and says what is none', async () => {
  const [a, b] = [join(folder, 'a.json'), join(folder, 'b.json')];
  const report = { vans: 4, offered: 60, acknowledged: 50, distinct: 50 };
  await writeFile(a, JSON.stringify({ ...report, run: await makeRun(1_790_000_000, { acknowledged: 50 }) }));
  await writeFile(b, JSON.stringify({ ...report, acknowledged: 60, latencyMs: { p50: 1, p95: 2, p99: 3 } }));
  const { code, printed } = await cli('runs', 'compare', a, b, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(printed[0] ?? '').figures).toEqual(
    expect.arrayContaining([
      { figure: 'acknowledged', a: 50, b: 60, ratio: 1.2 },
      { figure: 'latency_p99_ms', b: 3 },
    ]),
  );
  await writeFile(a, '{"offered":"many"}');
  expect(await cli('runs', 'compare', a, b)).toMatchObject({
    code: 9,
    complained: expect.stringContaining('is no report'),
  });
  expect(await cli('runs', 'compare', '999999', b)).toMatchObject({
    code: 9,
    complained: expect.stringContaining('there is no run 999999'),
  });
  expect((await cli('runs', 'compare', b)).code).toBe(2);
});

test('compareFigures() has no ratio over nothing', () => {
  expect(compareFigures({ lost: 0 }, { lost: 2, late: 1 })).toEqual([
    { figure: 'lost', a: 0, b: 2, ratio: undefined },
    { figure: 'late', a: undefined, b: 1, ratio: undefined },
  ]);
});
