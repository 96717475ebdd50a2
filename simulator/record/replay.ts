import type { ProgramContext } from '../../schemas/program.ts';
import { type Random, random } from '../../schemas/random.ts';
import { deviceTopic } from '../../schemas/topics.ts';
import { type BrokerAddress, type Connection, openConnection } from '../publish/connection.ts';
import { type Recorded, readRecording } from './recording.ts';

export type ReplayConfig = {
  readonly file: string;
  readonly fleet: string;
  readonly broker: BrokerAddress;
  /** Recorded seconds in a second; undefined: as fast as it is acknowledged. */
  readonly speed?: number | undefined;
  /** Another order of arrival, always the same for a seed. */
  readonly shuffle?: string | undefined;
};

export type ReplaySummary = {
  /** Usable rows of the file, and those without time or place. */
  readonly rows: number;
  readonly unusable: number;
  /** Different reports among them: what must be in the table afterwards, once each. */
  readonly distinct: number;
  readonly vehicles: number;
  readonly published: number;
  readonly acknowledged: number;
  readonly seconds: number;
};

/** Fixes of one message when speed is all that counts, and messages that may await their PUBACK. */
const BATCH_FIXES = 50;
const IN_FLIGHT_MAX = 64;
const CONNECT_PATIENCE_MS = 20_000;
const PROGRESS_EVERY_MS = 2000;

/** Sends a recording through the wire, in its order of arrival. */
export async function runReplay(
  config: ReplayConfig,
  context: Pick<ProgramContext, 'signal' | 'now'>,
  onProgress: (acknowledged: number, rows: number) => void = () => {},
): Promise<ReplaySummary> {
  const { rows, unusable } = readRecording(config.file);
  const ordered = config.shuffle === undefined ? rows : shuffled(rows, random(config.shuffle));
  const parts = config.speed === undefined ? batches(ordered) : timed(ordered);
  const startedAt = context.now();
  const connection = await openConnection(config.broker, {
    clientId: `replay-${config.fleet}-${Math.random().toString(36).slice(2, 10)}`,
    signal: context.signal,
    patienceMs: CONNECT_PATIENCE_MS,
  });
  const sent = await sendAll({ config, context, connection, parts, rowCount: rows.length, onProgress });
  await connection.close(0);
  return {
    rows: rows.length,
    unusable,
    distinct: distinctCount(rows),
    vehicles: new Set(rows.map(({ device }) => device)).size,
    ...sent,
    seconds: Math.round((context.now() - startedAt) * 10) / 10,
  };
}

type Part = { readonly device: string; readonly rows: readonly Recorded[]; readonly afterMs: number };

type SendInput = {
  readonly config: ReplayConfig;
  readonly context: Pick<ProgramContext, 'signal' | 'now'>;
  readonly connection: Connection;
  readonly parts: Iterable<Part>;
  readonly rowCount: number;
  readonly onProgress: (acknowledged: number, rows: number) => void;
};

async function sendAll({ config, context, connection, parts, rowCount, onProgress }: SendInput) {
  const { signal, now } = context;
  const startedAt = now();
  const waiting = new Set<Promise<void>>();
  const aborted = untilAborted(signal);
  let [published, acknowledged, toldAt] = [0, 0, startedAt];
  for (const part of parts) {
    const dueMs = startedAt * 1000 + part.afterMs / (config.speed ?? 1);
    while (config.speed !== undefined && !signal.aborted && dueMs > now() * 1000) {
      await Promise.race([pause(Math.min(dueMs - now() * 1000, 1000)), aborted]);
    }
    while (waiting.size >= IN_FLIGHT_MAX && !signal.aborted) await Promise.race([...waiting, aborted]);
    if (signal.aborted) break;
    const messages = part.rows.map(({ message }) => message);
    const topic = deviceTopic({ fleet: config.fleet, device: part.device, channel: 'telemetry' });
    published += messages.length;
    const payload = JSON.stringify(messages.length === 1 ? messages[0] : messages);
    const done = new Promise<void>((resolve) => {
      connection.publish({ topic, payload }, (_, error) => {
        // Closed before its PUBACK: published, not acknowledged.
        if (error === undefined) acknowledged += messages.length;
        waiting.delete(done);
        resolve();
      });
    });
    waiting.add(done);
    if ((now() - toldAt) * 1000 >= PROGRESS_EVERY_MS) {
      toldAt = now();
      onProgress(acknowledged, rowCount);
    }
  }
  await Promise.race([Promise.all(waiting), aborted]);
  return { published, acknowledged };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Rows of one vehicle together in messages, each vehicle's order kept; a full one goes at once. */
function* batches(rows: readonly Recorded[]): Generator<Part> {
  const open = new Map<string, Recorded[]>();
  for (const row of rows) {
    const batch = open.get(row.device) ?? [];
    if (batch.length === 0) open.set(row.device, batch);
    batch.push(row);
    if (batch.length < BATCH_FIXES) continue;
    yield { device: row.device, rows: batch, afterMs: 0 };
    open.delete(row.device);
  }
  for (const [device, batch] of open) yield { device, rows: batch, afterMs: 0 };
}

/** Each row by itself when it arrived; a row recorded behind a newer one arrives with that one. */
function timed(rows: readonly Recorded[]): Part[] {
  const newest = new Map<string, number>();
  const due = rows.map((row) => {
    const at = Math.max(row.arrivedMs, newest.get(row.device) ?? Number.NEGATIVE_INFINITY);
    newest.set(row.device, at);
    return { row, at };
  });
  const first = due.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY);
  return due
    .sort((a, b) => a.at - b.at)
    .map(({ row, at }) => ({ device: row.device, rows: [row], afterMs: at - first }));
}

/** Fisher–Yates. */
function shuffled<T>(items: readonly T[], chance: Random): T[] {
  const result = items.slice();
  for (let i = result.length - 1; i > 0; i--) {
    const k = chance.integer(i + 1);
    [result[i], result[k]] = [result[k]!, result[i]!];
  }
  return result;
}

/** Reports that differ in vehicle, instant or any measured value. */
function distinctCount(rows: readonly Recorded[]): number {
  return new Set(
    rows.map(
      ({ device, message: { sent, buffered, ...measured } }) => `${device} ${JSON.stringify(measured)}`,
    ),
  ).size;
}
