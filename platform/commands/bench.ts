import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { bench as benchRoute } from '../../engine/route/bench.ts';
import { type BenchResult, bench as benchIngest } from '../../ingest/bench.ts';
import { storm } from '../../ingest/storm.ts';
import { asError, Fault } from '../../schemas/fault.ts';
import { silentLog } from '../../schemas/program.ts';
import { type Command, type CommandIo, parseCommandLine } from '../command.ts';
import { openPostgres } from '../embedded/postgres.ts';
import { benchFilters } from '../filters/bench.ts';
import { benchGenerator } from '../generator/bench.ts';
import { k6Rate } from '../generator/k6-rate.ts';
import { benchGeofence } from '../geofence/bench.ts';
import { findK6 } from '../load/k6-program.ts';
import { migrate } from '../migrate.ts';
import { benchEngine, benchPace } from '../pace/bench.ts';
import { openPostgis } from '../peers/postgis.ts';
import { routePeers } from '../peers/route-peers.ts';
import { openTile38 } from '../peers/tile38.ts';
import { benchRescue } from '../rescue/bench.ts';
import { routeInstances } from '../route-instances.ts';
import { benchVisits } from '../visits/bench.ts';

type Flags = {
  readonly quick?: boolean;
  readonly seeds?: string;
  readonly seed?: string;
  readonly days?: string;
  readonly seconds?: string;
  readonly keep?: string;
  readonly part?: string;
  readonly only?: string;
  readonly instances?: string;
  readonly python?: string;
  readonly telegraf?: string;
  readonly devices?: string;
  readonly tile38?: string;
};
type Bench = (commit: string, io: CommandIo, flags: Flags) => Promise<BenchResult>;

/** The benches there are, by name. */
const benches: Readonly<Record<string, Bench>> = {
  ingest: (commit, io, { telegraf = 'telegraf' }) =>
    withServer(io.environment.DATABASE_URL, (server) =>
      withDatabase(server, (databaseUrl) =>
        benchIngest({ databaseUrl, commit, telegraf, progress: io.stderr }),
      ),
    ),
  pace: async (commit, io, { quick = false, seed = 'bench' }) => {
    const options = { commit, isQuick: quick, seed, progress: io.stderr };
    const engine = await withServer(io.environment.DATABASE_URL, (server) =>
      withDatabase(server, (databaseUrl) => benchEngine(databaseUrl, options)),
    );
    return benchPace(options, engine);
  },
  geofence: async (commit, io, { quick = false, tile38 = 'tile38-server' }) => {
    const { DATABASE_URL: url, PACELINE_TEST_DATA: dataFolder } = io.environment;
    const peerless = async (): Promise<string> => 'no PostGIS: DATABASE_URL names no server';
    const measured = (databaseUrl: string | undefined) =>
      benchGeofence({
        ...{ commit, dataFolder, isQuick: quick, progress: io.stderr },
        peers: {
          postgis: databaseUrl === undefined ? peerless : () => openPostgis(databaseUrl),
          tile38: () => openTile38(tile38, io.environment),
        },
      });
    return url === undefined || url === '' ? await measured(undefined) : await withDatabase(url, measured);
  },
  storm: (commit, io, { devices = '5000' }) =>
    withServer(io.environment.DATABASE_URL, (server) =>
      withDatabase(server, (databaseUrl) =>
        storm({
          ...{ databaseUrl, commit, backlog: 360, inFlight: 20, progress: io.stderr },
          devices: atLeastOne(devices, '--devices'),
        }),
      ),
    ),
  filters: async (commit, io, { quick = false, seed = 'bench' }) =>
    benchFilters({
      ...{ commit, isQuick: quick, seed, progress: io.stderr },
      recordings: io.environment.PACELINE_TEST_DATA,
    }),
  route: async (commit, io, flags) => routeBench(commit, io, flags),
  rescue: async (commit, io, flags) => rescueBench(commit, io, flags),
  visits: async (commit, io, { quick = false, seed = 'bench' }) =>
    benchVisits({
      ...{ commit, isQuick: quick, seed, progress: io.stderr },
      recordings: io.environment.PACELINE_TEST_DATA,
    }),
  simulator: (commit, io, flags) => simulatorBench(commit, io, flags),
};

/** `--part 1/2`: the first half of the days. */
function rescueBench(commit: string, io: CommandIo, flags: Flags): BenchResult {
  const { quick = false, seed = 'bench', keep } = flags;
  const whole = (name: 'days' | 'seconds'): number | undefined => {
    const value = flags[name] === undefined ? undefined : Number(flags[name]);
    if (value === undefined || (Number.isInteger(value) && value >= 1)) return value;
    throw new Fault('config/invalid', `--${name} must be a whole number from 1`);
  };
  const [, which = '1', of = '1'] = (flags.part ?? '1/1').match(/^(\d+)\/(\d+)$/) ?? [];
  const part = { index: Number(which) - 1, of: Number(of) };
  if (part.index < 0 || part.index >= part.of)
    throw new Fault('config/invalid', '--part must be such as 1/2');
  return benchRescue({
    ...{ commit, isQuick: quick, seed, keep, part, progress: io.stderr, now: () => performance.now() },
    ...{ days: whole('days'), clairvoyantSeconds: whole('seconds') },
  });
}

const names = Object.keys(benches).join(', ');

export const command: Command = {
  summary: 'measures one part against its bars',
  usage: `Usage: paceline bench <name> [--json]

Runs one benchmark (${names}) for a minute or two and prints its medians and bars. It uses a
PostgreSQL of its own, or a database of its own on the server of DATABASE_URL.

  --json            the last line of the output is one JSON object
ingest only:
  --telegraf FILE   the Telegraf to compare with (telegraf, on the PATH); needs mosquitto too
storm only:
  --devices N       devices that come back at once, each with an hour's backlog (5000)
geofence only:
  --quick           fewer rounds
  --tile38 FILE     the Tile38 to compare with (tile38-server, on the PATH); PostGIS is looked for in DATABASE_URL
simulator only:
  --quick           one short round; needs mosquitto, and K6_BIN or a k6 on the PATH for its figure
pace only:
  --quick           240 routes: half a minute instead of several
  --seed NAME       other simulated days
rescue only:
  --quick           10 days and a second for each clairvoyant: minutes instead of hours
  --days N          so many days (200)
  --seconds N       for each clairvoyant search (60)
  --keep FILE       finished days are kept there, and a later run goes on with the next
  --part I/N        every Nth day from the Ith on: with --keep, N processes share the days
filters only:
  --quick           4 vans an interval instead of 12
  --seed NAME       other simulated days
visits only:
  --quick           2 fleets of 4 vans a line instead of 5 of 8
  --seed NAME       other simulated days
route only:
  --quick           few instances and short budgets: a minute instead of an hour
  --seeds N         runs of every instance, each from a seed of its own (3; 1 with --quick)
  --only NAME       only the bars whose names begin so
  --instances DIR   the academic instances (PACELINE_TEST_DATA/vrp)
  --python FILE     an interpreter that has pyvrp and pyvroom, which then solve the same beside us (python3)`,
  run,
};

async function run(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseCommandLine(
    args,
    {
      json: { type: 'boolean' },
      quick: { type: 'boolean' },
      seeds: { type: 'string' },
      seed: { type: 'string' },
      days: { type: 'string' },
      seconds: { type: 'string' },
      keep: { type: 'string' },
      part: { type: 'string' },
      only: { type: 'string' },
      instances: { type: 'string' },
      python: { type: 'string' },
      telegraf: { type: 'string' },
      devices: { type: 'string' },
      tile38: { type: 'string' },
    },
    true,
  );
  const [name = ''] = positionals;
  const bench = benches[name];
  if (bench === undefined) throw new Fault('config/invalid', `“${name}” is no bench; there are: ${names}`);
  const result = await bench(await commitOf(), io, values);
  print(result, io);
  if (values.json === true) io.stdout(JSON.stringify(result));
  return result.bars.some(({ ok }) => ok === false) ? 1 : 0;
}

async function simulatorBench(commit: string, io: CommandIo, { quick = false }: Flags): Promise<BenchResult> {
  const { environment, signal } = io;
  const found = await findK6(environment.K6_BIN, environment.PATH).catch(asError);
  return benchGenerator({
    ...{ commit, isQuick: quick, searchPath: environment.PATH, progress: io.stderr },
    k6: async (port, seconds) => {
      if (found instanceof Error) return found.message;
      // One that would have to fetch its extension first measures nothing here.
      if (!found.hasMqtt)
        return `${found.path} has no MQTT built in; docs/load-testing.md says how it gets it`;
      return k6Rate(found, environment, { port, seconds, signal });
    },
  });
}

function atLeastOne(text: string, flag: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new Fault('config/invalid', `${flag} must be a whole number from 1, not “${text}”`);
}

function routeBench(
  commit: string,
  io: CommandIo,
  { quick = false, seeds, only = '', instances, python = 'python3' }: Flags,
): BenchResult {
  const data = io.environment.PACELINE_TEST_DATA;
  const folder = instances ?? (data === undefined ? undefined : join(data, 'vrp'));
  if (folder === undefined)
    throw new Fault('config/invalid', 'name a folder with --instances or PACELINE_TEST_DATA');
  const runs = Number(seeds ?? (quick ? 1 : 3));
  if (!Number.isInteger(runs) || runs < 1)
    throw new Fault('config/invalid', '--seeds must be a whole number from 1');
  const measured = benchRoute({
    instances: routeInstances(folder),
    peers: routePeers(python),
    seeds: runs,
    isQuick: quick,
    only,
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
    wall: () => performance.now(),
    progress: io.stderr,
  });
  return { bench: 'route', commit, node: process.version, cpus: cpus().length, ...measured };
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
