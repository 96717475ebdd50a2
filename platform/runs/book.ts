import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asError } from '../../schemas/fault.ts';
import type { CommandIo } from '../command.ts';
import { storeRun } from '../store/run-store.ts';
import { withClient } from '../with-database.ts';
import type { Figures, LoadRun, Machine } from './run.ts';
import { watchUsage } from './usage.ts';

/** What is known of a run when it is over; the rest the book finds out by itself. */
export type RunOutcome = Pick<LoadRun, 'kind' | 'scenario' | 'seed' | 'fleet' | 'vans' | 'figures'>;

export type OpenRun = {
  /** Nothing more is sent: what follows is only worked off. Rates count up to here. */
  readonly sent: () => void;
  readonly close: (outcome: RunOutcome) => Promise<LoadRun>;
};

/**
 * Begins a run: from here on time, processor and memory count. `platformPid` is the supervisor of the
 * platform under load, where it runs on this machine.
 */
export async function openRun(now: () => number, platformPid: number | undefined): Promise<OpenRun> {
  const startedAt = now();
  const cpuBefore = process.cpuUsage();
  const watch = platformPid === undefined ? undefined : await watchUsage(platformPid);
  let sentAt: number | undefined;
  return {
    sent: () => {
      sentAt = now();
    },
    close: async ({ figures, ...what }) => {
      const endedAt = now();
      const seconds = (sentAt ?? endedAt) - startedAt;
      const usage = await watch?.stop();
      const { user, system } = process.cpuUsage(cpuBefore);
      const isOurTree = platformPid === process.pid;
      const more: Record<string, number | undefined> = {
        seconds,
        drain_seconds: sentAt === undefined ? undefined : endedAt - sentAt,
        platform_cpu_seconds: usage?.cpuSeconds,
        platform_memory_max_mb: usage?.memoryMaxMb,
        // The supervisor of a demo is part of the platform, and k6 a process of its own.
        ...(what.kind === 'simulate' && !isOurTree
          ? {
              generator_cpu_seconds: (user + system) / 1e6,
              // Kilobytes on every system that Node runs on.
              generator_memory_max_mb: process.resourceUsage().maxRSS / 1024,
            }
          : {}),
      };
      return {
        ...what,
        startedAt,
        endedAt,
        ...(await versions()),
        machine: machine(),
        figures: { ...figures, ...rates(figures, seconds), ...rounded(more) },
      };
    },
  };
}

/** Writes the run into the book and says its number; a book that cannot be written spoils no run. */
export async function keepRun(
  databaseUrl: string | undefined,
  run: LoadRun,
  { stderr }: Pick<CommandIo, 'stderr'>,
): Promise<void> {
  if (databaseUrl === undefined) return;
  try {
    const number = await withClient(databaseUrl, (client) => storeRun(client, run));
    if (number === undefined)
      stderr(`runs: there is no fleet ${run.fleet} whose book this run could stand in`);
    else stderr(`runs: this is run ${number} of the fleet ${run.fleet}`);
  } catch (thrown) {
    stderr(`runs: this run is not kept (${asError(thrown).message})`);
  }
}

function rates(figures: Figures, seconds: number): Figures {
  const { acknowledged, fixes_per_second: told } = figures;
  if (acknowledged === undefined || told !== undefined || seconds <= 0) return {};
  return rounded({ fixes_per_second: acknowledged / seconds });
}

function rounded(figures: Readonly<Record<string, number | undefined>>): Figures {
  return Object.fromEntries(
    Object.entries(figures).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Math.round(value * 100) / 100]],
    ),
  );
}

function machine(): Machine {
  const processors = cpus();
  return {
    cpus: processors.length,
    cpuModel: processors[0]?.model.trim() ?? '',
    memoryMb: Math.round(totalmem() / 1024 / 1024),
    node: process.version,
    os: `${platform()} ${release()} ${arch()}`,
  };
}

async function versions(): Promise<Pick<LoadRun, 'platformVersion' | 'gitVersion'>> {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder);
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  // A checkout of something else above us says nothing about us.
  if (!existsSync(join(folder, '.git'))) return { platformVersion: version, gitVersion: undefined };
  const gitVersion = await new Promise<string | undefined>((resolve) => {
    execFile('git', ['-C', folder, 'describe', '--always', '--dirty', '--tags'], (error, text) =>
      resolve(error ? undefined : text.trim()),
    );
  });
  return { platformVersion: version, gitVersion };
}
