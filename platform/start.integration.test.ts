import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { RunFile } from './data-folder.ts';

const entry = fileURLToPath(new URL('./cli.ts', import.meta.url));
let folder: string;

/** Six processes from sources take their time on two busy cores. */
vi.setConfig({ testTimeout: 300_000 });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'paceline-start-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Started = {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly complaints: () => string;
};

/** A platform as a person starts it, on any ports, with a few vans. */
function start(...flags: string[]): Started {
  const args = ['start', '--data', folder, '--port', '0', '--mqtt-port', '0', '--vans', '3', ...flags];
  const environment = { ...process.env };
  for (const name of ['DATABASE_URL', 'CLICKHOUSE_URL', 'MQTT_URL']) delete environment[name];
  const child = spawn(process.execPath, ['--import', 'tsx', entry, ...args], { env: environment });
  let out = '';
  let complaints = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  return { child, out: () => out, complaints: () => complaints };
}

const runFile = (): RunFile => JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie waits for somebody to read its exit code; it does nothing any more.
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const happens = (condition: () => boolean) =>
  expect.poll(condition, { timeout: 120_000, interval: 50 }).toBe(true);
const isUp = ({ out }: Started) => happens(() => out().includes('All log-ins'));
const pids = () => Object.values(runFile().processes);

test('start brings everything back, when its processes are killed one by one, and ends them all', async () => {
  const platform = start();
  await isUp(platform);
  await happens(() => runFile().processes.simulator !== undefined);
  const page = await fetch(`${runFile().dashboardUrl}api/health`);
  expect(page.status).toBeLessThan(500);
  for (const name of ['postgres', 'ingest', 'engine'] as const) {
    const before = runFile().processes[name] ?? 0;
    process.kill(before, 'SIGKILL');
    await happens(() => ![undefined, before].includes(runFile().processes[name]));
  }
  const running = pids();
  platform.child.kill('SIGINT');
  expect(await once(platform.child, 'exit')).toEqual([0, null]);
  expect(running.filter(isAlive)).toEqual([]);
});

test('start leaves no process behind, when it is killed with SIGKILL, and goes on from there', async () => {
  const first = start();
  await isUp(first);
  await happens(() => runFile().processes.simulator !== undefined);
  const running = pids();
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  await happens(() => !running.some(isAlive));

  const second = start('--exit-after', '3s', '--json');
  const [code] = await once(second.child, 'exit');
  const lines = second.out().trim().split('\n');
  expect(lines, second.complaints()).toHaveLength(1);
  const figures = JSON.parse(lines[0] ?? '');
  expect(figures).toMatchObject({ vans: 3, lost: 0, duplicated: 0 });
  expect(figures.stored).toBeGreaterThan(1000);
  expect(code, JSON.stringify(figures)).toBe(0);
});

test('start says which folder is taken and starts nothing, when a platform runs on it', async () => {
  const first = start('--no-simulator');
  await isUp(first);
  const second = start('--no-simulator');
  expect(await once(second.child, 'exit')).toEqual([4, null]);
  expect(second.complaints()).toMatch(/is used by the process \d+ .*\[data\/locked\]/);
  first.child.kill('SIGTERM');
  expect(await once(first.child, 'exit')).toEqual([0, null]);
});
