import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asError, Fault } from '../schemas/fault.ts';

/** A log-in that the first start made. */
export type UserCredential = {
  readonly fleet: string;
  readonly email: string;
  readonly role: string;
  readonly password: string;
};

/** What a gateway logs in to the broker with. */
export type GatewayCredential = {
  readonly fleet: string;
  readonly username: string;
  readonly password: string;
};

/** `credentials.json`: for people, in the clear, readable by the owner of the folder only. */
export type Credentials = {
  readonly users: readonly UserCredential[];
  readonly gateways: readonly GatewayCredential[];
};

/** `secrets.json`: what our processes know about one another. */
export type Secrets = { readonly jwtSecret: string; readonly servicePassword: string };

/** `run.json`: where a running platform is, for commands that want to talk to it. */
export type RunFile = {
  readonly pid: number;
  readonly startedAt: string;
  readonly databaseUrl: string;
  readonly clickhouseUrl: string | undefined;
  readonly mqttUrl: string;
  readonly dashboardUrl: string;
  readonly processes: Readonly<Record<string, number>>;
};

const credentialsFile = (folder: string) => join(folder, 'credentials.json');
const secretsFile = (folder: string) => join(folder, 'secrets.json');
const runFile = (folder: string) => join(folder, 'run.json');

export async function makeDataFolder(folder: string): Promise<void> {
  await guarded(folder, async () => {
    // Only the folder itself is private: those above keep to the customs of the machine.
    await mkdir(dirname(folder), { recursive: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
  });
}

/** The log-ins and gateways of this installation; none before the first start. */
export async function readCredentials(folder: string): Promise<Credentials> {
  return (await readJson<Credentials>(credentialsFile(folder))) ?? { users: [], gateways: [] };
}

export async function writeCredentials(folder: string, credentials: Credentials): Promise<void> {
  await writeJson(folder, credentialsFile(folder), credentials);
}

/** The gateway that speaks for `fleet`; the first start makes one for each fleet it makes. */
export async function gatewayOf(folder: string, fleet: string): Promise<GatewayCredential | undefined> {
  return (await readCredentials(folder)).gateways.find((gateway) => gateway.fleet === fleet);
}

/** Generated once, kept for all later starts. */
export async function ensureSecrets(folder: string): Promise<Secrets> {
  const kept = await readJson<Secrets>(secretsFile(folder));
  if (kept) return kept;
  const secrets = {
    jwtSecret: randomBytes(32).toString('base64url'),
    servicePassword: randomBytes(24).toString('base64url'),
  };
  await writeJson(folder, secretsFile(folder), secrets);
  return secrets;
}

export async function readSecrets(folder: string): Promise<Secrets | undefined> {
  return readJson<Secrets>(secretsFile(folder));
}

export async function writeRunFile(folder: string, run: RunFile): Promise<void> {
  await writeJson(folder, runFile(folder), run);
}

export async function removeRunFile(folder: string): Promise<void> {
  await rm(runFile(folder), { force: true });
}

/** Where the platform that uses `folder` runs; undefined when none does (a dead one leaves its file). */
export async function readRunFile(folder: string): Promise<RunFile | undefined> {
  const run = await readJson<RunFile>(runFile(folder));
  if (run === undefined) return undefined;
  const holder = await lockHolder(folder);
  return holder?.pid === run.pid ? run : undefined;
}

type Lock = { readonly pid: number; readonly began: string };

/**
 * Takes the folder for this process, or throws `data/locked` with who has it. A holder that is dead
 * loses it, also when its number belongs to another process by now.
 */
export async function lockDataFolder(folder: string): Promise<AsyncDisposable> {
  const path = join(folder, 'lock');
  const mine: Lock = { pid: process.pid, began: await beganAt(process.pid) };
  for (let attempt = 0; attempt < 5; attempt++) {
    const holder = await lockHolder(folder);
    if (holder) {
      throw new Fault('data/locked', `the data folder ${folder} is used by the process ${holder.pid}`);
    }
    await rm(path, { force: true });
    const taken = await guarded(folder, () => createOnce(path, JSON.stringify(mine)));
    if (taken) return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
  }
  throw new Fault('data/locked', `the data folder ${folder} is being taken by another process`);
}

async function lockHolder(folder: string): Promise<Lock | undefined> {
  const lock = await readJson<Lock>(join(folder, 'lock'));
  if (!lock) return undefined;
  try {
    process.kill(lock.pid, 0);
  } catch (thrown) {
    // EPERM: it lives and belongs to somebody else.
    if ((thrown as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  return (await beganAt(lock.pid)) === lock.began ? lock : undefined;
}

/** When a process began, in the kernel's ticks: with its number it names a process for good. */
async function beganAt(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
  // Fields are counted from the state, which is the third of proc(5): 22 is the start time.
  return fields[0] === 'Z' ? 'dead' : (fields[19] ?? '');
}

async function createOnce(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(text);
    await file.close();
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  }
}

async function readJson<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return '';
    throw new Fault('data/unusable', `${path} cannot be read (${thrown.message})`, { cause: thrown });
  });
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new Fault('data/unusable', `${path} is no JSON; delete it to have it made again`, { cause });
  }
}

/** Whole or not at all: a crash leaves the old file. */
async function writeJson(folder: string, path: string, value: object): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await guarded(folder, async () => {
    await writeFile(draft, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
    await rename(draft, path);
  });
}

/** What the file system says about the data folder, as a fault. */
async function guarded<T>(folder: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    const kind = code === 'ENOSPC' || code === 'EDQUOT' ? 'data/full' : 'data/unusable';
    const why = asError(thrown).message;
    throw new Fault(kind, `the data folder ${folder} cannot be written to (${why})`, { cause: thrown });
  }
}
