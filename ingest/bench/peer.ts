import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import mqtt from 'mqtt';
import pg from 'pg';
import { deviceTopic } from '../../schemas/topics.ts';

/** What people would run instead: mosquitto and Telegraf over the same PostgreSQL. */
export type Peer = AsyncDisposable & {
  readonly port: number;
  /** mosquitto and Telegraf. */
  readonly pids: readonly number[];
  /** Rows written to its table, as far as the server's statistics know: a second late at most. */
  readonly stored: () => Promise<number>;
};

/** Programs by name, or where their packages put them when that is not on the PATH. */
const mosquittos = [
  'mosquitto',
  '/usr/sbin/mosquitto',
  '/usr/local/sbin/mosquitto',
  '/opt/homebrew/sbin/mosquitto',
];
const READY_MS = 20_000;

/** No limits, nothing written to disk, small packets at once: its fastest. */
const mosquittoConf = (port: number): string => `
listener ${port} 127.0.0.1
allow_anonymous true
persistence false
max_inflight_messages 0
max_queued_messages 0
set_tcp_nodelay true
log_type error
`;

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
  const mosquitto = await firstThatRuns(mosquittos, ['-h']);
  if (mosquitto === undefined) return { absent: 'mosquitto is not installed' };
  if ((await firstThatRuns([telegraf], ['version'])) === undefined) {
    return { absent: `Telegraf is not installed (“${telegraf}” does not run)` };
  }
  const folder = await mkdtemp(join(tmpdir(), 'paceline-peer-'));
  const started: ChildProcess[] = [];
  const client = new pg.Client({ connectionString: databaseUrl });
  const close = async () => {
    // The consumer first, so that it takes its leave of the broker.
    for (const child of started.reverse()) await ended(child);
    await client.end();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await client.connect();
    await client.query(table);
    const port = await freePort();
    const conf = join(folder, 'mosquitto.conf');
    await writeFile(conf, mosquittoConf(port));
    started.push(spawn(mosquitto, ['-c', conf], { stdio: 'ignore' }));
    await until(() => answers(port), 'mosquitto');
    const config = await configure(folder, { MQTT_PORT: String(port), DATABASE_URL: databaseUrl });
    started.push(spawn(telegraf, ['--config', config], { stdio: 'ignore' }));
    const stored = async () => Number((await client.query(inserted)).rows[0].rows);
    await probe(port, stored);
    await client.query('truncate telegraf.fixes');
    const before = await stored();
    return {
      port,
      pids: started.map(({ pid }) => pid ?? 0),
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

async function firstThatRuns(files: readonly string[], args: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const child = spawn(file, args, { stdio: 'ignore' });
    const runs = await new Promise<boolean>((resolve) => {
      child.once('error', () => resolve(false));
      child.once('exit', () => resolve(true));
    });
    if (runs) return file;
  }
  return undefined;
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

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function until(check: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`${what} does not start`);
    await wait(50);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const impatient = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exit;
  clearTimeout(impatient);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
