import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { engineNodeFlags } from '../../../engine/main.ts';
import { startChild } from '../../../ingest/bench/child.ts';
import type { EngineJob, EngineUse } from './engine-process.ts';
import { LOAD_START, type LoadSize, openFixes } from './fleet-load.ts';
import { writeLoad } from './write-load.ts';

export type EngineCostOptions = LoadSize & {
  /** A migrated database that may be filled. */
  readonly databaseUrl: string;
  readonly threads: number;
  /** Seconds of the fleet's time before and while measuring. */
  readonly warmSeconds: number;
  readonly seconds: number;
  /** The fleet's time against the wall's. */
  readonly speed: number;
  readonly execArgv?: readonly string[];
  readonly progress: (line: string) => void;
};

export type EngineCost = {
  readonly fixes: number;
  readonly cpuUsPerFix: number;
  readonly rssMb: number;
  /** Share of one core at this rate in real time. */
  readonly cores: number;
};

/** Fixes in one batch: a gateway's message. */
const BATCH_FIXES = 50;

/**
 * What a fix costs the whole engine process (all threads, user and system) with a fleet in the middle of
 * its day: fixes come in batches as ingest commits them, at their pace, so that the engine takes them,
 * ticks, and projects every route each minute as it does in earnest. The fleet's time may run faster than
 * the wall's: engine clock, arrivals and waits alike, so that a second of the fleet holds the same work.
 */
export async function engineCost(options: EngineCostOptions): Promise<EngineCost> {
  const { databaseUrl, threads, speed, warmSeconds, seconds, progress } = options;
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('set synchronous_commit = off');
    const { fleetId, sourceId } = await writeLoad(client, options);
    progress(
      `wrote ${options.vans} vans, ${options.plans} plans of ${options.stops} stops, ${options.fences} fences`,
    );
    const fixes = openFixes(options, fleetId);
    await using broker = await startChild('empty-broker');
    await using engine = startEngine(options.execArgv ?? []);
    const zero = Date.now() / 1000 + 1;
    engine.child.send({
      ...{ databaseUrl, mqttPort: broker.port, threads },
      clock: { from: LOAD_START, zero, speed },
    } satisfies EngineJob);
    await once(engine.child, 'message');
    const feed = openFeed(client, sourceId, fixes);
    const begun = Date.now() / 1000;
    await feed.until(warmSeconds, (at) => begun + at / speed);
    await feed.drained();
    const before = await useOf(engine.child);
    const sentBefore = feed.sent();
    progress(`warm after ${sentBefore} fixes; ${Math.round(before.rss / 1e6)} MB`);
    const resumed = Date.now() / 1000;
    await feed.until(warmSeconds + seconds, (at) => resumed + (at - warmSeconds) / speed);
    await feed.drained();
    const after = await useOf(engine.child);
    const count = feed.sent() - sentBefore;
    const cpuUsPerFix = (after.cpu - before.cpu) / count;
    return {
      fixes: count,
      cpuUsPerFix,
      rssMb: after.rss / 1e6,
      cores: (cpuUsPerFix * count) / seconds / 1e6,
    };
  } finally {
    await client.end();
  }
}

function startEngine(execArgv: readonly string[]): AsyncDisposable & { readonly child: ChildProcess } {
  const isSource = import.meta.url.endsWith('.ts');
  const file = new URL(`./engine-process.${isSource ? 'ts' : 'js'}`, import.meta.url);
  const child = fork(file, {
    execArgv: [...engineNodeFlags, ...execArgv, ...(isSource ? ['--import', 'tsx'] : [])],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return {
    child,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

async function useOf(child: ChildProcess): Promise<EngineUse> {
  child.send('use');
  const [use] = await once(child, 'message');
  return use as EngineUse;
}

/** Commits batches when they are due, and knows when the engine has taken them all. */
function openFeed(client: pg.Client, sourceId: number, fixes: ReturnType<typeof openFixes>) {
  let sent = 0;
  let batch = 0;
  let lastAt = 0;
  const write = async (count: number, payload: Buffer): Promise<void> => {
    await client.query({
      name: 'feed',
      text: `with next as (update sources set last_batch = last_batch + 1 where source_id = $1 returning last_batch),
               kept as (insert into batches (source_id, batch, fix_count, payload)
                        select $1, last_batch, $2, $3 from next)
             select pg_notify('paceline_batches', $1 || ':' || last_batch) from next`,
      values: [sourceId, count, payload],
    });
    sent += count;
    batch++;
  };
  return {
    sent: () => sent,
    /** All fixes before `seconds` of the load, each when it is due. */
    async until(seconds: number, dueAt: (seconds: number) => number): Promise<void> {
      const rate = 0.05;
      for (let at = Math.floor(lastAt / rate) * rate; at < seconds; at += rate) {
        lastAt = at + rate;
        for (const { count, payload } of fixes.until(lastAt, BATCH_FIXES)) await write(count, payload);
        const early = dueAt(lastAt) * 1000 - Date.now();
        if (early > 2) await pause(early);
      }
    },
    async drained(): Promise<void> {
      for (;;) {
        const { rows } = await client.query(
          `select batch::float8 from consumers where consumer = 'engine' and source_id = $1`,
          [sourceId],
        );
        if (rows[0]?.batch >= batch) return;
        await pause(20);
      }
    },
  };
}
