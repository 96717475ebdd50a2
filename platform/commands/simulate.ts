import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '../../schemas/fault.ts';
import { isoFromInstant } from '../../schemas/units.ts';
import { calibration, deviation } from '../../simulator/calibration/calibration.ts';
import { calibrationSvg } from '../../simulator/calibration/calibration-plot.ts';
import {
  daysOfShift,
  type PreparedShift,
  prepareShift,
  runSimulator,
  type SimulatorConfig,
  truthOfShift,
} from '../../simulator/main.ts';
import { readLedger } from '../../simulator/publish/ledger-reading.ts';
import type { PublishProgress } from '../../simulator/publish/publish.ts';
import { record } from '../../simulator/record/record.ts';
import { writePaths } from '../../simulator/report/paths.ts';
import { type AcceptanceReport, acceptanceReport } from '../../simulator/report/report.ts';
import { writeTruth } from '../../simulator/report/truth.ts';
import { explain } from '../../simulator/scenario/explain.ts';
import { Scenario, scenarios } from '../../simulator/scenario/scenario.ts';
import { planPortions, vanName } from '../../simulator/van/copies.ts';
import { type Command, type CommandIo, parseCommandLine, parseDuration } from '../command.ts';
import { type Config, readConfig } from '../config.ts';
import { gatewayOf, makeDataFolder, readRunFile } from '../data-folder.ts';
import { drained } from '../drain.ts';
import { programContext } from '../program.ts';
import { keepRun, openRun } from '../runs/book.ts';
import { figuresOfReport } from '../runs/run.ts';
import { simulatedSecrets } from '../store/device-secrets.ts';
import { readFleetTables } from '../store/fleet-tables.ts';
import { keptInParts } from '../store/kept-fixes.ts';
import { writePlan } from '../store/plan-store.ts';
import { mqttUrl } from '../wiring.ts';
import { runningDatabase, withClient } from '../with-database.ts';

const flags = {
  data: { type: 'string' },
  scenario: { type: 'string' },
  vans: { type: 'string' },
  interval: { type: 'string' },
  fleet: { type: 'string' },
  seed: { type: 'string' },
  speed: { type: 'string' },
  duration: { type: 'string' },
  'shift-start': { type: 'string' },
  broker: { type: 'string' },
  username: { type: 'string' },
  password: { type: 'string' },
  connections: { type: 'string' },
  truth: { type: 'string' },
  paths: { type: 'string' },
  ledger: { type: 'string' },
  report: { type: 'string' },
  'no-plan': { type: 'boolean' },
  explain: { type: 'boolean' },
  schema: { type: 'boolean' },
  calibration: { type: 'boolean' },
  svg: { type: 'string' },
  record: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** What the engine may take to come to the end of the log after the last fix. */
const DRAIN_MS = 180_000;
const PROGRESS_EVERY_MS = 5000;

export const command: Command = {
  summary: 'a fleet that is not there',
  usage: `Usage: paceline simulate [flags]

Drives a fleet through a simulated shift and publishes what its devices say.
  --scenario FILE      a file, or one of ${Object.keys(scenarios).join(', ')}
  --vans N             how many vans
  --interval S         seconds between two fixes of a van
  --fleet NAME         whose vans they are
  --seed TEXT          another city and day
  --speed X            simulated seconds in a second; 1: real time, the backlog first; “max”: all at once
  --duration T         end after so long, such as 10m; otherwise when every van is back
  --shift-start T      seconds since the epoch
  --broker URL         (MQTT_URL, or the platform on this machine)
  --username, --password  of a gateway (that of the fleet in the data folder)
  --connections N      connections that share the vans; “per-device”: one for each, logged in as that device
                       with a secret made for it (on a broker elsewhere: as --username)
  --truth FILE         writes what really happened
  --paths FILE         writes where each van exactly was, as far as nothing is ordered (.ndjson or .ndjson.gz)
  --ledger FILE        writes every acknowledgement
  --report FILE        writes what came of it as JSON
  --record FILE        writes what the devices say into .ndjson.gz, .csv.gz or .gpx, and sends nothing
  --explain            says what the scenario will do, and does nothing
  --schema             prints the JSON schema of scenario files
  --calibration        compares the simulator’s quantiles with measured ones (--svg FILE: as a picture)
  --no-plan            leaves the plan of the day out of the database
  --data DIR           data folder of the platform (PACELINE_DATA, ./data)
  --json               prints the report as one line of JSON`,
  run: async (args, io) => {
    const { values } = parseCommandLine(args, flags);
    if (values.schema) {
      io.stdout(JSON.stringify(Scenario, undefined, 2));
      return 0;
    }
    if (values.calibration) return calibrate(values, io);
    const config = readConfig(io.environment, values.data ? { PACELINE_DATA: values.data } : {});
    if (values.explain || values.record !== undefined) return withoutBroker(values, config, io);
    await makeDataFolder(config.dataFolder);
    const simulator = await simulatorConfig(values, config);
    const context = programContext('simulator', config, io);
    const shift = prepareShift(simulator, io.now());
    if (values.paths !== undefined) writePaths(values.paths, daysOfShift(shift));
    const databaseUrl = await databaseBehind(simulator.broker.url, values.broker !== undefined, config);
    if (!values['no-plan']) await storePlan(databaseUrl, shift, io);
    const deviceSecrets = await secretsFor(values, simulator, shift, databaseUrl);
    const isSupervised = process.send !== undefined;
    const book = await openRun(io.now, (await readRunFile(config.dataFolder))?.pid);
    await runSimulator({ ...simulator, deviceSecrets }, context, {
      shift,
      ...(isSupervised ? {} : { onProgress: progressLine(io, simulator.durationSeconds) }),
    });
    book.sent();
    // The supervisor reports on its demo itself, once engine and feed have worked it off.
    if (isSupervised) return 0;
    const report = await reportOf(simulator, databaseUrl, shift, io);
    const { scenario, seed, fleet, vans } = shift.header;
    const run = await book.close({
      kind: 'simulate',
      scenario,
      seed,
      fleet,
      vans,
      figures: figuresOfReport(report),
    });
    await keepRun(databaseUrl, run, io);
    if (values.report) await writeReport(values.report, { ...report, run });
    if (values.json) io.stdout(JSON.stringify(report));
    else for (const [name, value] of Object.entries(report)) io.stdout(`${name.padEnd(13)} ${shown(value)}`);
    return (report.lost ?? 0) === 0 && (report.duplicated ?? 0) === 0 ? 0 : 1;
  },
};

async function calibrate({ svg, json }: Values, io: CommandIo): Promise<number> {
  const comparisons = calibration();
  if (svg !== undefined) await writeText(svg, calibrationSvg(comparisons));
  if (json) io.stdout(JSON.stringify(comparisons));
  else {
    for (const comparison of comparisons) {
      const { name, unit, source, quantiles } = comparison;
      io.stdout(
        `${name}, ${unit} (${source}); largest deviation ${Math.round(deviation(comparison) * 100)} %`,
      );
      for (const { share, measured, simulated } of quantiles) {
        io.stdout(`  p${share * 100}  measured ${measured}  simulated ${Math.round(simulated * 100) / 100}`);
      }
    }
  }
  return 0;
}

/** What needs neither broker nor database: explaining, recording. */
async function withoutBroker(values: Values, config: Config, io: CommandIo): Promise<number> {
  const simulator = await simulatorConfig(values, config);
  const shift = prepareShift({ ...simulator, ledgerFile: '' }, io.now());
  if (values.explain) for (const line of explain(shift.scenario, shift.plan)) io.stdout(line);
  if (values.record !== undefined) {
    if (values.truth !== undefined) writeTruth(values.truth, truthOfShift(shift));
    if (values.paths !== undefined) writePaths(values.paths, daysOfShift(shift));
    const rows = await record(values.record, shift);
    io.stdout(`${rows} fixes of ${shift.plan.routes.length} vans written to ${values.record}`);
  }
  return 0;
}

const shown = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));

const BAR_WIDTH = 20;

/** One line every few seconds: how far it is, where that is known, and what it does just now. */
function progressLine(
  { stderr, now }: CommandIo,
  seconds: number | undefined,
): (progress: PublishProgress) => void {
  const begun = now();
  let toldAt = begun;
  let before = 0;
  return ({ offered, acknowledged, latencyMs, at, isBacklogSent }) => {
    const elapsed = now() - toldAt;
    if (elapsed * 1000 < PROGRESS_EVERY_MS) return;
    const rate = Math.round((acknowledged - before) / elapsed);
    toldAt = now();
    before = acknowledged;
    const share = seconds === undefined ? undefined : Math.min(1, (toldAt - begun) / seconds);
    const done = Math.round((share ?? 0) * BAR_WIDTH);
    const bar = share === undefined ? '' : `[${'#'.repeat(done).padEnd(BAR_WIDTH, '.')}] `;
    const phase = isBacklogSent ? `up to ${isoFromInstant(at)}` : 'sending what was kept';
    const under = offered - acknowledged;
    stderr(
      `simulate: ${bar}${rate} fixes/s, ${acknowledged} acknowledged, ${under} under way, p99 ${latencyMs.p99} ms, ${phase}`,
    );
  };
}

/** Against a foreign broker: what was sent. Beside a platform: also what became of it. */
async function reportOf(
  simulator: SimulatorConfig,
  databaseUrl: string | undefined,
  shift: PreparedShift,
  io: CommandIo,
): Promise<AcceptanceReport> {
  const ledger = readLedger(simulator.ledgerFile);
  if (databaseUrl === undefined) return acceptanceReport({ ledger });
  return withClient(databaseUrl, async (client) => {
    const behind = await drained(client, ['engine'], { patienceMs: DRAIN_MS, signal: io.signal });
    for (const { consumer, batches } of behind) io.stderr(`${consumer} is still ${batches} batches behind`);
    const { scenario, plan } = shift;
    const { fleet } = scenario;
    const since = plan.shiftStart - 3600;
    const tables = await readFleetTables(client, { fleet, since, withFixes: !ledger.isSummary });
    const kept = await keptInParts(client, simulator.ledgerFile, fleet, ledger);
    return acceptanceReport({ ledger, truth: truthOfShift(shift), tables, kept });
  });
}

type Values = ReturnType<typeof parseCommandLine<typeof flags>>['values'];

async function simulatorConfig(values: Values, config: Config): Promise<SimulatorConfig> {
  const fleet = values.fleet ?? 'demo';
  const gateway = values.username === undefined ? await gatewayOf(config.dataFolder, fleet) : undefined;
  const outside = config.broker.kind === 'outside' ? config.broker : undefined;
  // A platform that runs on this data folder may have been given another port than the usual one.
  const running = outside === undefined ? (await readRunFile(config.dataFolder))?.mqttUrl : undefined;
  const url = values.broker ?? running ?? mqttUrl(config);
  const isNamed = URL.canParse(url) && new URL(url).username !== '';
  return {
    scenario: values.scenario ?? config.simulator.scenario,
    vans: values.vans === undefined ? config.simulator.vans : number(values.vans, '--vans'),
    intervalSeconds: values.interval === undefined ? undefined : number(values.interval, '--interval'),
    fleet: values.fleet,
    seed: values.seed,
    speed: values.speed === 'max' ? Number.POSITIVE_INFINITY : number(values.speed ?? '1', '--speed'),
    durationSeconds: values.duration === undefined ? undefined : parseDuration(values.duration, '--duration'),
    startAt: values['shift-start'] === undefined ? undefined : number(values['shift-start'], '--shift-start'),
    connections:
      values.connections === undefined || values.connections === 'per-device'
        ? values.connections
        : number(values.connections, '--connections'),
    broker: {
      url,
      username: values.username ?? (isNamed ? undefined : (outside?.username ?? gateway?.username)),
      password: values.password ?? (isNamed ? undefined : (outside?.password ?? gateway?.password)),
    },
    ledgerFile: values.ledger ?? join(config.dataFolder, 'simulate', `ledger-${process.pid}.tsv`),
    truthFile: values.truth,
  };
}

function number(text: string, flag: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new Fault('config/invalid', `${flag} must be a number above 0, not “${text}”`);
}

/** The database that the broker's messages end up in: none that we know of behind a foreign broker. */
async function databaseBehind(
  brokerUrl: string,
  isNamed: boolean,
  config: Config,
): Promise<string | undefined> {
  if (config.databaseUrl !== undefined || !isNamed) return runningDatabase(config);
  const run = await readRunFile(config.dataFolder);
  const isOurs = run !== undefined && new URL(run.mqttUrl).port === new URL(brokerUrl).port;
  return isOurs ? run.databaseUrl : undefined;
}

/** Beside a platform of ours each device logs in as itself, unless all are to use the log-in named. */
async function secretsFor(
  { username }: Values,
  { connections, ledgerFile }: SimulatorConfig,
  { scenario }: PreparedShift,
  databaseUrl: string | undefined,
): Promise<SimulatorConfig['deviceSecrets']> {
  if (connections !== 'per-device' || databaseUrl === undefined || username !== undefined) return undefined;
  const { vans, fleet } = scenario;
  const devices = Array.from({ length: vans }, (_, index) => vanName(index));
  const folder = dirname(ledgerFile);
  await mkdir(folder, { recursive: true });
  return withClient(databaseUrl, (client) =>
    simulatedSecrets(client, fleet, devices, join(folder, `devices-${fleet}.json`)),
  );
}

/** Without its plan the vans move but are on no route. */
async function storePlan(
  databaseUrl: string | undefined,
  { scenario, plan }: PreparedShift,
  io: CommandIo,
): Promise<void> {
  if (databaseUrl === undefined) {
    io.stderr('simulate: no database is known here, so the plan of the day is not stored');
    return;
  }
  await withClient(databaseUrl, async (client) => {
    for (const portion of planPortions(scenario, plan)) await writePlan(client, portion);
  });
}

const writeReport = (path: string, report: object): Promise<void> =>
  writeText(path, `${JSON.stringify(report, undefined, 2)}\n`);

async function writeText(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause) => {
    throw new Fault('input/invalid', `${path} cannot be written (${cause.message})`, { cause });
  });
}
