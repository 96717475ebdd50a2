import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type BenchResult, bench as benchIngest } from '../../ingest/bench.ts';
import { Fault } from '../../schemas/fault.ts';
import { silentLog } from '../../schemas/program.ts';
import { type Command, type CommandIo, parseCommandLine } from '../command.ts';
import { openPostgres } from '../embedded/postgres.ts';
import { migrate } from '../migrate.ts';

type Bench = (databaseUrl: string, commit: string, io: CommandIo) => Promise<BenchResult>;

/** The benches there are, by name. */
const benches: Readonly<Record<string, Bench>> = {
  ingest: (databaseUrl, commit, io) => benchIngest({ databaseUrl, commit, progress: io.stderr }),
};

const names = Object.keys(benches).join(', ');

export const command: Command = {
  summary: 'measures one part against its bars',
  usage: `Usage: paceline bench <name> [--json]

Runs one benchmark (${names}) for half a minute or so and prints its medians and bars. It uses a
PostgreSQL of its own, or a database of its own on the server of DATABASE_URL.

  --json   the last line of the output is one JSON object`,
  run,
};

async function run(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseCommandLine(args, { json: { type: 'boolean' } }, true);
  const [name = ''] = positionals;
  const bench = benches[name];
  if (bench === undefined) throw new Fault('config/invalid', `“${name}” is no bench; there are: ${names}`);
  const result = await withServer(io.environment.DATABASE_URL, (server) =>
    withDatabase(server, async (url) => bench(url, await commitOf(), io)),
  );
  print(result, io);
  if (values.json === true) io.stdout(JSON.stringify(result));
  return result.bars.some(({ ok }) => ok === false) ? 1 : 0;
}

function print({ bench, commit, node, cpus, results, bars }: BenchResult, io: CommandIo): void {
  io.stdout(`${bench} · commit ${commit} · Node ${node} · ${cpus} cores`);
  for (const [name, value] of Object.entries(results)) io.stdout(`  ${name.padEnd(34)} ${value}`);
  for (const { name, value, unit, target, ok } of bars) {
    const verdict = ok === null ? 'not measured' : ok ? 'met' : 'missed';
    io.stdout(`  ${name.padEnd(34)} ${value ?? '–'} ${unit} (target ${target}, ${verdict})`);
  }
}

async function withServer<T>(url: string | undefined, use: (url: string) => Promise<T>): Promise<T> {
  if (url !== undefined && url !== '') return await use(url);
  const folder = await mkdtemp(join(tmpdir(), 'paceline-bench-'));
  try {
    await using server = await openPostgres({ folder, log: silentLog });
    return await use(server.url);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A migrated database that is dropped afterwards. */
async function withDatabase<T>(server: string, use: (url: string) => Promise<T>): Promise<T> {
  const name = `paceline_bench_${process.pid}`;
  await onServer(server, (client) => client.query(`create database ${name}`));
  try {
    const url = new URL(server);
    url.pathname = `/${name}`;
    await onServer(url.href, migrate);
    return await use(url.href);
  } finally {
    await onServer(server, (client) => client.query(`drop database if exists ${name} with (force)`));
  }
}

async function onServer(url: string, use: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}

async function commitOf(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: new URL('.', import.meta.url),
    });
    return stdout.trim();
  } catch {
    return 'unknown';
  }
}
