import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import mqtt from 'mqtt';
import pg from 'pg';
import { deviceTopic } from '../../schemas/topics.ts';
import { ended, firstThatRuns, startMosquitto, until } from './mosquitto.ts';

/** What people would run instead: mosquitto and Telegraf over the same PostgreSQL. */
export type Peer = AsyncDisposable & {
  readonly port: number;
  /** mosquitto and Telegraf. */
  readonly pids: readonly number[];
  /** Rows written to its table, as far as the server's statistics know: a second late at most. */
  readonly stored: () => Promise<number>;
};

/** The columns that Telegraf makes of the generator's messages, and the index every track is read by. */
const table = `
  create schema telegraf;
  create table telegraf.fixes (
    "time" timestamptz, fleet text, device text, accuracy double precision, boot text,
    heading double precision, ignition boolean, lat double precision, lng double precision,
    odometer double precision, sent double precision, seq double precision, speed double precision
  );
  create index on telegraf.fixes (device, "time")`;

/** From the statistics: counting would cost the peer processor time that it did not ask for. */
const inserted = "select pg_stat_get_tuples_inserted('telegraf.fixes'::regclass) as rows";

/** Starts the peer, or says why it cannot. */
export async function startPeer(
  databaseUrl: string,
  telegraf: string,
): Promise<Peer | { readonly absent: string }> {
  if ((await firstThatRuns([telegraf], ['version'])) === undefined) {
    return { absent: `Telegraf is not installed (“${telegraf}” does not run)` };
  }
  const mosquitto = await startMosquitto();
  if (mosquitto === undefined) return { absent: 'mosquitto is not installed' };
  const folder = await mkdtemp(join(tmpdir(), 'paceline-peer-'));
  let consumer: ChildProcess | undefined;
  const client = new pg.Client({ connectionString: databaseUrl });
  const close = async () => {
    // The consumer first, so that it takes its leave of the broker.
    if (consumer !== undefined) await ended(consumer);
    await mosquitto[Symbol.asyncDispose]();
    await client.end();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await client.connect();
    await client.query(table);
    const { port } = mosquitto;
    const config = await configure(folder, { MQTT_PORT: String(port), DATABASE_URL: databaseUrl });
    consumer = spawn(telegraf, ['--config', config], { stdio: 'ignore' });
    const stored = async () => Number((await client.query(inserted)).rows[0].rows);
    await probe(port, stored);
    await client.query('truncate telegraf.fixes');
    const before = await stored();
    return {
      port,
      pids: [mosquitto.pid, consumer.pid ?? 0],
      stored: async () => (await stored()) - before,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Our configuration of Telegraf with its variables filled in, as a file that only we can read. */
async function configure(folder: string, variables: Readonly<Record<string, string>>): Promise<string> {
  const text = await readFile(new URL('./telegraf.conf', import.meta.url), 'utf8');
  const file = join(folder, 'telegraf.conf');
  const filled = text.replace(/\$\{(\w+)\}/g, (_, name: string) => variables[name] ?? '');
  await writeFile(file, filled, { mode: 0o600 });
  return file;
}

/** Sends a fix now and then until one has gone all the way: before it subscribes, none does. */
async function probe(port: number, stored: () => Promise<number>): Promise<void> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
  const topic = deviceTopic({ fleet: 'bench', device: 'probe', channel: 'telemetry' });
  await until(async () => {
    await client.publishAsync(topic, '{"ts":1790000000000,"lat":45,"lng":-122}', { qos: 1 });
    await wait(250);
    return (await stored()) > 0;
  }, 'Telegraf');
  // What is still on its way arrives within two of its flushes.
  await wait(2_500);
  await client.endAsync();
}
