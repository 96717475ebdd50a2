import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import type { GeneratorJob, GeneratorResult } from './generator.ts';
import { type Peer, startPeer } from './peer.ts';
import { postmasterOf, processorSeconds } from './processor-time.ts';

export type CostJob = {
  readonly databaseUrl: string;
  /** The program `telegraf`, by name or path. */
  readonly telegraf: string;
  readonly rounds: number;
  /** Broker with ingest. */
  readonly ours: { readonly pid: number; readonly port: number };
  readonly load: (port: number, job: Partial<GeneratorJob>) => Promise<GeneratorResult>;
};

/** Processor microseconds per durable fix, of broker, consumer and database together, by round. */
export type Costs = {
  /** Messages of one fix per second. */
  readonly rate: number;
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
};

/** Messages per second: what both sustain, with a core to spare. */
const RATE = 10_000;
const MEASURE_MS = 5_000;
const PATIENCE_MS = 60_000;
/** What is done a moment later belongs to the fixes too, such as counting. */
const AFTER_MS = 1_500;

/**
 * What a durable fix costs in processor time, ours and theirs: the same messages at the same rate,
 * one fix each, to the same PostgreSQL, in turn; from the first message until everything is stored.
 */
export async function processorCosts(job: CostJob): Promise<Costs | { readonly absent: string }> {
  await using database = await connectTo(job.databaseUrl);
  const postmaster = await postmasterOf(database.client);
  if (postmaster === undefined || (await processorSeconds([])) === undefined) {
    return { absent: 'the processor time of the database cannot be read here' };
  }
  const peer = await startPeer(job.databaseUrl, job.telegraf);
  if ('absent' in peer) return peer;
  await using theirs: Peer = peer;
  const measured = { rate: RATE, ours: [] as number[], theirs: [] as number[] };
  const cost = async (pids: readonly number[], port: number, isStored: IsStored): Promise<number> => {
    const before = await total([...pids, postmaster]);
    const { sent, acknowledged } = await job.load(port, { rate: RATE, measureMs: MEASURE_MS });
    const deadline = performance.now() + PATIENCE_MS;
    while (!(await isStored(sent, acknowledged))) {
      if (performance.now() > deadline) throw new Error(`not all of ${sent} fixes were stored`);
      await wait(100);
    }
    await wait(AFTER_MS);
    return (((await total([...pids, postmaster])) - before) / sent) * 1e6;
  };
  for (let round = 0; round < job.rounds; round++) {
    measured.ours.push(
      await cost([job.ours.pid], job.ours.port, async (sent, acknowledged) => acknowledged === sent),
    );
    const before = await theirs.stored();
    measured.theirs.push(
      await cost(theirs.pids, theirs.port, async (sent) => (await theirs.stored()) - before >= sent),
    );
  }
  return measured;
}

type IsStored = (sent: number, acknowledged: number) => Promise<boolean>;

async function total(pids: readonly number[]): Promise<number> {
  return ((await processorSeconds(pids)) ?? []).reduce((sum, seconds) => sum + seconds, 0);
}

async function connectTo(
  connectionString: string,
): Promise<AsyncDisposable & { readonly client: pg.Client }> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  return { client, [Symbol.asyncDispose]: () => client.end() };
}
