import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { asError, Fault } from '../../schemas/fault.ts';
import type { Log } from '../../schemas/program.ts';
import type { ClickhouseOrder, ClickhouseReply } from './clickhouse-child.ts';
import { checkPort } from './ports.ts';
import type { Exit } from './postgres.ts';
import { inherited } from './postgres-binaries.ts';

/** chDB behind ClickHouse's HTTP interface, in a process of its own. */
export type EmbeddedClickhouse = AsyncDisposable & {
  /** With user and password, as `createClient({ url })` takes it. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly close: () => Promise<void>;
};

/** The optional package is not there or cannot run here; the platform goes on without history. */
export type ClickhouseUnavailable = { readonly unavailable: string };

export type ClickhouseOptions = {
  /** Holds the data; made if missing. */
  readonly folder: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** Absent: a generated one, found in the URL. */
  readonly password?: string;
  readonly log: Log;
};

const STOP_MS = 15_000;
const OPEN_MS = 120_000;

const builtFrom = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const entry = fileURLToPath(new URL(`./clickhouse-child.${builtFrom}`, import.meta.url));

export async function openClickhouse(
  options: ClickhouseOptions,
): Promise<EmbeddedClickhouse | ClickhouseUnavailable> {
  const { folder, port = 0, log } = options;
  const password = options.password ?? randomBytes(24).toString('base64url');
  if (port !== 0) await checkPort('127.0.0.1', port, 'the embedded ClickHouse');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new Fault('data/unusable', `the history folder ${folder} cannot be made`, { cause });
  }
  const child = fork(entry, [], {
    execArgv: builtFrom === 'ts' ? ['--import', 'tsx'] : [],
    // chDB's calls hold threads of this pool; with the default of 4, slow queries stop everything.
    env: { ...inherited(), UV_THREADPOOL_SIZE: '16' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const complaints = collect(child);
  const exited = new Promise<Exit>((done) => {
    child.once('exit', (code, signal) => done({ code, signal }));
  });
  const order: ClickhouseOrder = {
    folder: join(folder, 'chdb'),
    port,
    password,
    // A third of the machine: database and page live here too.
    memoryBytes: Math.max(1e9, Math.round(totalmem() / 3)),
  };
  child.send(order);
  const reply = await firstReply(child, exited);
  if (reply.kind !== 'ready') {
    child.kill('SIGKILL');
    await exited;
    if (reply.kind === 'missing') return { unavailable: reply.why };
    // chDB itself names the cause on stderr only.
    throw explain(`${reply.why}: ${complaints()}`, folder);
  }
  const close = () => stop(child, exited);
  log.info({ port: reply.port, pid: child.pid, folder }, 'history started');
  return {
    url: `http://paceline:${password}@127.0.0.1:${reply.port}/`,
    port: reply.port,
    pid: child.pid ?? 0,
    exited,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function firstReply(child: ChildProcess, exited: Promise<Exit>): Promise<ClickhouseReply> {
  const timer = new AbortController();
  const reply = await Promise.race([
    new Promise<ClickhouseReply>((done) => child.once('message', done)),
    exited.then(({ code, signal }): ClickhouseReply => {
      // The loader of a native library can end the process without an exception.
      return { kind: 'failed', why: `it ended with ${signal ?? code}` };
    }),
    delay(OPEN_MS, undefined, { signal: timer.signal }).then(
      (): ClickhouseReply => ({ kind: 'failed', why: `it did not open within ${OPEN_MS / 1000} s` }),
    ),
  ]);
  timer.abort();
  return reply;
}

/** The last of what the child says on stderr. */
function collect(child: ChildProcess): () => string {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString('utf8')}`.slice(-2000);
  });
  return () => said.trim().split('\n').at(-1) ?? '';
}

function explain(why: string, folder: string): Fault {
  const detail = `the embedded ClickHouse in ${folder} cannot start (${why.split('\n')[0]})`;
  if (/Code: 76\b|Cannot lock file/.test(why)) return new Fault('data/locked', detail);
  if (/No space left|ENOSPC/.test(why)) return new Fault('data/full', detail);
  if (/EADDRINUSE/.test(why)) return new Fault('port/taken', detail);
  if (/Permission denied|EACCES|EROFS|Read-only/.test(why)) return new Fault('data/unusable', detail);
  return new Fault('analytics/unreachable', detail, { cause: asError(why) });
}

async function stop(child: ChildProcess, exited: Promise<Exit>): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    const timer = new AbortController();
    await Promise.race([exited, delay(STOP_MS, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
  }
}
