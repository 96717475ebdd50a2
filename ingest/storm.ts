import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import pg from 'pg';
import { startChild } from './bench/child.ts';
import type { StormJob, StormResult } from './bench/storm-devices.ts';
import type { BenchResult } from './bench.ts';
import type { IngestLimits } from './config.ts';
import { makeFleet, newSecret } from './testing/world.ts';

export type StormOptions = {
  /** A migrated database that may be filled. */
  readonly databaseUrl: string;
  readonly commit: string;
  readonly devices: number;
  /** Fixes that each device kept: an hour at one in ten seconds is 360. */
  readonly backlog: number;
  /** Messages a device sends before it waits for answers. */
  readonly inFlight: number;
  readonly limits?: Partial<IngestLimits>;
  readonly progress?: (line: string) => void;
};

const FLEET = 'storm';
const STEP_MS = 10_000;
const PATIENCE_MS = 1_800_000;
/** What ingest may take at its peak, all of Node included. */
const RSS_MB_MAX = 700;

/**
 * A reconnect storm: devices with log-ins of their own that connect all at once, each with a backlog
 * of one fix a message. Nothing acknowledged may be missing, nothing stand twice, and the memory of
 * ingest stays bounded: whoever comes too early is turned away and comes again.
 */
export async function storm(options: StormOptions): Promise<BenchResult> {
  const { databaseUrl, devices, backlog, inFlight, limits, progress = () => {} } = options;
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { names, secret } = await makeDevices(client, devices);
    await using generator = await startChild('storm-devices');
    await using ingest = await startChild('ingest-process', {
      ...{ databaseUrl, source: 'storm', limits },
      broker: { kind: 'embedded', host: '127.0.0.1', port: 0 },
      serviceCredential: { username: 'service', password: 'unused' },
    });
    progress(`${devices} devices connect, each with ${backlog} fixes …`);
    const job: StormJob = {
      ...{ port: ingest.port, fleet: FLEET, names, secret, backlog, inFlight },
      ...{ fromMs: Date.UTC(2026, 0, 5), stepMs: STEP_MS, patienceMs: PATIENCE_MS },
    };
    type Answer = { readonly result: StormResult } | { readonly reason: string };
    const answer = await generator.ask<Answer>(job);
    if ('reason' in answer) throw new Error(`the devices failed: ${answer.reason}`);
    return await report(options, { client, ...answer, rssMb: await peakOf(ingest.pid) });
  } finally {
    await client.end();
  }
}

async function report(
  { commit, devices, backlog }: StormOptions,
  {
    client,
    result,
    rssMb,
  }: { readonly client: pg.Client; readonly result: StormResult; readonly rssMb: number | null },
): Promise<BenchResult> {
  const { acknowledged, reconnects, seconds } = result;
  const { rows } = await client.query<{ fixes: string; distinct: string }>(
    `select count(*) as fixes, count(distinct (vehicle_id, seq)) as distinct from fixes`,
  );
  const fixes = Number(rows[0]?.fixes);
  const distinct = Number(rows[0]?.distinct);
  const atMost = (name: string, value: number | null, unit: string, target: number) => ({
    ...{ name, value, unit, target, ok: value === null ? null : value <= target },
  });
  return {
    bench: 'storm',
    commit,
    node: process.version,
    cpus: cpus().length,
    results: {
      ...{ devices, backlog, acknowledged, reconnects, seconds: Math.round(seconds) },
      fixes_per_second: Math.round(acknowledged / seconds),
    },
    bars: [
      // All that was offered is acknowledged in the end, so every fix has to be there.
      atMost('lost', devices * backlog - distinct, 'fixes', 0),
      atMost('duplicated', fixes - distinct, 'fixes', 0),
      atMost('ingest_peak_rss_mb', rssMb, 'MB', RSS_MB_MAX),
    ],
  };
}

/** Devices with vehicles; one secret for all, since making thousands is not what is measured. */
async function makeDevices(client: pg.Client, count: number) {
  const { fleetId } = await makeFleet(client, FLEET);
  const { secret, kept } = newSecret();
  const names = Array.from({ length: count }, (_, i) => `storm-${i}`);
  await client.query(
    `with v as (
       insert into vehicles (fleet_id, name) select $1, unnest($2::text[]) returning vehicle_id, name
     )
     insert into devices (fleet_id, name, vehicle_id, secret_hash) select $1, name, vehicle_id, $3 from v`,
    [fleetId, names, kept],
  );
  return { names, secret };
}

/** Most memory a process ever held (VmHWM of proc(5)), MB; null where there is no /proc. */
async function peakOf(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Math.round(Number(kilobytes) / 1024);
}
