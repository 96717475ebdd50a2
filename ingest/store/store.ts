import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { Fault } from '../../schemas/fault.ts';
import type { Log } from '../../schemas/program.ts';
import type { Batch } from '../batch.ts';
import { failureOf } from '../failure.ts';
import * as sql from './statements.ts';
import { tallyFromText, Uncounted } from './uncounted.ts';
import { writeBatch } from './write-batch.ts';

export type StoreOptions = {
  readonly databaseUrl: string;
  /** Name of the source whose only writer this is. */
  readonly source: string;
  readonly rejectionBytes: number;
  readonly lockWaitMs: number;
  readonly log: Log;
  /** Called when somebody says that fleets, devices or gateways changed, and after a reconnection. */
  readonly onDirectoryChanged: () => void;
};

type Session = { readonly client: pg.Client; readonly sourceId: number };

/** How long after a mistake every fix is looked up: each mistake costs a commit. */
const DOUBT_MS = 60_000;

/** Whether two writers of one source exist is decided by this lock, held as long as the connection. */
const lockSql = `select pg_try_advisory_lock(hashtext('paceline ingest'), hashtext($1)) as is_held`;

/**
 * The one writer of a source. It keeps a connection with its lock and staging table; when that is
 * lost, the next write opens another, which waits until the server has ended the old one. Only then
 * is it certain whether the commit in hand took place, and the source's last token says so.
 */
export class Store implements AsyncDisposable {
  readonly #options: StoreOptions;
  #session: Session | undefined;
  #lastBatch = 0;
  #lastToken: string | undefined;
  #commitMs = 0;
  #newest = new Map<number, number>();
  /** Until then nothing is held for new without a look, on the clock of `performance`. */
  #doubtUntil = 0;
  readonly #uncounted = new Uncounted();
  /** Weeks whose partition was seen to. */
  #weeks = new Set<number>();

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** Connects and takes the lock; throws a Fault that says why it cannot. */
  async open(): Promise<void> {
    await this.#open();
  }

  /** Whether an empty batch should be written soon, to count what waits. */
  get isCounting(): boolean {
    return !this.#uncounted.isEmpty;
  }

  /** Number of the last batch stored. */
  get lastBatch(): number {
    return this.#lastBatch;
  }

  /**
   * Stores a batch, once: a batch whose commit took place although its answer was lost is not stored
   * again. Throws what the database threw; then nothing of the batch is stored, or it will be found
   * to be stored when it is written again.
   */
  async write(batch: Batch): Promise<void> {
    const session = this.#session ?? (await this.#open());
    if (this.#lastToken === batch.token) return;
    const started = performance.now();
    try {
      await this.#makePartitions(session.client, batch);
      const { lastBatch, tally, isCounted, wasMistaken } = await writeBatch(session.client, {
        sourceId: session.sourceId,
        lastBatch: this.#lastBatch,
        token: batch.token,
        deliveries: batch.deliveries,
        newestAt: (vehicleId) => this.#newest.get(vehicleId),
        commitMs: this.#commitMs,
        rejectionBytes: this.#options.rejectionBytes,
        uncounted: this.#uncounted,
        isTrusting: started >= this.#doubtUntil,
      });
      this.#lastBatch = lastBatch;
      this.#lastToken = batch.token;
      if (wasMistaken === true) this.#doubtUntil = started + DOUBT_MS;
      if (isCounted) this.#uncounted.clear();
      else this.#uncounted.add(tally);
      for (const [vehicleId, at] of tally.newest) this.#newest.set(vehicleId, at);
      this.#commitMs = performance.now() - started;
    } catch (error) {
      await this.#recover(session, error);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  /** Bad data leaves the connection as it was; anything else ends it, since its state is unknown. */
  async #recover(session: Session, error: unknown): Promise<void> {
    this.#weeks.clear();
    try {
      if (failureOf(error) !== 'data') throw error;
      await session.client.query('rollback');
    } catch {
      await this.#close();
    }
  }

  async #makePartitions(client: pg.Client, batch: Batch): Promise<void> {
    const weeks = new Map<number, number>();
    for (const { fixes } of batch.deliveries) {
      for (const { at } of fixes) {
        const week = weekOf(at);
        if (!this.#weeks.has(week)) weeks.set(week, at);
      }
    }
    if (weeks.size === 0) return;
    const instants = [...weeks.values()];
    await client.query('select ensure_fix_partitions(array(select to_timestamp(unnest($1::float8[]))))', [
      instants,
    ]);
    for (const week of weeks.keys()) this.#weeks.add(week);
  }

  async #open(): Promise<Session> {
    const { databaseUrl, source, onDirectoryChanged } = this.#options;
    const client = await connect(databaseUrl);
    try {
      client.on('error', () => this.#forget(client));
      client.on('end', () => this.#forget(client));
      client.on('notification', onDirectoryChanged);
      await this.#lock(client);
      await client.query('insert into sources (name) values ($1) on conflict do nothing', [source]);
      const { rows } = await client.query(
        'select source_id, last_batch, last_token from sources where name = $1',
        [source],
      );
      await client.query(sql.makeStaging);
      // Every look-up is by identity; a hash or merge join would read whole partitions.
      await client.query('set enable_hashjoin = off; set enable_mergejoin = off; listen paceline_directory');
      this.#lastBatch = Number(rows[0].last_batch);
      this.#lastToken = rows[0].last_token ?? undefined;
      await countWaiting(client, rows[0].source_id);
      this.#uncounted.clear();
      this.#newest = await newestFixes(client);
      this.#session = { client, sourceId: rows[0].source_id };
      onDirectoryChanged();
      return this.#session;
    } catch (error) {
      await end(client);
      throw error;
    }
  }

  /** Waits for a writer before us to go: ours of a moment ago, or another process that is stopping. */
  async #lock(client: pg.Client): Promise<void> {
    const { source, lockWaitMs, log } = this.#options;
    const deadline = performance.now() + lockWaitMs;
    for (let tries = 0; ; tries++) {
      const { rows } = await client.query(lockSql, [source]);
      if (rows[0].is_held) return;
      if (tries === 20) log.warn({ source }, 'waiting for another writer of this source');
      if (performance.now() > deadline) {
        throw new Fault('data/locked', `another ingest process writes source ${source}`);
      }
      await wait(50);
    }
  }

  #forget(client: pg.Client): void {
    if (this.#session?.client === client) this.#session = undefined;
  }

  async #close(): Promise<void> {
    const client = this.#session?.client;
    this.#session = undefined;
    if (client !== undefined) await end(client);
  }
}

async function connect(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'paceline ingest',
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
  });
  try {
    await client.connect();
  } catch (cause) {
    throw databaseFault(cause);
  }
  return client;
}

/** A connection that cannot be made, as a Fault that says which of the usual reasons it is. */
export function databaseFault(cause: unknown): Fault {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const detail = cause instanceof Error ? cause.message : String(cause);
  const isRefused = code.startsWith('28') || code === '3D000';
  return isRefused
    ? new Fault('database/refused', `the database refuses the log-in: ${detail}`, { cause })
    : new Fault('database/unreachable', `the database does not answer: ${detail || code}`, { cause });
}

/** Adds to the counters what a writer before us had committed and not yet counted. */
async function countWaiting(client: pg.Client, sourceId: number): Promise<void> {
  const { rows } = await client.query(sql.selectUncounted, [sourceId]);
  const waiting = new Uncounted();
  for (const { tally } of rows) waiting.add(tallyFromText(tally));
  await client.query('begin');
  await client.query(sql.count, waiting.columns());
  await client.query(sql.setCounted, [sourceId]);
  await client.query('commit');
}

async function newestFixes(client: pg.Client): Promise<Map<number, number>> {
  const { rows } = await client.query(
    `select d.vehicle_id, extract(epoch from max(c.last_at))::float8 as at
     from device_counters c join devices d using (device_id)
     where d.vehicle_id is not null and c.last_at is not null
     group by d.vehicle_id`,
  );
  return new Map(rows.map((row) => [row.vehicle_id, row.at]));
}

/** Closes a connection that may be broken: nothing that goes wrong here matters. */
async function end(client: pg.Client): Promise<void> {
  const ended = client.end().catch(() => {});
  await Promise.race([ended, wait(1_000, undefined, { ref: false })]);
}

/** Number of the UTC week from Monday: 1970-01-01 was a Thursday. */
const weekOf = (at: number): number => Math.floor((at / 86_400 + 3) / 7);
