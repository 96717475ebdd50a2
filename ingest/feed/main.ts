import { setTimeout as sleep } from 'node:timers/promises';
import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import pg from 'pg';
import { asError, Fault } from '../../schemas/fault.ts';
import type { ProgramContext } from '../../schemas/program.ts';
import { migrateClickHouse } from './clickhouse-migrate.ts';
import { forgetPlaces } from './cursors.ts';
import { type Feed, feedBatches } from './log-feed.ts';
import { feedResults } from './result-feed.ts';
import { feedPlans } from './stop-feed.ts';
import { vehicleNames } from './vehicle-names.ts';

export type FeedConfig = {
  readonly databaseUrl: string;
  readonly clickhouse: {
    readonly url: string;
    readonly username?: string | undefined;
    readonly password?: string | undefined;
    readonly database?: string | undefined;
  };
};

/** Milliseconds. ClickHouse likes few large inserts: at most one round a second while there is little. */
const ROUND_MS = 1000;
/** A notification may be lost with its connection; this is how late we are then. */
const POLL_MS = 5000;
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 15_000;

/**
 * Copies what is committed, and every later correction, to ClickHouse. A place in a stream is kept
 * only after ClickHouse has acknowledged all before it; what a crash makes it send again replaces
 * itself there. While either server is away it waits, says so once, and goes on where it was.
 */
export async function runFeed(config: FeedConfig, context: ProgramContext): Promise<void> {
  const { signal, log } = context;
  let trouble: string | undefined;
  let isReady = false;
  let delay = RETRY_MIN_MS;
  const ready = (state: string): void => {
    if (!isReady) context.ready({ history: state });
    isReady = true;
  };
  const working = (): void => {
    if (trouble !== undefined) log.info({}, 'history feed goes on');
    trouble = undefined;
    delay = RETRY_MIN_MS;
    ready('connected');
  };
  while (!signal.aborted) {
    try {
      await feedUntilTrouble(config, context, working);
    } catch (thrown) {
      if (signal.aborted) return;
      const { sentence } = asFault(thrown);
      if (sentence !== trouble)
        log.warn({ fault: sentence }, 'history feed waits; nothing is lost meanwhile');
      trouble = sentence;
      ready('waiting');
      await sleep(delay, undefined, { signal }).catch(() => undefined);
      delay = Math.min(RETRY_MAX_MS, delay * 2);
    }
  }
}

async function feedUntilTrouble(
  config: FeedConfig,
  context: ProgramContext,
  working: () => void,
): Promise<void> {
  const database = new pg.Client({ connectionString: config.databaseUrl, application_name: 'paceline feed' });
  const lost = new Promise<never>((_, reject) => database.on('error', reject));
  lost.catch(() => undefined);
  const clickhouse = openClickHouse(config);
  try {
    await connect(database);
    const feed = { database, clickhouse, log: context.log, vehicleNames: vehicleNames(database) };
    await feedAll(feed, lost, context, working);
  } finally {
    await clickhouse.close();
    await database.end().catch(() => undefined);
  }
}

async function feedAll(
  feed: Feed,
  lost: Promise<never>,
  { signal, log }: ProgramContext,
  working: () => void,
): Promise<void> {
  const { database } = feed;
  const wake = wakeUp(database);
  await lockFeed(database, log, signal);
  for (const channel of ['paceline_batches', 'paceline_results', 'paceline_world']) {
    await database.query(`listen ${channel}`);
  }
  const { applied, wasEmpty } = await migrateClickHouse(feed.clickhouse);
  if (applied.length > 0) log.info({ applied }, 'migrated ClickHouse');
  if (wasEmpty) await forgetPlaces(database);
  while (!signal.aborted) {
    wake.forget();
    const isMore = await Promise.race([round(feed), lost]);
    working();
    if (isMore) continue;
    await Promise.race([wake.wait(signal), lost]);
    await sleep(ROUND_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function connect(database: pg.Client): Promise<void> {
  try {
    await database.connect();
  } catch (cause) {
    if (cause instanceof pg.DatabaseError) throw cause;
    throw new Fault('database/unreachable', `no connection to the database: ${describe(asError(cause))}`, {
      cause,
    });
  }
}

/** One pass over all three streams; says whether any has more. Plans first: visits name their stops. */
async function round(feed: Feed): Promise<boolean> {
  await feedPlans(feed);
  const areMoreBatches = await feedBatches(feed);
  const areMoreResults = await feedResults(feed);
  return areMoreBatches || areMoreResults;
}

/** Two feeds would race for the same places, so a second waits for the first to go. */
async function lockFeed(database: pg.Client, log: ProgramContext['log'], signal: AbortSignal): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const { rows } = await database.query<{ locked: boolean }>(
      `select pg_try_advisory_lock(hashtext('paceline feed')) as locked`,
    );
    if (rows[0]?.locked || signal.aborted) return;
    if (attempt === 0) log.info({}, 'another history feed is at work; waiting for it to end');
    await sleep(ROUND_MS, undefined, { signal }).catch(() => undefined);
  }
}

function openClickHouse({ clickhouse }: FeedConfig): ClickHouseClient {
  const { url, username, password, database } = clickhouse;
  return createClient({
    url,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    application: 'paceline-feed',
    request_timeout: 120_000,
    // What fails is thrown, and said here once.
    log: { level: ClickHouseLogLevel.OFF },
  });
}

/** A notification that arrives during a round counts for the wait after it. */
function wakeUp(database: pg.Client): { forget: () => void; wait: (signal: AbortSignal) => Promise<void> } {
  let isDue = false;
  let waiting: (() => void) | undefined;
  database.on('notification', () => {
    isDue = true;
    waiting?.();
  });
  return {
    forget: () => {
      isDue = false;
    },
    wait: async (signal) => {
      if (isDue || signal.aborted) return;
      const over = new AbortController();
      waiting = () => over.abort();
      const either = AbortSignal.any([signal, over.signal]);
      await sleep(POLL_MS, undefined, { signal: either }).catch(() => undefined);
      waiting = undefined;
    },
  };
}

function asFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const error = asError(thrown);
  if (thrown instanceof ClickHouseError) {
    return new Fault('analytics/unreachable', `ClickHouse refused: ${error.message}`, { cause: thrown });
  }
  if (thrown instanceof pg.DatabaseError) {
    const isRefusal = thrown.code === '3D000' || thrown.code?.startsWith('28');
    const code = isRefusal ? 'database/refused' : 'database/failed';
    return new Fault(code, `the database says: ${error.message}`, { cause: thrown });
  }
  return new Fault('analytics/unreachable', `history cannot be copied: ${describe(error)}`, {
    cause: thrown,
  });
}

/** Node's connection errors may carry their reason in `code` alone. */
function describe(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return error.message || code || error.name;
}
