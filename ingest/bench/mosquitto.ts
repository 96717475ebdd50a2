import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** A broker that is not ours, on a port of its own. */
export type Mosquitto = AsyncDisposable & { readonly port: number; readonly pid: number };

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

/** Starts mosquitto; undefined where it is not installed. */
export async function startMosquitto(): Promise<Mosquitto | undefined> {
  const program = await firstThatRuns(mosquittos, ['-h']);
  if (program === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'paceline-mosquitto-'));
  const port = await freePort();
  const conf = join(folder, 'mosquitto.conf');
  await writeFile(conf, mosquittoConf(port));
  const child = spawn(program, ['-c', conf], { stdio: 'ignore' });
  const close = async () => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await until(() => answers(port), 'mosquitto');
  } catch (error) {
    await close();
    throw error;
  }
  return { port, pid: child.pid ?? 0, [Symbol.asyncDispose]: close };
}

/** The first of these programs that can be started at all. */
export async function firstThatRuns(
  files: readonly string[],
  args: readonly string[],
): Promise<string | undefined> {
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

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Asks until it is so; throws when that takes longer than programs take to start. */
export async function until(check: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`${what} does not start`);
    await wait(50);
  }
}

/** Ends a child process, gently first. */
export async function ended(child: ChildProcess): Promise<void> {
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
