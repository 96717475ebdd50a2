import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { engineNodeFlags } from '../engine/main.ts';
import { ingestNodeFlags } from '../ingest/config.ts';
import { asError, Fault } from '../schemas/fault.ts';
import type { Log } from '../schemas/program.ts';
import { childUnit, endedWell } from './child-process.ts';
import type { CommandIo } from './command.ts';
import type { Config } from './config.ts';
import {
  type Credentials,
  ensureSecrets,
  lockDataFolder,
  makeDataFolder,
  removeRunFile,
  writeRunFile,
} from './data-folder.ts';
import { basemapFileOf, type Demo, endShift, prepareDemo } from './demo.ts';
import { openClickhouse } from './embedded/clickhouse.ts';
import { checkPort, freePort } from './embedded/ports.ts';
import { clickhouseUnit, postgresUnit } from './embedded-units.ts';
import { firstStart } from './first-start.ts';
import { historyProblem } from './history-probe.ts';
import { type LogFile, openLogFile } from './log-file.ts';
import { type MetricsServer, openMetrics, serveMetrics } from './metrics.ts';
import { migrate } from './migrate.ts';
import { createSupervisor, type Supervisor, type Unit } from './supervisor.ts';
import { dashboardUrl, mqttUrl } from './wiring.ts';
import { withClient } from './with-database.ts';

/** A platform that runs. */
export type Platform = {
  readonly databaseUrl: string;
  readonly clickhouseUrl: string | undefined;
  readonly dashboardUrl: string;
  readonly mqttUrl: string;
  /** Where Prometheus finds the figures of all processes; undefined: nobody asked for them. */
  readonly metricsUrl: string | undefined;
  readonly credentials: Credentials;
  /** Undefined without simulator. */
  readonly demo: Demo | undefined;
  /** Settles when the demo fleet is on its way. */
  readonly simulating: Promise<void>;
  readonly stopOne: (name: string) => Promise<void>;
  /** Process ids by name, at this moment. */
  readonly pids: () => Readonly<Record<string, number>>;
  /** Ends all processes, the simulator first and the database last. */
  readonly stop: () => Promise<void>;
};

/**
 * Starts everything, in the order in which one needs the other. `say` tells a person what happens.
 * Whatever is wrong is found before anything is left running.
 */
export async function startPlatform(
  asked: Config,
  io: CommandIo,
  say: (line: string) => void,
): Promise<Platform> {
  await makeDataFolder(asked.dataFolder);
  const lock = await lockDataFolder(asked.dataFolder);
  // While they start and stop, each finds others missing and says so; that is for the files alone.
  let isUp = false;
  const logs = openLogs(asked.dataFolder, (line) => {
    if (isUp || line.startsWith('platform: ')) say(line);
  });
  let figures: MetricsServer | undefined;
  const undo = async (supervisor: Supervisor | undefined) => {
    isUp = false;
    await figures?.[Symbol.asyncDispose]();
    await supervisor?.stop();
    await removeRunFile(asked.dataFolder);
    await logs.close();
    await lock[Symbol.asyncDispose]();
  };
  let supervisor: Supervisor | undefined;
  try {
    const config = await withPorts(asked);
    const log = await logs.platformLog();
    let publish = () => {};
    supervisor = createSupervisor(log, () => publish());
    const running = supervisor;
    figures = await serveAll(config, running);
    const servers = await startServers(config, supervisor, log);
    const credentials = await withClient(servers.databaseUrl, async (client) => {
      await migrate(client);
      return firstStart(client, config.dataFolder);
    });
    const run = {
      pid: process.pid,
      startedAt: new Date(io.now() * 1000).toISOString(),
      ...servers,
      mqttUrl: mqttUrl(config),
      dashboardUrl: dashboardUrl(config),
    };
    publish = () =>
      void writeRunFile(config.dataFolder, { ...run, processes: running.pids() }).catch(() => {});
    const programs = await startPrograms({ config, io, supervisor, logs, servers, log, say });
    await writeRunFile(config.dataFolder, { ...run, processes: supervisor.pids() });
    programs.simulating.then(publish, () => {});
    isUp = true;
    return {
      ...run,
      ...programs,
      metricsUrl: figures?.url,
      credentials,
      stopOne: supervisor.stopOne,
      pids: supervisor.pids,
      stop: () => undo(running),
    };
  } catch (thrown) {
    await undo(supervisor);
    throw thrown;
  }
}

/** The figures of the supervisor and of all that it keeps running, if anybody asked for them. */
async function serveAll(
  { http, metricsPort: port }: Config,
  supervisor: Supervisor,
): Promise<MetricsServer | undefined> {
  if (port === undefined) return undefined;
  const own = openMetrics('supervisor');
  return serveMetrics({ host: http.host, port }, async () => [
    await own.figures(),
    ...(await supervisor.figures()),
  ]);
}

type Servers = { readonly databaseUrl: string; readonly clickhouseUrl: string | undefined };

/** Before anything else is started: a port that is taken, and a number for each that may be any. */
async function withPorts(config: Config): Promise<Config> {
  const { http, broker } = config;
  if (http.port !== 0) await checkPort(http.host, http.port, 'the dashboard');
  if (broker.kind === 'embedded' && broker.port !== 0)
    await checkPort(broker.host, broker.port, 'the MQTT broker');
  return {
    ...config,
    http: { ...http, port: http.port || (await freePort(http.host, 'the dashboard')) },
    broker:
      broker.kind === 'embedded'
        ? { ...broker, port: broker.port || (await freePort(broker.host, 'the MQTT broker')) }
        : broker,
  };
}

async function startServers(config: Config, supervisor: Supervisor, log: Log): Promise<Servers> {
  // They open side by side. Both are awaited even when one fails: it must not be left behind.
  const [history, database] = await Promise.allSettled([
    startHistory(config, supervisor, log),
    config.databaseUrl ?? startDatabase(config, supervisor, log),
  ]);
  if (database.status === 'rejected') throw database.reason;
  if (history.status === 'rejected') throw history.reason;
  return { databaseUrl: database.value, clickhouseUrl: history.value };
}

async function startDatabase(config: Config, supervisor: Supervisor, log: Log): Promise<string> {
  const unit = postgresUnit(config.dataFolder, config.postgresPort, log);
  await supervisor.add(unit);
  return unit.url();
}

/** Without its optional package, or with a data folder that chDB refuses, the platform goes on. */
async function startHistory(
  { clickhouse, clickhousePort, dataFolder }: Config,
  supervisor: Supervisor,
  log: Log,
): Promise<string | undefined> {
  if (clickhouse.kind === 'off') return undefined;
  if (clickhouse.kind === 'outside') {
    const problem = await historyProblem(clickhouse.url);
    // The feed goes on trying, and all but the history pages can do without it.
    if (problem !== undefined)
      log.warn({ clickhouse: new URL(clickhouse.url).host, problem }, 'no history yet');
    return clickhouse.url;
  }
  const folder = join(dataFolder, 'clickhouse');
  const opened = await openClickhouse({ folder, port: clickhousePort, log }).catch((thrown) => {
    if (thrown instanceof Fault && thrown.code !== 'port/taken') return { unavailable: thrown };
    throw thrown;
  });
  if ('unavailable' in opened) {
    const { unavailable } = opened;
    const fault = unavailable instanceof Fault ? unavailable : new Fault('analytics/missing', unavailable);
    log.warn({ why: fault.sentence }, 'no history');
    return undefined;
  }
  await supervisor.add(clickhouseUnit(opened, folder, log));
  return opened.url;
}

type ProgramsInput = {
  readonly config: Config;
  readonly io: CommandIo;
  readonly supervisor: Supervisor;
  readonly logs: Logs;
  readonly servers: Servers;
  readonly log: Log;
  readonly say: (line: string) => void;
};

type Programs = { readonly demo: Demo | undefined; readonly simulating: Promise<void> };

/**
 * All at once, since each can wait for the others; the plan of the demo is made while they boot. Only
 * the simulator needs somebody to talk to before it begins, and nobody waits for it.
 */
async function startPrograms(input: ProgramsInput): Promise<Programs> {
  const { config, io, supervisor, logs, servers, say } = input;
  const isSimulated = config.simulator.enabled;
  const environment = await childEnvironment(
    input,
    isSimulated ? basemapFileOf(config.dataFolder) : undefined,
  );
  const add = async (verb: string) => {
    const logFile = await logs.open(verb);
    const nodeFlags = verb === 'ingest' ? ingestNodeFlags : verb === 'engine' ? engineNodeFlags : [];
    await supervisor.add(childUnit(verb, { verb, nodeFlags, environment, logFile }));
  };
  const verbs = ['ingest', 'engine', ...(servers.clickhouseUrl === undefined ? [] : ['feed']), 'web'];
  // All are awaited even when one fails, so that none is left starting while the others are stopped.
  const programs = Promise.allSettled(verbs.map(add));
  const planned = isSimulated
    ? prepareDemo({ config, databaseUrl: servers.databaseUrl, now: io.now })
    : Promise.resolve(undefined);
  const [outcomes, demo] = await Promise.all([programs, planned]);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  if (demo === undefined) return { demo, simulating: Promise.resolve() };
  const simulating = supervisor.add(await simulatorUnit(input, demo, environment));
  simulating.catch((thrown) => {
    if (!io.signal.aborted) say(`The demo fleet cannot start: ${sentenceOf(thrown)}`);
  });
  return { demo, simulating };
}

function sentenceOf(thrown: unknown): string {
  return thrown instanceof Fault ? thrown.sentence : asError(thrown).message;
}

/** A hundred thousand vans take a minute to be planned; what they say is short-lived, and much. */
const SIMULATOR_READY_MS = 300_000;
const SIMULATOR_FLAGS = ['--max-semi-space-size=32'];

/** A simulator that has driven its shift to the end ends, and begins the next one when started again. */
async function simulatorUnit(
  { config, io, logs, servers }: ProgramsInput,
  first: Demo,
  environment: Record<string, string>,
): Promise<Unit> {
  const logFile = await logs.open('simulator');
  let next: Demo | undefined = first;
  return {
    name: 'simulator',
    start: async (signal) => {
      const demo = next ?? (await prepareDemo({ config, databaseUrl: servers.databaseUrl, now: io.now }));
      next = undefined;
      const options = {
        verb: 'simulator',
        args: demo.args,
        nodeFlags: SIMULATOR_FLAGS,
        environment,
        logFile,
        readyMs: SIMULATOR_READY_MS,
      };
      const running = await childUnit('simulator', options).start(signal);
      let isAsked = false;
      const exited = running.exited.then(async (how) => {
        if (!isAsked && how === endedWell) await endShift(config.dataFolder);
        return how;
      });
      const stop = () => {
        isAsked = true;
        return running.stop();
      };
      return { ...running, exited, stop };
    },
  };
}

/** The whole configuration of a child: what we were given, and what we found out or made. */
async function childEnvironment(
  { config, io, servers }: ProgramsInput,
  demoBasemap: string | undefined,
): Promise<Record<string, string>> {
  const secrets = await ensureSecrets(config.dataFolder);
  const basemap = config.basemapFile ?? demoBasemap;
  const given = Object.entries(io.environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return {
    ...Object.fromEntries(given),
    PACELINE_DATA: config.dataFolder,
    DATABASE_URL: servers.databaseUrl,
    CLICKHOUSE_URL: servers.clickhouseUrl ?? 'off',
    HOST: config.http.host,
    PORT: String(config.http.port),
    ...(config.broker.kind === 'embedded' && {
      MQTT_HOST: config.broker.host,
      MQTT_PORT: String(config.broker.port),
    }),
    PACELINE_SOURCE: config.source,
    PACELINE_ENGINE_THREADS: String(config.engineThreads),
    PACELINE_JWT_SECRET: config.jwtSecret ?? secrets.jwtSecret,
    PACELINE_SERVICE_PASSWORD: config.servicePassword ?? secrets.servicePassword,
    PACELINE_LOG_LEVEL: config.logLevel,
    ...(basemap !== undefined && { PACELINE_BASEMAP: basemap }),
  };
}

type Logs = {
  readonly open: (name: string) => Promise<LogFile>;
  readonly platformLog: () => Promise<Log>;
  readonly close: () => Promise<void>;
};

function openLogs(dataFolder: string, say: (line: string) => void): Logs {
  const files: LogFile[] = [];
  const openOne = async (name: string) => {
    const file = await openLogFile(join(dataFolder, 'logs'), name, say);
    files.push(file);
    return file;
  };
  return {
    open: openOne,
    platformLog: async () => {
      const file = await openOne('platform');
      const write = (level: number) => (fields: object, event: string) =>
        file.append(JSON.stringify({ level, time: Date.now(), name: 'platform', ...fields, msg: event }));
      return { info: write(30), warn: write(40), error: write(50) };
    },
    close: async () => {
      // What the processes said last is still on its way through their pipes.
      await delay(0);
      await Promise.all(files.map((file) => file.close()));
    },
  };
}
