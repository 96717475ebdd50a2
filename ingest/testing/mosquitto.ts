import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './running.ts';

const program = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/opt/homebrew/sbin/mosquitto'].find(
  (path) => existsSync(path),
);

export const hasMosquitto = program !== undefined;

export type Mosquitto = AsyncDisposable & { readonly port: number; readonly url: string };

/** Somebody else's broker: anyone may come in, and nothing is dropped. */
export async function startMosquitto(): Promise<Mosquitto> {
  const folder = await mkdtemp(join(tmpdir(), 'paceline-mosquitto-'));
  const port = await freePort();
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'max_inflight_messages 0',
    'max_queued_messages 0',
  ];
  await writeFile(join(folder, 'mosquitto.conf'), lines.join('\n'));
  const broker = spawn(program ?? '', ['-c', join(folder, 'mosquitto.conf')], { stdio: 'ignore' });
  await until(() => listens(port), 'mosquitto listens');
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      broker.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
  const address = free.address();
  await new Promise((resolve) => free.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1');
    probe.once('error', () => resolve(false));
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
  });
}
