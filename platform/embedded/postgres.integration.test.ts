import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../schemas/program.ts';
import { openPostgres } from './postgres.ts';
import { isPostmaster } from './postgres-cluster.ts';

const opener = fileURLToPath(new URL('../testing/open-postgres.ts', import.meta.url));
const asRoot = process.getuid?.() === 0;
const ordinaryUser = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];
/** Root may become nobody, but nobody may not read a checkout below a private folder. */
const ordinaryUserReads =
  asRoot && spawnSync(ordinaryUser[0] ?? '', [...ordinaryUser.slice(1), 'test', '-r', opener]).status === 0;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paceline-postgres-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const options = () => ({ folder: join(folder, 'postgres'), log: silentLog });

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** Whether every process of the server ends; a condition, since a fast shutdown takes its time. */
async function ends(pid: number): Promise<boolean> {
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline) {
    if (!(await isPostmaster(pid))) return true;
    await new Promise((done) => setTimeout(done, 20));
  }
  return false;
}

/** Another Node process that owns a server, and what it says first. */
async function openElsewhere(
  path: string,
  wrap: readonly string[] = [],
): Promise<{ child: ChildProcess; said: { pid?: number; url?: string; code?: string } }> {
  const [file = '', ...args] = [...wrap, process.execPath, '--import', 'tsx', opener, path];
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, said: JSON.parse(line) };
  }
  throw new Error('the owner of the server said nothing');
}

test('openPostgres() keeps what was stored, when closed and opened again', async () => {
  const first = await openPostgres(options());
  await query(first.url, 'create table kept as select 7 as value');
  await first.close();
  expect(await isPostmaster(first.pid)).toBe(false);
  await using second = await openPostgres(options());
  expect(await query(second.url, 'select value from kept')).toEqual([{ value: 7 }]);
  expect(
    await query(
      second.url,
      `select current_setting('fsync') || current_setting('synchronous_commit')
    || current_setting('full_page_writes') as durable`,
    ),
  ).toEqual([{ durable: 'ononon' }]);
  expect(statSync(join(folder, 'postgres', 'password')).mode & 0o777).toBe(0o600);
  await expect(query(second.url.replace(/:[^:@]+@/, ':wrong@'), 'select')).rejects.toThrow(/password/);
});

test('openPostgres() recovers every committed row, when the server was killed with SIGKILL', async () => {
  const first = await openPostgres(options());
  await query(first.url, 'create table kept as select generate_series(1, 1000) as value');
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  await using second = await openPostgres(options());
  expect(await query(second.url, 'select count(*)::int from kept')).toEqual([{ count: 1000 }]);
});

test('openPostgres() refuses with data/locked, when a running server uses the folder', async () => {
  await using first = await openPostgres(options());
  await expect(openPostgres(options())).rejects.toMatchObject({ code: 'data/locked' });
  expect(await query(first.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('openPostgres() refuses with port/taken, when the port is in use', async () => {
  await using first = await openPostgres(options());
  const other = { ...options(), folder: join(folder, 'other'), port: first.port };
  await expect(openPostgres(other)).rejects.toMatchObject({ code: 'port/taken' });
});

test.skipIf(process.platform !== 'linux')(
  'openPostgres() leaves no server behind, when its owner is killed with SIGKILL',
  async () => {
    const { child, said } = await openElsewhere(join(folder, 'postgres'));
    await query(said.url ?? '', 'create table kept as select 7 as value');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await ends(said.pid ?? 0)).toBe(true);
    await using again = await openPostgres(options());
    expect(await query(again.url, 'select value from kept')).toEqual([{ value: 7 }]);
  },
);

test('openPostgres() works, when only we may enter the folders above', async () => {
  chmodSync(folder, 0o700);
  await using server = await openPostgres(options());
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test.skipIf(!asRoot)(
  'openPostgres() changes the owner of its folder, when the launch mode changes',
  async () => {
    chmodSync(folder, 0o700);
    const first = await openPostgres(options());
    await query(first.url, 'create table kept as select 7 as value');
    await first.close();
    const asNobody = await openPostgres({ ...options(), modes: ['nobody'] });
    expect(await query(asNobody.url, 'select value from kept')).toEqual([{ value: 7 }]);
    expect(statSync(join(folder, 'postgres', 'cluster')).uid).toBe(65534);
    await asNobody.close();
    await using back = await openPostgres({ ...options(), modes: ['namespace'] });
    expect(await query(back.url, 'select value from kept')).toEqual([{ value: 7 }]);
  },
);

test.skipIf(!ordinaryUserReads)(
  'openPostgres() serves an ordinary user, who may not write to the package',
  async () => {
    chmodSync(folder, 0o777);
    const { child, said } = await openElsewhere(join(folder, 'mine'), ordinaryUser);
    try {
      expect(await query(said.url ?? '', 'select 1 as one')).toEqual([{ one: 1 }]);
      expect(statSync(join(folder, 'mine', 'cluster')).uid).toBe(65534);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(await ends(said.pid ?? 0)).toBe(true);
    }
  },
);

test('openPostgres() says data/unusable, when the folder is a file', async () => {
  await expect(openPostgres({ folder: join(opener, 'below-a-file'), log: silentLog })).rejects.toMatchObject({
    code: 'data/unusable',
  });
});
