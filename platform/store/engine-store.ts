import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { EngineStore, WorldVersion } from '../../schemas/engine-store.ts';
import { asError, Fault } from '../../schemas/fault.ts';
import { commitWork, writeLearned } from './engine-commit.ts';
import * as read from './engine-reads.ts';
import * as plans from './engine-world.ts';
import { fixes } from './packed-fixes.ts';

/** The consumer whose cursor is the engine's. */
export const ENGINE = 'engine';

/** Milliseconds to wait for another engine of the same database to end. */
const LOCK_WAIT_MS = 30_000;

export type OpenEngineStore = EngineStore & AsyncDisposable;

/**
 * The engine's store in PostgreSQL: one connection that holds the engine's lock (there is one engine
 * per database) and one that listens. A connection that breaks is replaced at the next call; the
 * engine starts anew from the tables then.
 */
export async function openEngineStore(databaseUrl: string): Promise<OpenEngineStore> {
  let client: pg.Client | undefined;
  /**
   * A connection that ended while nobody asked anything: another engine may have held the lock meanwhile, or
   * a person may have removed rows. What is in memory then counts no more, so the next question fails.
   */
  let isLost = false;
  const wakes = new Set<() => void>();
  /** Whether something was heard of since the log was last read. */
  let isWoken = true;
  /** What the world was when it was last asked; forgotten once it is said to have changed. */
  let version: WorldVersion | undefined;
  let changes = 0;
  const forgetVersion = () => {
    version = undefined;
    changes++;
  };

  const connected = async (): Promise<pg.Client> => {
    if (client) return client;
    if (isLost) {
      isLost = false;
      throw new Fault('database/unreachable', 'the connection of the engine was lost');
    }
    const fresh = new pg.Client({ connectionString: databaseUrl, application_name: 'paceline engine' });
    const drop = () => {
      if (client === fresh) {
        client = undefined;
        isLost = true;
      }
      forgetVersion();
      wake();
    };
    fresh.on('error', drop);
    fresh.on('end', drop);
    fresh.on('notification', ({ channel }) => {
      if (channel === 'paceline_world') forgetVersion();
      wake();
    });
    try {
      await fresh.connect();
      await fresh.query(`set lock_timeout = ${LOCK_WAIT_MS}`);
      await fresh.query(`select pg_advisory_lock(hashtext('paceline engine'))`);
      await fresh.query('set lock_timeout = 0');
      await fresh.query(`set timezone = 'UTC'`);
      await fresh.query('listen paceline_batches');
      await fresh.query('listen paceline_world');
    } catch (cause) {
      await fresh.end().catch(() => {});
      throw databaseFault(cause);
    }
    client = fresh;
    return fresh;
  };
  const wake = () => {
    isWoken = true;
    for (const resolve of wakes) resolve();
  };
  const withClient =
    <Args extends unknown[], Result>(query: (on: pg.Client, ...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      const on = await connected();
      try {
        return await query(on, ...args);
      } catch (cause) {
        // It is told now.
        isLost = false;
        throw databaseFault(cause);
      }
    };

  await connected();
  return {
    // A change is told of as it commits, and the telling comes before the answer to whatever is asked next
    // (the connection is idle between two questions): so what nobody spoke of has not changed.
    readWorldVersion: async () => {
      if (version) return version;
      const before = changes;
      const found = await withClient(plans.worldVersion)();
      if (changes === before) version = found;
      return found;
    },
    readWorld: withClient(plans.world),
    readVehicles: withClient(plans.vehicles),
    readFences: withClient(plans.fences),
    readRouteIds: withClient(plans.routeIds),
    readRoutes: withClient(plans.routes),
    readCursor: withClient(read.cursor),
    readBatches: async (cursor, fixCountMax) => {
      isWoken = false;
      return await withClient(read.batches)(cursor, fixCountMax);
    },
    readCheckpoints: withClient(read.checkpoints),
    readFixes: withClient(fixes),
    readHalts: withClient(read.halts),
    readReports: withClient(read.reports),
    readConclusions: withClient(read.conclusions),
    readRouteStandings: withClient(read.routeStandings),
    readLearned: withClient(read.learned),
    writeLearned: withClient(writeLearned),
    readTroubles: withClient(read.troubles),
    readRederivations: withClient(read.rederivations),
    commit: withClient(commitWork),
    async wait(timeoutMs, signal, leastMs = 0) {
      // Aborted: then there is nothing to wait for either.
      if (leastMs > 0) await pause(leastMs, undefined, { signal }).catch(() => {});
      if (!isWoken && timeoutMs > leastMs) await waitForWake(wakes, timeoutMs - leastMs, signal);
    },
    async [Symbol.asyncDispose]() {
      const last = client;
      client = undefined;
      await last?.end().catch(() => {});
    },
  };
}

function waitForWake(wakes: Set<() => void>, timeoutMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      wakes.delete(done);
      resolve();
    };
    const timer = setTimeout(done, timeoutMs);
    signal.addEventListener('abort', done);
    wakes.add(done);
    if (signal.aborted) done();
  });
}

function databaseFault(cause: unknown): Fault {
  if (cause instanceof Fault) return cause;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  const { message } = asError(cause);
  if (code === '55P03') {
    return new Fault('database/failed', 'another engine works on this database', { cause });
  }
  if (code.startsWith('28') || code === '3D000') {
    return new Fault('database/refused', `the database refuses: ${message}`, { cause });
  }
  const isServer = /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('57P') && !code.startsWith('08');
  return isServer
    ? new Fault('database/failed', `the database says: ${message}`, { cause })
    : new Fault('database/unreachable', `no connection to the database: ${message}`, { cause });
}
