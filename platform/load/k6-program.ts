import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Fault } from '../../schemas/fault.ts';

export type K6 = {
  readonly path: string;
  readonly version: string;
  /** Built in; without it k6 fetches its MQTT extension when a script needs it. */
  readonly hasMqtt: boolean;
};

/** TypeScript without a flag since 1.0. */
const MAJOR_MIN = 1;

/** The k6 of `K6_BIN`, of the PATH, or where Go installs programs. */
export async function findK6(named: string | undefined, searchPath: string | undefined): Promise<K6> {
  const folders = [...(searchPath ?? '').split(delimiter), join(homedir(), 'go', 'bin')];
  const candidates = named === undefined ? folders.map((folder) => join(folder, 'k6')) : [named];
  for (const path of candidates) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!isThere) continue;
    const told = await outputOf(path, ['version']);
    const version = /^k6(?:\.exe)? v(\S+)/m.exec(told)?.[1];
    if (version === undefined) throw new Fault('tool/missing', `${path} does not say which k6 it is`);
    if (Number.parseInt(version, 10) < MAJOR_MIN) {
      throw new Fault('tool/missing', `${path} is k6 ${version}, and the scripts need 1.0 or newer`);
    }
    return { path, version, hasMqtt: told.includes('k6/x/mqtt') };
  }
  throw new Fault(
    'tool/missing',
    named === undefined ? 'k6 is not on the PATH' : `K6_BIN names ${named}, which is no program`,
  );
}

function outputOf(path: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.on('error', () => resolve(''));
    child.on('close', () => resolve(text));
  });
}

export type K6Run = {
  readonly k6: K6;
  readonly script: string;
  /** The whole environment of the child: what is secret must not stand on its command line. */
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
};

/** Runs a script to its end; an abort asks k6 to stop and still sum up. The exit code is k6's. */
export function runK6({ k6, script, environment, signal, onLine }: K6Run): Promise<number> {
  return new Promise((resolve, reject) => {
    const args = ['run', '--no-usage-report', '--no-color', '--address', '', script];
    const child = spawn(k6.path, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const stop = () => child.kill('SIGINT');
    signal.addEventListener('abort', stop, { once: true });
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', onLine);
    child.on('error', reject);
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop);
      resolve(code ?? 1);
    });
  });
}
