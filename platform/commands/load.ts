import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fault } from '../../schemas/fault.ts';
import { scenarioOf } from '../../simulator/main.ts';
import { type Command, type CommandIo, parseCommandLine, parseDuration } from '../command.ts';
import { type Config, readConfig } from '../config.ts';
import { readCredentials, readRunFile } from '../data-folder.ts';
import { type LoadFigures, linesOf, loadFigures, withStored } from '../load/figures.ts';
import { findK6, type K6, runK6 } from '../load/k6-program.ts';
import { type LoadKind, type LoadSetup, loadKinds, loadOfScenario } from '../load/setup.ts';
import { storedOfRun } from '../load/stored.ts';
import { keepRun, openRun } from '../runs/book.ts';
import { figuresOfLoad } from '../runs/run.ts';

const flags = {
  duration: { type: 'string', default: '30s' },
  vus: { type: 'string' },
  rate: { type: 'string' },
  url: { type: 'string' },
  username: { type: 'string' },
  password: { type: 'string' },
  fleet: { type: 'string' },
  scenario: { type: 'string' },
  vans: { type: 'string' },
  interval: { type: 'string' },
  decide: { type: 'boolean' },
  data: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** Virtual users and rate where none is asked for; the platform answers 1200 requests a minute of one address. */
const usual: Readonly<Record<LoadKind, { readonly users: number; readonly rate: number | undefined }>> = {
  http: { users: 10, rate: 12 },
  live: { users: 20, rate: 0 },
  mqtt: { users: 4, rate: undefined },
};
const PROGRESS_EVERY_MS = 5000;
/** k6’s own exit codes: done, and a threshold was missed. */
const k6Ended = new Set([0, 99]);

export const command: Command = {
  summary: 'load of people, pages and gateways by k6',
  usage: `Usage: paceline load http|live|mqtt [flags]

Runs a script of k6 (1.0 or newer: K6_BIN, the PATH or ~/go/bin) against a running platform, with
thresholds; the exit code is 1 when one is not met, or an acknowledged fix is not stored.
  http    people at their screens: board, routes, lists, history as JSON and CSV, proposals
  live    pages that watch the map: time to the first frame, gaps between frames, staleness
  mqtt    gateways that publish fixes at QoS 1: from when each was due to its PUBACK
  --duration T     how long (30s)
  --vus N          people at once (10), pages (20), gateways (4)
  --rate N         requests (12; more than 20 from one address need PACELINE_REQUESTS_PER_MINUTE) or
                   messages (vans / interval) a second; mqtt: “max” for as many as are acknowledged
  --url URL        the page or the broker, where it is not the platform of the data folder
  --username, --password   a person’s log-in or a gateway’s (those in the data folder)
  --fleet NAME     http, live: demo; mqtt: replay, so that its vans load-1 … are not among those of
                   the demo
  --scenario FILE  whose number of vans and interval mqtt takes (--vans N, --interval S win)
  --decide         http: accepts and dismisses proposals, which changes routes
  --data DIR       data folder of the platform (PACELINE_DATA, ./data)
  --json           the last line on stdout is one JSON object`,
  run: async (args, io) => {
    const { values, positionals } = parseCommandLine(args, flags, true);
    const [word, ...others] = positionals;
    const kind = loadKinds.find((known) => known === word);
    if (kind === undefined || others.length > 0) {
      throw new Fault(
        'config/invalid',
        `load takes one of ${loadKinds.join(', ')}, not “${positionals.join(' ')}”`,
      );
    }
    const config = readConfig(io.environment, values.data ? { PACELINE_DATA: values.data } : {});
    const k6 = await findK6(config.k6Program, io.environment.PATH);
    const folder = await mkdtemp(join(tmpdir(), 'paceline-load-'));
    try {
      const setup = await setupOf(kind, values, config, join(folder, 'summary.json'));
      const { users, seconds } = setup;
      io.stderr(`load: k6 ${k6.version}, ${kind}, ${users} virtual users, ${seconds} s`);
      const figures = await keptRun(kind, { setup, k6, config, io, isOurs: values.url === undefined });
      for (const line of linesOf(figures)) (values.json ? io.stderr : io.stdout)(line);
      if (values.json) io.stdout(JSON.stringify(figures));
      return figures.passed ? 0 : 1;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

type Running = {
  readonly setup: LoadSetup;
  readonly k6: K6;
  readonly config: Config;
  readonly io: CommandIo;
  /** Whether what is under load is the platform of the data folder. */
  readonly isOurs: boolean;
};

/** Runs the script, looks whether all that was acknowledged is stored, and writes the run into the book. */
async function keptRun(kind: LoadKind, { setup, k6, config, io, isOurs }: Running): Promise<LoadFigures> {
  const running = await readRunFile(config.dataFolder);
  const databaseUrl = config.databaseUrl ?? running?.databaseUrl;
  const startedAt = io.now();
  const book = await openRun(io.now, running?.pid);
  const measured = await figuresOf(kind, setup, k6, io);
  book.sent();
  const acknowledged = measured.metrics.mqtt_acknowledged?.count ?? 0;
  const isCounted = kind === 'mqtt' && isOurs && databaseUrl !== undefined;
  const stored = isCounted ? await storedOfRun(databaseUrl, setup, { startedAt, acknowledged }) : undefined;
  const figures = stored === undefined ? measured : withStored(measured, stored, acknowledged);
  const { scenario, fleet, vans } = setup;
  const run = await book.close({
    kind,
    scenario,
    seed: '',
    fleet,
    vans,
    figures: figuresOfLoad(figures),
  });
  await keepRun(databaseUrl, run, io);
  return figures;
}

async function figuresOf(kind: LoadKind, setup: LoadSetup, k6: K6, io: CommandIo): Promise<LoadFigures> {
  const script = fileURLToPath(
    new URL(`../load/k6/${kind}.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
  );
  const environment = Object.fromEntries(
    Object.entries(io.environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const code = await runK6({
    k6,
    script,
    environment: { ...environment, PACELINE_LOAD: JSON.stringify(setup) },
    signal: io.signal,
    onLine: lineTeller(io),
  });
  const summary = await readFile(setup.summaryFile, 'utf8').catch(() => undefined);
  if (summary === undefined || !(k6Ended.has(code) || io.signal.aborted)) {
    if (kind === 'mqtt' && !k6.hasMqtt) {
      throw new Fault('tool/missing', `${k6.path} has no MQTT extension and could not fetch it`);
    }
    throw new Fault('tool/failed', `k6 ended with ${code} before it had measured anything`);
  }
  return loadFigures(kind, setup, k6.version, JSON.parse(summary));
}

/** k6 tells every second how far it is; a person wants to know now and then, and all that is wrong. */
function lineTeller({ stderr }: CommandIo): (line: string) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  let complaints = 0;
  return (line) => {
    if (/^running \(/.test(line)) {
      if (performance.now() - toldAt < PROGRESS_EVERY_MS) return;
      toldAt = performance.now();
      stderr(`load: ${line}`);
    } else if (/level=(warning|error|fatal)|^(ERRO|WARN|FATA)/.test(line) && complaints++ < 20) stderr(line);
  };
}

type Values = ReturnType<typeof parseCommandLine<typeof flags>>['values'];

async function setupOf(
  kind: LoadKind,
  values: Values,
  { dataFolder, simulator }: Config,
  summaryFile: string,
): Promise<LoadSetup> {
  const run = await readRunFile(dataFolder);
  const fleet = values.fleet ?? (kind === 'mqtt' ? 'replay' : 'demo');
  const url = values.url ?? (kind === 'mqtt' ? run?.mqttUrl : run?.dashboardUrl);
  if (url === undefined) {
    throw new Fault(
      'config/invalid',
      `no platform runs on ${dataFolder}: start one (npm start), or pass --url`,
    );
  }
  const pattern = kind === 'mqtt' ? /^(mqtts?|tcp|ssl):/ : /^https?:/;
  if (!URL.canParse(url) || !pattern.test(url)) {
    throw new Fault(
      'config/invalid',
      `--url must be the address of the ${kind === 'mqtt' ? 'broker' : 'page'}, not “${url}”`,
    );
  }
  const scenario = scenarioOf({
    scenario: values.scenario ?? simulator.scenario,
    vans: values.vans === undefined ? simulator.vans : count(values.vans, '--vans'),
    intervalSeconds: values.interval === undefined ? undefined : count(values.interval, '--interval'),
    broker: { url: '' },
    ledgerFile: '',
  });
  const load = loadOfScenario(scenario);
  const natural = usual[kind].rate ?? load.vans / load.intervalSeconds;
  const who = await loginOf(kind, values, dataFolder, fleet);
  return {
    ...load,
    summaryFile,
    fleet,
    dashboardUrl: kind === 'mqtt' ? '' : new URL('/', url).href,
    mqttUrl: kind === 'mqtt' ? url : '',
    user: { email: who.username, password: who.password },
    gateway: who,
    users: values.vus === undefined ? usual[kind].users : count(values.vus, '--vus'),
    seconds: parseDuration(values.duration, '--duration'),
    rate:
      values.rate === 'max' && kind === 'mqtt'
        ? 0
        : values.rate === undefined
          ? natural
          : count(values.rate, '--rate'),
    decides: values.decide ?? false,
  };
}

/** A person’s for screens, a gateway’s for the broker: given, or of the data folder. */
async function loginOf(kind: LoadKind, values: Values, dataFolder: string, fleet: string) {
  const { username, password } = values;
  if (username !== undefined && password !== undefined) return { username, password };
  const { users, gateways } = await readCredentials(dataFolder);
  const user = users.find((one) => one.fleet === fleet && one.role === 'dispatcher');
  const known =
    kind === 'mqtt'
      ? gateways.find((one) => one.fleet === fleet)
      : user && { username: user.email, password: user.password };
  if (known === undefined) {
    const what = kind === 'mqtt' ? 'gateway' : 'dispatcher';
    throw new Fault(
      'config/invalid',
      `${dataFolder} has no ${what} of the fleet ${fleet}: pass --username and --password`,
    );
  }
  return { username: username ?? known.username, password: password ?? known.password };
}

function count(text: string, flag: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new Fault('config/invalid', `${flag} must be a number above 0, not “${text}”`);
}
