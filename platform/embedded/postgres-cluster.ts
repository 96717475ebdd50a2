import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asError, Fault } from '../../schemas/fault.ts';
import { exists, type PostgresBinaries, run } from './postgres-binaries.ts';

/** The database superuser that we make and log in as. */
export const OWNER = 'paceline';

export type Cluster = { readonly folder: string; readonly password: string };

/**
 * The database cluster in `folder`, made there first if need be. An interrupted first start never
 * leaves half a cluster: it is made beside and renamed.
 */
export async function prepareCluster(folder: string, binaries: PostgresBinaries): Promise<Cluster> {
  try {
    // Only the folder itself is private: those above keep to the customs of the machine.
    await mkdir(dirname(folder), { recursive: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const cluster = join(folder, 'cluster');
    const passwordFile = join(folder, 'password');
    if (await exists(cluster)) {
      await own(folder, binaries);
      return { folder: cluster, password: (await readFile(passwordFile, 'utf8')).trim() };
    }
    // 192 random bits, so that nobody guesses it over the local port.
    const password = randomBytes(24).toString('base64url');
    await rm(passwordFile, { force: true });
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    await makeCluster(cluster, passwordFile, binaries);
    return { folder: cluster, password };
  } catch (thrown) {
    throw thrown instanceof Fault ? thrown : explain(asError(thrown), folder);
  }
}

async function makeCluster(cluster: string, passwordFile: string, binaries: PostgresBinaries): Promise<void> {
  const draft = `${cluster}.init-${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await own(join(cluster, '..'), binaries);
  try {
    await run(
      [
        ...binaries.prefix,
        binaries.initdb,
        `--pgdata=${draft}`,
        `--username=${OWNER}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-instructions',
      ],
      binaries.env,
    );
    await rename(draft, cluster);
  } catch (thrown) {
    await rm(draft, { recursive: true, force: true });
    throw thrown;
  }
}

/**
 * A folder made in one launch mode has another owner in the other. Only root can tell the difference.
 * Another user must also be let through the data folder above, which shows it nothing else.
 */
async function own(folder: string, { owner, prefix }: PostgresBinaries): Promise<void> {
  if (owner === undefined || process.getuid?.() !== 0) return;
  const { uid } = await stat(folder);
  if (uid !== owner || owner !== 0) await run(['chown', '-R', `${owner}:${owner}`, folder]);
  await chmod(folder, 0o700);
  if (owner === 0) return;
  const above = dirname(folder);
  const { mode } = await stat(above);
  if ((mode & 0o001) === 0) await chmod(above, (mode & 0o7777) | 0o011);
  await run([...prefix, 'test', '-x', folder]).catch((cause) => {
    const detail = `an ordinary user, as which PostgreSQL must run here, may not enter ${folder}`;
    throw new Fault('data/unusable', detail, { cause });
  });
}

const causes = [
  ['data/full', /No space left|ENOSPC|quota exceeded/i, 'there is no space left for the database in'],
  ['port/taken', /Address already in use|could not create any TCP/, 'a port is taken, says PostgreSQL in'],
  ['data/locked', /lock file .* already exists|pre-existing shared memory/, 'another PostgreSQL uses'],
  [
    'data/unusable',
    /EACCES|EPERM|EROFS|ENOTDIR|EEXIST|ENOENT|Permission denied|Read-only|permissions|incompatible/,
    'PostgreSQL cannot use the folder',
  ],
  ['database/failed', /FATAL|PANIC|error:/, 'PostgreSQL failed in'],
] as const;

/** What PostgreSQL, or the file system on its behalf, said, as a fault. */
export function explain(error: Error, folder: string): Fault {
  const lines = error.message.trim().split('\n');
  for (const [code, pattern, what] of causes) {
    const line = lines.find((one) => pattern.test(one));
    if (line === undefined) continue;
    const said = line.replace(/^.*?(?:FATAL|PANIC|ERROR|error|LOG):\s*/, '');
    return new Fault(code, `${what} ${folder} (${said})`, { cause: error });
  }
  return new Fault('database/failed', `PostgreSQL failed in ${folder} (${lines.at(-1)})`, { cause: error });
}

/** Who the lock file of the cluster names, or undefined when there is none. */
export async function lockHolder(cluster: string): Promise<{ pid: number; ready: boolean } | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Math.abs(Number.parseInt(lines[0] ?? '', 10));
  // PostgreSQL writes its state into line 8, which depends on neither log level nor language.
  return Number.isFinite(pid) ? { pid, ready: lines[7]?.trim() === 'ready' } : undefined;
}

/** Whether `pid` is a running PostgreSQL: not gone, not a zombie, not another program with a reused number. */
export async function isPostmaster(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') {
    return run(['ps', '-p', String(pid), '-o', 'state=,command=']).then(
      (line) => line.includes('postgres') && !line.startsWith('Z'),
      () => false,
    );
  }
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name in parentheses may hold anything, so the state is what follows the last one.
  const state = status.slice(status.lastIndexOf(')') + 2, status.lastIndexOf(')') + 3);
  if (state === '' || state === 'Z' || state === 'X') return false;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.includes('postgres');
}

/**
 * Frees a lock file whose holder is dead but still has a process number (a zombie that nobody
 * reaps, or another program since a reboot). PostgreSQL takes over a lock that names its own parent,
 * and still checks that no old backend uses the shared memory the file names; deleting the file
 * would skip that check.
 */
export async function freeLock(cluster: string): Promise<void> {
  const path = join(cluster, 'postmaster.pid');
  const lines = (await readFile(path, 'utf8')).split('\n');
  lines[0] = String(process.pid);
  await writeFile(path, lines.join('\n'));
}
