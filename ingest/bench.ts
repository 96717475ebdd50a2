import { cpus } from 'node:os';
import pg from 'pg';
import { type Child, startChild } from './bench/child.ts';
import type { GeneratorJob, GeneratorResult } from './bench/generator.ts';
import { type Costs, processorCosts } from './bench/processor-cost.ts';
import { rawCopy } from './bench/raw-copy.ts';
import { ingestLimits } from './config.ts';
import { makeFleet } from './testing/world.ts';

export type BenchOptions = {
  /** A migrated database that may be filled. */
  readonly databaseUrl: string;
  /** What is measured, to stand in the result. */
  readonly commit: string;
  readonly rounds?: number;
  readonly secondsPerRun?: number;
  /** The program to compare with, by name or path; what it needs may be absent. */
  readonly telegraf?: string;
  readonly progress?: (line: string) => void;
};

export type Bar = {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
  readonly target: number;
  readonly ok: boolean | null;
};

export type BenchResult = {
  readonly bench: string;
  readonly commit: string;
  readonly node: string;
  readonly cpus: number;
  readonly results: Record<string, number | string>;
  readonly bars: readonly Bar[];
};

const VANS = 2_000;
const COPY_ROWS = 200_000;
const CONNECTIONS = 64;
// Several commits deep, so that the next batch gathers while one commits.
const IN_FLIGHT_SINGLE = 256;
const IN_FLIGHT_BATCHED = 4;
const BATCHED = 50;

/**
 * Ingest against its bounds: the same broker that stores nothing, and a bare COPY of the same rows.
 * Rounds alternate between them, so that a machine that slows down slows all alike; medians count.
 * Generator, broker with ingest, and the empty broker are processes of their own. Last, where they are
 * installed, what a fix costs mosquitto and Telegraf.
 */
export async function bench(options: BenchOptions): Promise<BenchResult> {
  const { databaseUrl, rounds = 3, secondsPerRun = 2, progress = () => {} } = options;
  const login = await prepare(databaseUrl);
  await using generator = await startChild('generator');
  await using empty = await startChild('empty-broker');
  await using ingest = await startChild('ingest-process', {
    databaseUrl,
    source: 'bench',
    broker: { kind: 'embedded', host: '127.0.0.1', port: 0 },
    serviceCredential: { username: 'service', password: 'unused' },
  });

  let start = Date.UTC(2026, 0, 5);
  const load = (port: number, job: Partial<GeneratorJob>) => {
    // Every run has weeks of its own, so no fix of one is a duplicate in another.
    start += 7 * 86_400_000;
    const measureMs = secondsPerRun * 1000;
    const defaults = {
      port,
      ...login,
      connections: CONNECTIONS,
      vans: VANS,
      fromMs: start,
      warmMs: 700,
      measureMs,
    };
    return generate(generator, { fixesPerMessage: 1, ...defaults, ...job });
  };
  const measured = {
    single: [] as number[],
    empty: [] as number[],
    batched: [] as number[],
    copy: [] as number[],
  };
  for (let round = 1; round <= rounds; round++) {
    const single = await load(ingest.port, { inFlight: IN_FLIGHT_SINGLE });
    const bare = await load(empty.port, { inFlight: IN_FLIGHT_SINGLE });
    const batched = await load(ingest.port, { inFlight: IN_FLIGHT_BATCHED, fixesPerMessage: BATCHED });
    const chunk = ingestLimits.batchFixes;
    const copy = await rawCopy(databaseUrl, { rows: COPY_ROWS, chunk, vans: VANS, fromMs: start });
    measured.single.push(single.fixesPerSecond);
    measured.empty.push(bare.fixesPerSecond);
    measured.batched.push(batched.fixesPerSecond);
    measured.copy.push(copy);
    progress(
      `round ${round}: single ${whole(single.fixesPerSecond)}/s, empty hook ${whole(bare.fixesPerSecond)}/s, ` +
        `batched ${whole(batched.fixesPerSecond)}/s, bare COPY ${whole(copy)}/s`,
    );
  }
  const rate = Math.max(1, median(measured.single) / 2);
  const open = await load(ingest.port, { rate, measureMs: 2 * secondsPerRun * 1000 });
  progress('processor time per fix, against mosquitto + Telegraf …');
  const costs = await processorCosts({
    ...{ databaseUrl, rounds, ours: ingest, load, telegraf: options.telegraf ?? 'telegraf' },
  });
  if ('absent' in costs) progress(`not compared: ${costs.absent}`);
  return report(options, measured, open, costs);
}

function report(
  { commit }: BenchOptions,
  measured: Record<'single' | 'empty' | 'batched' | 'copy', readonly number[]>,
  open: GeneratorResult,
  costs: Costs | { readonly absent: string },
): BenchResult {
  const [single, empty, batched, copy] = [
    median(measured.single),
    median(measured.empty),
    median(measured.batched),
    median(measured.copy),
  ];
  return {
    bench: 'ingest',
    commit,
    node: process.version,
    cpus: cpus().length,
    results: {
      cpu: cpus()[0]?.model ?? 'unknown',
      single_fixes_per_second: whole(single),
      empty_hook_messages_per_second: whole(empty),
      batched_fixes_per_second: whole(batched),
      copy_fixes_per_second: whole(copy),
      single_open_loop_rate: whole(single / 2),
      single_p50_ms: round2(open.p50),
      ...('absent' in costs ? { telegraf_absent: costs.absent } : costFigures(costs)),
    },
    bars: [
      atLeast('single_vs_empty_hook', single / empty, 0.6),
      atMost('single_p99_ms', open.p99, 'ms', 250),
      atLeast('batched_vs_copy', batched / copy, 0.5),
      'absent' in costs
        ? { name: 'cpu_per_fix_vs_telegraf', value: null, unit: 'ratio', target: 0.67, ok: null }
        : atMost('cpu_per_fix_vs_telegraf', median(costs.ours) / median(costs.theirs), 'ratio', 0.67),
    ],
  };
}

const costFigures = ({ rate, ours, theirs }: Costs) => ({
  cost_fixes_per_second: rate,
  cpu_us_per_fix: round2(median(ours)),
  telegraf_cpu_us_per_fix: round2(median(theirs)),
});

async function prepare(
  databaseUrl: string,
): Promise<{ readonly fleet: string; readonly username: string; readonly password: string }> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { username, password } = await makeFleet(client, 'bench');
    return { fleet: 'bench', username, password };
  } finally {
    await client.end();
  }
}

async function generate(generator: Child, job: GeneratorJob): Promise<GeneratorResult> {
  type Answer =
    | { readonly kind: 'result'; readonly result: GeneratorResult }
    | { readonly kind: 'failed'; readonly reason: string };
  const answer = await generator.ask<Answer>(job);
  if (answer.kind === 'failed') throw new Error(`the generator failed: ${answer.reason}`);
  return answer.result;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = [sorted[middle - 1 + (sorted.length % 2)], sorted[middle]];
  return (low + high) / 2;
}

const whole = Math.round;
const round2 = (value: number): number => Math.round(value * 100) / 100;

const atLeast = (name: string, value: number, target: number): Bar => ({
  ...{ name, value: round2(value), unit: 'ratio', target, ok: value >= target },
});

const atMost = (name: string, value: number, unit: string, target: number): Bar => ({
  ...{ name, value: round2(value), unit, target, ok: value <= target },
});
