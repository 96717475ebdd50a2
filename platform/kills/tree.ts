import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Fault } from '../../schemas/fault.ts';
import { type RunFile, readRunFile } from '../data-folder.ts';

const builtFrom = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const entry = fileURLToPath(new URL(`../cli.${builtFrom}`, import.meta.url));

const START_MS = 120_000;

/** A whole platform as a user starts it, in processes that can be killed. */
export type Tree = {
  readonly run: () => Promise<RunFile>;
  /** SIGKILL to one process by its name in run.json; false when it is not running just now. */
  readonly killOne: (name: string) => Promise<boolean>;
  /** SIGKILL to the supervisor and every process below it, at once. */
  readonly killAll: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

export type TreeOptions = {
  readonly dataFolder: string;
  readonly mqttPort: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** More flags of `start`. */
  readonly flags: readonly string[];
};

/** Starts the platform and waits until it serves. */
export async function startTree(options: TreeOptions): Promise<Tree> {
  const { dataFolder, mqttPort, environment } = options;
  const flags = ['--data', dataFolder, '--port', '0', '--mqtt-port', String(mqttPort), ...options.flags];
  const child = spawn(
    process.execPath,
    [...(builtFrom === 'ts' ? ['--import', 'tsx'] : []), entry, 'start', ...flags],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...environment } },
  );
  let lastWords = '';
  child.stderr.on('data', (chunk: Buffer) => {
    lastWords = chunk.toString('utf8').trim();
  });
  const run = async (): Promise<RunFile> => {
    const found = await readRunFile(dataFolder);
    if (found === undefined) throw new Fault('process/crashed', `the platform does not run: ${lastWords}`);
    return found;
  };
  await serves(child, dataFolder, () => lastWords);
  return {
    run,
    killOne: async (name) => signalled((await run()).processes[name]),
    killAll: async () => {
      const pids = await descendants(child.pid ?? 0);
      const ended = once(child, 'exit');
      for (const pid of pids) signalled(pid);
      await ended;
      await gone(pids);
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGINT');
      await ended;
    },
  };
}

async function serves(child: ChildProcess, dataFolder: string, lastWords: () => string): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (child.exitCode === null && performance.now() < deadline) {
    // run.json is written when all processes serve.
    if ((await readRunFile(dataFolder))?.pid === child.pid) return;
    await delay(100);
  }
  child.kill('SIGKILL');
  throw new Fault('process/crashed', `the platform does not start: ${lastWords()}`);
}

function signalled(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself a moment ago.
    return false;
  }
}

/** A process and all below it, parents first (field 4 of proc(5) stat is the parent). */
async function descendants(root: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const entryName of await readdir('/proc')) {
    const pid = Number(entryName);
    if (!Number.isInteger(pid)) continue;
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    parents.set(pid, Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const found = [root];
  for (let i = 0; i < found.length; i++) {
    for (const [pid, parent] of parents) if (parent === found[i]) found.push(pid);
  }
  return found;
}

async function gone(pids: readonly number[]): Promise<void> {
  const isThere = async (pid: number) => {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    return status !== '' && !/\) Z /.test(status);
  };
  for (const pid of pids) while (await isThere(pid)) await delay(20);
}
