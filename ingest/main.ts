import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { asError, Fault } from '../schemas/fault.ts';
import type { ProgramContext } from '../schemas/program.ts';
import { Directory } from './access/directory.ts';
import { FirmwareNotes } from './access/firmware.ts';
import { type IngestConfig, ingestLimits } from './config.ts';
import { Downlink } from './down/downlink.ts';
import { Rebirths } from './down/rebirths.ts';
import { FormatRegistry } from './formats/registry.ts';
import { Pipeline } from './pipeline.ts';
import { openSources, type Sources } from './sources.ts';
import { pruneForever } from './store/prune.ts';
import { databaseFault, Store } from './store/store.ts';
import { thinned } from './thinned-log.ts';

/**
 * The wire to the tables, until `context.signal` aborts. A stop takes no new messages, stores those
 * in hand and acknowledges them; what it cannot store in time is not acknowledged and comes again.
 */
export async function runIngest(config: IngestConfig, context: ProgramContext): Promise<void> {
  const { log, signal } = context;
  const limits = { ...ingestLimits, ...config.limits };
  const stop = new AbortController();
  const giveUp = new AbortController();

  using quiet = thinned(log);
  await using pool = poolOf(config.databaseUrl);
  const directory = new Directory(pool.pool);
  let sources: Sources | undefined;
  const refresh = () => {
    directory.refresh().then(
      () => sources?.recheck(),
      (error) => log.warn({ reason: asError(error).message }, 'cannot read the directory'),
    );
  };
  await using store = new Store({ ...config, ...limits, log, onDirectoryChanged: refresh });
  await openPatiently(store, context);
  await directory.refresh();

  const formats = new FormatRegistry(config.formats);
  const rebirths = new Rebirths();
  const pipeline = new Pipeline({
    askRebirth: (fleetId, session) => {
      const [group = '', edge = ''] = session.split('/');
      rebirths.ask({ fleetId, group, edge }, context.now());
    },
    directory,
    formats,
    store,
    limits,
    log,
    metrics: context.metrics,
    signal: stop.signal,
    giveUp: giveUp.signal,
  });
  await using firmware = new FirmwareNotes({ pool: pool.pool, directory, log });
  const running = pipeline.run();
  const downlink = new Downlink({
    databaseUrl: config.databaseUrl,
    pool: pool.pool,
    log,
    signal: stop.signal,
  });
  const sending = downlink.run();
  const pruning = pruneForever({
    ...{ pool: pool.pool, source: config.source, limits, log, now: context.now, signal: stop.signal },
  });
  const refreshing = setInterval(refresh, limits.directoryMs);
  try {
    const doors = { ...context, log: quiet };
    sources = await openSources(config, doors, {
      onStatus: firmware.note.bind(firmware),
      directory,
      formats,
      limits,
      pipeline,
      downlink,
      rebirths,
    });
    context.ready({ ...sources.addresses, source: config.source, lastBatch: store.lastBatch });
    await Promise.race([aborted(signal), running]);
  } finally {
    clearInterval(refreshing);
    stop.abort();
    const deadline = setTimeout(() => giveUp.abort(), limits.closeMs);
    await running.catch((error) => {
      if (!giveUp.signal.aborted) throw error;
      log.warn({}, 'stopped before everything was stored; it was not acknowledged and comes again');
    });
    clearTimeout(deadline);
    await sources?.[Symbol.asyncDispose]();
    await pruning;
    await sending;
  }
}

const OPEN_TRIES = 20;
const OPEN_WAIT_MS = 500;

/** A database that is starting, or that the supervisor is bringing back, gets ten seconds. */
async function openPatiently(store: Store, { log, signal }: ProgramContext): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await store.open();
    } catch (error) {
      const fault = error instanceof Fault ? error : databaseFault(error);
      if (fault.code !== 'database/unreachable' || tries === OPEN_TRIES) throw fault;
      if (tries === 1) log.warn({ reason: fault.message }, 'waiting for the database');
      await wait(OPEN_WAIT_MS, undefined, { signal });
    }
  }
}

function poolOf(connectionString: string): AsyncDisposable & { readonly pool: pg.Pool } {
  const pool = new pg.Pool({
    connectionString,
    max: 3,
    application_name: 'paceline ingest directory',
    connectionTimeoutMillis: 10_000,
  });
  // An idle connection that breaks is replaced at the next query; without a listener it would end us.
  pool.on('error', () => {});
  return { pool, [Symbol.asyncDispose]: () => pool.end() };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
