import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Fault, type FaultCode, faults } from '../schemas/fault.ts';
import type { LogFile } from './log-file.ts';
import type { Figures, FiguresAnswer, FiguresRequest } from './metrics.ts';
import type { ReadyMessage } from './program.ts';
import type { Running, Unit } from './supervisor.ts';

export type ChildOptions = {
  /** As in `platform/verbs.ts`. */
  readonly verb: string;
  readonly args?: readonly string[];
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[];
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: LogFile;
  /** How long it may take to be ready; default 90 s. */
  readonly readyMs?: number;
  /** Called each time it is ready. */
  readonly onReady?: (facts: ReadyMessage['facts']) => void;
};

/** It may have to wait for the lock that its killed predecessor still holds in the database. */
const READY_MS = 90_000;
const STOP_MS = 12_000;
const FIGURES_MS = 2_000;

const builtFrom = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const entry = fileURLToPath(new URL(`./cli.${builtFrom}`, import.meta.url));

/** How a process that had nothing more to do says so. */
export const endedWell = 'it ended with code 0';

/** One of our programs as a child process. It ends by itself when we are gone. */
export function childUnit(name: string, options: ChildOptions): Unit {
  return { name, start: (signal) => startChild(name, options, signal) };
}

async function startChild(name: string, options: ChildOptions, signal: AbortSignal): Promise<Running> {
  const child = fork(entry, [options.verb, ...(options.args ?? [])], {
    execArgv: [
      '--enable-source-maps',
      ...(options.nodeFlags ?? []),
      ...(builtFrom === 'ts' ? ['--import', 'tsx'] : []),
    ],
    env: { ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let lastWords = '';
  const read = (stream: ChildProcess['stdout'], take: (line: string) => void) => {
    if (stream) createInterface({ input: stream }).on('line', take);
  };
  read(child.stdout, (line) => options.logFile.append(line));
  read(child.stderr, (line) => {
    // Either our own sentence, or the line of a stack trace that names the error.
    if (line.startsWith('paceline: ') || /^\w*Error\b.*: /.test(line)) lastWords = line;
    options.logFile.complain(line);
  });
  // 'close' rather than 'exit': by then its last words have been read.
  const exited = new Promise<string>((done) => {
    child.once('error', (error) => done(error.message));
    child.once('close', (code, signal) =>
      done(code !== 0 && lastWords ? lastWords : `it ended with ${signal ?? `code ${code}`}`),
    );
  });
  const giveUp = () => void stop(child, exited);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await becomesReady(name, child, exited, options);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
  return {
    pid: child.pid ?? 0,
    exited,
    stop: () => stop(child, exited),
    kill: () => child.kill('SIGKILL'),
    figures: () => figuresOf(child),
  };
}

/** What it says of itself; undefined where it does not say so in time. */
function figuresOf(child: ChildProcess): Promise<Figures | undefined> {
  return new Promise((resolve) => {
    const done = (figures: Figures | undefined) => {
      clearTimeout(timer);
      child.off('message', take);
      resolve(figures);
    };
    const take = (message: FiguresAnswer) => {
      if (message.kind === 'figures') done(message.figures);
    };
    const timer = setTimeout(done, FIGURES_MS, undefined);
    child.on('message', take);
    if (child.connected) child.send({ kind: 'figures?' } satisfies FiguresRequest, () => {});
    else done(undefined);
  });
}

async function becomesReady(
  name: string,
  child: ChildProcess,
  exited: Promise<string>,
  options: ChildOptions,
): Promise<void> {
  const { readyMs = READY_MS } = options;
  const timer = new AbortController();
  const ready = new Promise<ReadyMessage>((done) => {
    child.on('message', (message: ReadyMessage) => {
      if (message.kind === 'ready') done(message);
    });
  });
  const first = await Promise.race([
    ready,
    exited,
    delay(readyMs, `it was not ready after ${readyMs / 1000} s`, { signal: timer.signal }).catch(() => ''),
  ]);
  timer.abort();
  if (typeof first !== 'string') {
    options.onReady?.(first.facts);
    return;
  }
  child.kill('SIGKILL');
  throw faultOf(name, first);
}

/** The fault that a process named in its last words. */
export function faultOf(name: string, words: string): Fault {
  const [, detail = '', code = ''] = /^paceline: (.*?) — .*\[([a-z]+\/[a-z]+)\]$/.exec(words) ?? [];
  if (code in faults) return new Fault(code as FaultCode, detail);
  return new Fault(
    'process/crashed',
    `the process ${name} cannot start: ${words.replace(/^paceline: /, '')}`,
  );
}

async function stop(child: ChildProcess, exited: Promise<string>): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    child.kill(signal);
    const timer = new AbortController();
    await Promise.race([exited, delay(STOP_MS, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
  }
}
