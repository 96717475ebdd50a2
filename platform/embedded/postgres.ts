import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { Fault } from '../../schemas/fault.ts';
import type { Log } from '../../schemas/program.ts';
import { checkPort, freePort } from './ports.ts';
import { findPostgres, inherited, type LaunchMode, type PostgresBinaries } from './postgres-binaries.ts';
import {
  type Cluster,
  explain,
  freeLock,
  isPostmaster,
  lockHolder,
  OWNER,
  prepareCluster,
} from './postgres-cluster.ts';

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** A running PostgreSQL of ours; stopped (all acknowledged data on disk) when closed. */
export type EmbeddedPostgres = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Settles when the server has ended, for whatever reason. */
  readonly exited: Promise<Exit>;
  readonly close: () => Promise<void>;
};

export type PostgresOptions = {
  /** Holds the cluster, its password and its log; made if missing. */
  readonly folder: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly log: Log;
  /** Further settings by name, such as `max_connections`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Ways to start the server, in order of preference; for tests. */
  readonly modes?: readonly LaunchMode[];
};

/** How long a dead server's lock may linger, and a start with crash recovery may take. */
const LOCK_MS = 10_000;
const READY_MS = 120_000;
const STOP_MS = 20_000;
const LOG_BYTES_MAX = 10_000_000;

/** The promise to devices rests on the first three; the rest suits one machine with few cores. */
const baseSettings = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  wal_compression: 'pglz',
  checkpoint_timeout: '10min',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** Starts the embedded PostgreSQL on the cluster in `folder`, and makes both if they are not there. */
export async function openPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const { folder, log } = options;
  if (options.port) await checkPort('127.0.0.1', options.port, 'PostgreSQL');
  const binaries = await findPostgres({ scratch: folder, ...(options.modes && { modes: options.modes }) });
  const cluster = await prepareCluster(folder, binaries);
  const deadline = performance.now() + LOCK_MS;
  for (;;) {
    const port = options.port || (await freePort('127.0.0.1'));
    const attempt = await launch(cluster, port, binaries, options);
    if (!(attempt instanceof Fault)) {
      log.info({ port, pid: attempt.pid, mode: binaries.mode, folder }, 'database started');
      return attempt;
    }
    // A chosen port may be gone by the time it is used; and a server that was killed leaves its lock.
    const again = attempt.code === 'data/locked' || (attempt.code === 'port/taken' && !options.port);
    if (!again || performance.now() > deadline) throw attempt;
    if (attempt.code === 'data/locked') await waitForLock(cluster, attempt);
  }
}

/** Throws when a living server holds the lock; else gives the dead one a moment, and frees it. */
async function waitForLock(cluster: Cluster, refusal: Fault): Promise<void> {
  const holder = await lockHolder(cluster.folder);
  if (holder === undefined) return;
  if (await isPostmaster(holder.pid)) throw refusal;
  await delay(200);
  const after = await lockHolder(cluster.folder);
  if (after?.pid === holder.pid && !(await isPostmaster(holder.pid))) await freeLock(cluster.folder);
}

async function launch(
  cluster: Cluster,
  port: number,
  binaries: PostgresBinaries,
  options: PostgresOptions,
): Promise<EmbeddedPostgres | Fault> {
  const output = await openLog(join(options.folder, 'postgres.log'));
  const settings = { ...baseSettings, ...options.settings, port: String(port) };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [file = '', ...args] = [...binaries.prefix, binaries.postgres, '-D', cluster.folder, ...flags];
  const child = spawn(file, args, {
    // A group of its own: Ctrl-C in a terminal must reach us alone, since the database stops last.
    detached: true,
    stdio: ['ignore', output.handle.fd, output.handle.fd],
    env: { ...inherited(), ...binaries.env },
    cwd: options.folder,
  });
  const exited = ending(child);
  await output.handle.close();
  const ready = await becomesReady(child, exited, cluster);
  if (!ready) {
    child.kill('SIGQUIT');
    await exited;
    return explain(new Error(await output.tail()), options.folder);
  }
  const close = () => stop(child, exited);
  const url = (database: string) => `postgres://${OWNER}:${cluster.password}@127.0.0.1:${port}/${database}`;
  try {
    await ensureDatabase(url('postgres'));
  } catch (cause) {
    await close();
    throw new Fault('database/failed', `PostgreSQL in ${options.folder} started but gives no session`, {
      cause,
    });
  }
  return { url: url(OWNER), port, pid: child.pid ?? 0, exited, close, [Symbol.asyncDispose]: close };
}

function ending(child: ChildProcess): Promise<Exit> {
  return new Promise((done) => {
    child.once('error', () => done({ code: 127, signal: null }));
    child.once('exit', (code, signal) => done({ code, signal }));
  });
}

async function becomesReady(child: ChildProcess, exited: Promise<Exit>, cluster: Cluster): Promise<boolean> {
  const deadline = performance.now() + READY_MS;
  let ended = false;
  void exited.then(() => {
    ended = true;
  });
  while (!ended && performance.now() < deadline) {
    const holder = await lockHolder(cluster.folder);
    if (holder?.ready && holder.pid === child.pid) return true;
    await Promise.race([delay(15), exited]);
  }
  return false;
}

/** initdb makes no database of our name. */
async function ensureDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const found = await client.query('select from pg_database where datname = $1', [OWNER]);
    if (!found.rowCount) await client.query(`create database ${OWNER}`);
  } finally {
    await client.end();
  }
}

/** Fast shutdown; harder when that takes too long. Crash recovery makes good for the hard ways. */
async function stop(child: ChildProcess, exited: Promise<Exit>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    const timer = new AbortController();
    await Promise.race([exited, delay(STOP_MS, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
  }
}

/** The server's own log, appended to; `tail` is what was added since. */
async function openLog(path: string) {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LOG_BYTES_MAX) await rename(path, `${path}.1`);
  const start = size > LOG_BYTES_MAX ? 0 : size;
  const handle = await open(path, 'a', 0o600);
  const tail = async () => (await readFile(path)).subarray(start).toString('utf8').slice(-4000);
  return { handle, tail };
}
