import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { engineNodeFlags } from '../../../engine/main.ts';
import { startChild } from '../../../ingest/bench/child.ts';
import { packFixes } from '../../../schemas/batch.ts';
import type { Fix } from '../../../schemas/fix.ts';
import type { EngineJob, EngineUse, Told } from './engine-process.ts';
import { LOAD_START, type LoadSize, openFixes } from './fleet-load.ts';
import { writeLoad } from './write-load.ts';

export type EngineCostOptions = LoadSize & {
  /** A migrated database that may be filled. */
  readonly databaseUrl: string;
  readonly threads: number;
  /** Seconds of the fleet's time before measuring, and of each round; a minute holds one pace of every route. */
  readonly warmSeconds: number;
  readonly seconds: number;
  readonly rounds: number;
  /** The fleet's time against the wall's. */
  readonly speed: number;
  readonly execArgv?: readonly string[];
  readonly progress: (line: string) => void;
};

export type EngineCost = {
  /** The median of the rounds. */
  readonly cpuUsPerFix: number;
  /** Resident memory after the warming up and at the end. */
  readonly rssMbBefore: number;
  readonly rssMb: number;
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
    engine.child.send({
      ...{ databaseUrl, mqttPort: broker.port, threads },
      clock: { from: LOAD_START, speed },
    } satisfies EngineJob);
    await once(engine.child, 'message');
    await client.query('select ensure_fix_partitions(array[to_timestamp($1)])', [LOAD_START]);
    const tell = (seconds: number) => engine.child.send({ seconds } satisfies Told);
    const feed = openFeed(client, sourceId, fixes, { tell, isStored: options.late > 0 });
    const begun = Date.now() / 1000;
    await feed.until(warmSeconds, (at) => begun + at / speed);
    await feed.drained();
    const warm = await useOf(engine.child);
    progress(`warm after ${feed.sent()} fixes; ${Math.round(warm.rss / 1e6)} MB`);
    const costs: number[] = [];
    let use = warm;
    for (let round = 1; round <= options.rounds; round++) {
      const [from, sent] = [warmSeconds + (round - 1) * seconds, feed.sent()];
      const resumed = Date.now() / 1000;
      await feed.until(from + seconds, (at) => resumed + (at - from) / speed);
      await feed.drained();
      const now = await useOf(engine.child);
      costs.push((now.cpu - use.cpu) / (feed.sent() - sent));
      progress(`round ${round}: ${costs.at(-1)?.toFixed(1)} µs per fix; ${Math.round(now.rss / 1e6)} MB`);
      use = now;
    }
    costs.sort((a, b) => a - b);
    return {
      cpuUsPerFix: costs[costs.length >> 1]!,
      rssMbBefore: warm.rss / 1e6,
      rssMb: use.rss / 1e6,
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
function openFeed(
  client: pg.Client,
  sourceId: number,
  fixes: ReturnType<typeof openFixes>,
  { tell, isStored }: { tell: (seconds: number) => void; isStored: boolean },
) {
  let sent = 0;
  let batch = 0;
  let lastAt = 0;
  const write = async (own: readonly Fix[]): Promise<void> => {
    // What comes late is folded again from the table; a load without it does without the table.
    if (isStored) await store(client, own, { sourceId, batch: batch + 1 });
    await client.query({
      name: 'feed',
      text: `with next as (update sources set last_batch = last_batch + 1 where source_id = $1 returning last_batch),
               kept as (insert into batches (source_id, batch, fix_count, payload)
                        select $1, last_batch, $2, $3 from next)
             select pg_notify('paceline_batches', $1 || ':' || last_batch) from next`,
      values: [sourceId, own.length, Buffer.from(packFixes(own))],
    });
    sent += own.length;
    batch++;
  };
  return {
    sent: () => sent,
    /** All fixes before `seconds` of the load, each when it is due. */
    async until(seconds: number, dueAt: (seconds: number) => number): Promise<void> {
      const rate = 0.05;
      for (let at = Math.floor(lastAt / rate) * rate; at < seconds; at += rate) {
        lastAt = at + rate;
        if (Math.floor(lastAt) > Math.floor(at)) tell(lastAt);
        for (const own of fixes.until(lastAt, BATCH_FIXES)) await write(own);
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

async function store(
  client: pg.Client,
  fixes: readonly Fix[],
  { sourceId, batch }: { sourceId: number; batch: number },
): Promise<void> {
  await client.query({
    name: 'store',
    text: `insert into fixes (fleet_id, vehicle_id, device_id, at, key, received, lng, lat, speed, heading, accuracy,
             source_id, batch)
           select $1, v, v, to_timestamp(at), key, to_timestamp(at), lng, lat, speed, 90, 5, $2, $3
           from unnest($4::int[], $5::float8[], $6::bigint[], $7::float8[], $8::float8[], $9::real[])
             as f (v, at, key, lng, lat, speed)`,
    values: [
      fixes[0]?.fleetId ?? 0,
      ...[sourceId, batch],
      fixes.map(({ vehicleId }) => vehicleId),
      fixes.map(({ at }) => at),
      fixes.map(({ key }) => key),
      fixes.map(({ lng }) => lng),
      fixes.map(({ lat }) => lat),
      fixes.map(({ speed }) => speed ?? 0),
    ],
  });
}
