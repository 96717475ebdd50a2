import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../schemas/fault.ts';
import { prepareShift, runSimulator, type SimulatorConfig } from '../../simulator/main.ts';
import { type Command, type CommandIo, parseCommandLine, parseDuration } from '../command.ts';
import { type Config, readConfig } from '../config.ts';
import { gatewayOf, makeDataFolder } from '../data-folder.ts';
import { programContext } from '../program.ts';
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
  ledger: { type: 'string' },
  report: { type: 'string' },
  'no-plan': { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

export const command: Command = {
  summary: 'a fleet that is not there',
  usage: `Usage: paceline simulate [flags]

Drives a fleet through a simulated shift and publishes what its devices say.
  --scenario FILE      a file, or a name such as demo or quiet-day
  --vans N             how many vans
  --interval S         seconds between two fixes of a van
  --fleet NAME         whose vans they are
  --seed TEXT          another city and day
  --speed X            simulated seconds in a second; 1: real time, the backlog first; “max”: all at once
  --duration T         end after so long, such as 10m; otherwise when every van is back
  --shift-start T      seconds since the epoch
  --broker URL         (MQTT_URL, or the platform on this machine)
  --username, --password  of a gateway (that of the fleet in the data folder)
  --connections N      connections that share the vans
  --truth FILE         writes what really happened
  --ledger FILE        writes every acknowledgement
  --report FILE        writes what came of it as JSON
  --no-plan            leaves the plan of the day out of the database
  --data DIR           data folder of the platform (PACELINE_DATA, ./data)
  --json               prints the report as one line of JSON`,
  run: async (args, io) => {
    const { values } = parseCommandLine(args, flags);
    const config = readConfig(io.environment, values.data ? { PACELINE_DATA: values.data } : {});
    await makeDataFolder(config.dataFolder);
    const simulator = await simulatorConfig(values, config);
    const context = programContext('simulator', config, io);
    const shift = prepareShift(simulator, io.now());
    if (!values['no-plan']) await storePlan(config, shift.plan.document, io);
    const progress = await runSimulator(simulator, context, { shift });
    const { offered, acknowledged, messages, latencyMs } = progress;
    const report = { vans: shift.plan.routes.length, offered, acknowledged, messages, latencyMs };
    if (values.report) await writeReport(values.report, report);
    if (values.json) io.stdout(JSON.stringify(report));
    return 0;
  },
};

type Values = ReturnType<typeof parseCommandLine<typeof flags>>['values'];

async function simulatorConfig(values: Values, config: Config): Promise<SimulatorConfig> {
  const fleet = values.fleet ?? 'demo';
  const gateway = values.username === undefined ? await gatewayOf(config.dataFolder, fleet) : undefined;
  const outside = config.broker.kind === 'outside' ? config.broker : undefined;
  return {
    scenario: values.scenario ?? config.simulator.scenario,
    vans: values.vans === undefined ? config.simulator.vans : number(values.vans, '--vans'),
    intervalSeconds: values.interval === undefined ? undefined : number(values.interval, '--interval'),
    fleet: values.fleet,
    seed: values.seed,
    speed: values.speed === 'max' ? Number.POSITIVE_INFINITY : number(values.speed ?? '1', '--speed'),
    durationSeconds: values.duration === undefined ? undefined : parseDuration(values.duration, '--duration'),
    startAt: values['shift-start'] === undefined ? undefined : number(values['shift-start'], '--shift-start'),
    connections: values.connections === undefined ? undefined : number(values.connections, '--connections'),
    broker: {
      url: values.broker ?? mqttUrl(config),
      username: values.username ?? outside?.username ?? gateway?.username,
      password: values.password ?? outside?.password ?? gateway?.password,
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

/** Without its plan the vans move but are on no route; a database that is not ours to write has none. */
async function storePlan(
  config: Config,
  document: Parameters<typeof writePlan>[1],
  io: CommandIo,
): Promise<void> {
  const url = await runningDatabase(config);
  if (url === undefined) {
    io.stderr('simulate: no database is known here, so the plan of the day is not stored');
    return;
  }
  await withClient(url, (client) => writePlan(client, document));
}

async function writeReport(path: string, report: object): Promise<void> {
  await writeFile(path, `${JSON.stringify(report, undefined, 2)}\n`).catch((cause) => {
    throw new Fault('input/invalid', `the report cannot be written to ${path} (${cause.message})`, { cause });
  });
}
