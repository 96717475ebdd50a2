import { fork, spawn } from 'node:child_process';
import { access, constants, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchResult } from '../../ingest/bench.ts';
import { Fault } from '../../schemas/fault.ts';
import { freePort } from '../embedded/ports.ts';
import type { PublisherJob, PublisherResult } from './publisher.ts';

export type GeneratorBenchOptions = {
  readonly commit: string;
  /** Where programs are looked for; /usr/sbin too, where Debian has mosquitto. */
  readonly searchPath: string | undefined;
  readonly isQuick: boolean;
  /** Messages a second of k6 against the broker at a port, or why there are none. */
  readonly k6: (port: number, seconds: number) => Promise<number | string>;
  readonly progress: (line: string) => void;
};

const TARGET = 0.85;

/**
 * The simulator alone (making, encoding, sending, ledger; days are made before) against a bare publisher of the same
 * messages made beforehand, both at QoS 1 to the same mosquitto. Runs alternate, so that a machine that
 * slows down slows both; medians count.
 */
export async function benchGenerator(options: GeneratorBenchOptions): Promise<BenchResult> {
  const { commit, isQuick, progress } = options;
  const mosquitto = await programIn(options.searchPath, 'mosquitto');
  const head = { bench: 'simulator', commit, node: process.version, cpus: cpus().length };
  const unit = { name: 'generator_vs_bare_publisher', unit: 'ratio', target: TARGET };
  if (mosquitto === undefined) {
    progress('skipped: there is no mosquitto on the PATH or in /usr/sbin');
    const results = { cpu: cpus()[0]?.model ?? 'unknown', skipped: 'no mosquitto' };
    return { ...head, results, bars: [{ ...unit, value: null, ok: null }] };
  }
  const folder = await mkdtemp(join(tmpdir(), 'paceline-generator-'));
  try {
    await using broker = await startBroker(mosquitto, folder);
    // The vans share their days, as those of a soak do: made before the first message, and told apart.
    const scenario = { name: 'bench', vans: 200, patterns: 20, vansPerDepot: 20 };
    await writeFile(join(folder, 'scenario.json'), JSON.stringify(scenario));
    const job = { port: broker.port, folder, warmMs: 1000, measureMs: isQuick ? 2000 : 5000 };
    const runs = { bare: [] as PublisherResult[], generator: [] as PublisherResult[] };
    for (let round = 1; round <= (isQuick ? 1 : 5); round++) {
      for (const kind of ['bare', 'generator'] as const)
        runs[kind].push(await runPublisher({ ...job, kind }));
      const [bare, generator] = [runs.bare.at(-1)!, runs.generator.at(-1)!];
      progress(
        `round ${round}: bare ${Math.round(bare.messagesPerSecond)}/s, generator ${Math.round(generator.messagesPerSecond)}/s`,
      );
    }
    const days = await runPublisher({ ...job, kind: 'days' });
    const k6 = await options.k6(broker.port, isQuick ? 3 : 8);
    if (typeof k6 === 'string') progress(`without k6: ${k6}`);
    const rate = (list: readonly PublisherResult[]) => median(list.map((run) => run.messagesPerSecond));
    const cpu = (list: readonly PublisherResult[]) => median(list.map((run) => run.cpuMicroseconds));
    const ratio = rate(runs.generator) / rate(runs.bare);
    return {
      ...head,
      results: {
        cpu: cpus()[0]?.model ?? 'unknown',
        bare_messages_per_second: Math.round(rate(runs.bare)),
        generator_messages_per_second: Math.round(rate(runs.generator)),
        bare_cpu_us_per_message: round1(cpu(runs.bare)),
        generator_cpu_us_per_message: round1(cpu(runs.generator)),
        unshared_day_cpu_us_per_message: round1(days.cpuMicroseconds),
        k6_messages_per_second: typeof k6 === 'string' ? k6 : Math.round(k6),
      },
      bars: [{ ...unit, value: Math.round(ratio * 100) / 100, ok: ratio >= TARGET }],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A publisher in a process of its own: neither's garbage is the other's. */
function runPublisher(job: PublisherJob): Promise<PublisherResult> {
  const isSource = import.meta.url.endsWith('.ts');
  const file = new URL(`./publisher.${isSource ? 'ts' : 'js'}`, import.meta.url);
  const child = fork(file, {
    execArgv: ['--max-semi-space-size=32', ...(isSource ? ['--import', 'tsx'] : [])],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    child.once('message', (result) => resolve(result as PublisherResult));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`a publisher of the bench ended with ${code}`)));
    child.send(job);
  });
}

async function programIn(searchPath: string | undefined, name: string): Promise<string | undefined> {
  for (const folder of [...(searchPath ?? '').split(delimiter), '/usr/sbin']) {
    const path = join(folder, name);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere && folder !== '') return path;
  }
  return undefined;
}

type Broker = AsyncDisposable & { readonly port: number };

const START_MS = 10_000;

/** mosquitto as it comes, but for the bounds on what may be under way. */
async function startBroker(program: string, folder: string): Promise<Broker> {
  const port = await freePort('127.0.0.1', 'mosquitto');
  const settings = [
    'allow_anonymous true',
    'max_inflight_messages 0',
    'max_queued_messages 0',
    'log_type none',
  ];
  const file = join(folder, 'mosquitto.conf');
  await writeFile(file, [`listener ${port} 127.0.0.1`, ...settings, ''].join('\n'));
  const child = spawn(program, ['-c', file], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const until = performance.now() + START_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || performance.now() > until)
      throw new Fault('tool/failed', `${program} does not start`);
    await delay(20);
  }
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await ended;
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const round1 = (value: number): number => Math.round(value * 10) / 10;
