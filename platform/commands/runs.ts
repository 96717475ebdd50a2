import { readFile } from 'node:fs/promises';
import { Fault } from '../../schemas/fault.ts';
import { silentLog } from '../../schemas/program.ts';
import { isoFromInstant } from '../../schemas/units.ts';
import type { AcceptanceReport } from '../../simulator/report/report.ts';
import { type Command, type CommandIo, parseCommandLine } from '../command.ts';
import { type Config, readConfig } from '../config.ts';
import { compareFigures, type Figures, figuresOfReport, inOrder, type LoadRun } from '../runs/run.ts';
import { readRun, readRuns, type StoredRun } from '../store/run-store.ts';
import { withClient, withDatabase } from '../with-database.ts';

const flags = {
  fleet: { type: 'string' },
  limit: { type: 'string', default: '20' },
  data: { type: 'string' },
  json: { type: 'boolean' },
} as const;

export const command: Command = {
  summary: 'the book of load runs: list them, lay two side by side',
  usage: `Usage: paceline runs list [--fleet NAME] [--limit N]
       paceline runs show N
       paceline runs compare A B

Every run of simulate and load, and of start --exit-after, stands in the book of its fleet: scenario, seed,
version, machine, and figures with their unit in the name. compare lays two of them side by side with their
ratio, B over A. Instead of a number, A and B may name a file that simulate --report wrote, so that runs
against a broker without a Paceline behind it can be compared, too.
  --fleet NAME  of one fleet only
  --limit N     how many, the newest first (20)
  --data DIR    data folder (PACELINE_DATA, ./data), where DATABASE_URL is not set
  --json        one line of JSON`,
  run: async (args, io) => {
    const { values, positionals } = parseCommandLine(args, flags, true);
    const config = readConfig(io.environment, values.data ? { PACELINE_DATA: values.data } : {});
    const [action, a, b, ...others] = positionals;
    const isJson = values.json ?? false;
    if (action === 'list' && a === undefined) return list(values, config, io);
    if (action === 'show' && a !== undefined && b === undefined)
      return show(await runNamed(a, config), isJson, io);
    if (action === 'compare' && a !== undefined && b !== undefined && others.length === 0) {
      return compare([await runNamed(a, config), await runNamed(b, config)], isJson, io);
    }
    throw new Fault('config/invalid', 'runs takes “list”, “show N” or “compare A B”');
  },
};

type Values = ReturnType<typeof parseCommandLine<typeof flags>>['values'];

async function list({ fleet, limit, json }: Values, config: Config, io: CommandIo): Promise<number> {
  if (!/^[1-9]\d{0,4}$/.test(limit)) {
    throw new Fault('config/invalid', `--limit must be a whole number above 0, not “${limit}”`);
  }
  const runs = await withDatabase(config, silentLog, (url) =>
    withClient(url, (client) => readRuns(client, { fleet, limit: Number(limit) })),
  );
  if (json) io.stdout(JSON.stringify(runs));
  else if (runs.length === 0)
    io.stderr('runs: the book is empty; `npm run simulate` or `npm run load` fill it');
  else for (const line of listing(runs)) io.stdout(line);
  return 0;
}

function listing(runs: readonly StoredRun[]): string[] {
  const head = [
    'run',
    'began',
    'kind',
    'fleet',
    'scenario',
    'vans',
    'offered',
    'lost',
    'twice',
    'fixes/s',
    'p99 ms',
    'version',
  ];
  const rows = runs.map(
    ({ loadRunId, startedAt, kind, fleet, scenario, vans, gitVersion, platformVersion, figures }) => [
      loadRunId,
      isoFromInstant(startedAt).slice(0, 19),
      kind,
      fleet,
      scenario,
      vans,
      figures.offered,
      figures.lost,
      figures.twice,
      figures.fixes_per_second,
      figures.latency_p99_ms,
      gitVersion ?? platformVersion,
    ],
  );
  return aligned([head, ...rows]);
}

function show(run: LoadRun, isJson: boolean, io: CommandIo): number {
  if (isJson) io.stdout(JSON.stringify(run));
  else {
    const { figures, machine, ...facts } = run;
    const measured = inOrder(Object.keys(figures)).map((name) => [name, figures[name]] as const);
    const rows = [...Object.entries({ ...facts, ...machine }), ...measured];
    for (const line of aligned(rows.map(([name, value]) => [name, told(name, value)]))) io.stdout(line);
  }
  return 0;
}

function compare([a, b]: readonly [LoadRun, LoadRun], isJson: boolean, io: CommandIo): number {
  const figures = compareFigures(a.figures, b.figures);
  if (isJson) {
    io.stdout(JSON.stringify({ a, b, figures }));
    return 0;
  }
  const fact = (name: string, of: (run: LoadRun) => string | number | undefined) => [
    name,
    of(a),
    of(b),
    of(a) === of(b) ? '' : 'differs',
  ];
  const rows = [
    ['', 'A', 'B', 'B / A'],
    fact('began', ({ startedAt }) => told('startedAt', startedAt)),
    fact('kind', ({ kind }) => kind),
    fact('scenario', ({ scenario }) => scenario),
    fact('seed', ({ seed }) => seed),
    fact('vans', ({ vans }) => vans),
    fact('version', ({ gitVersion, platformVersion }) => gitVersion ?? platformVersion),
    fact('machine', ({ machine }) => `${machine.cpus} × ${machine.cpuModel}`),
    ...figures.map(({ figure, a: left, b: right, ratio }) => [figure, left, right, ratio]),
  ];
  for (const line of aligned(rows)) io.stdout(line);
  return 0;
}

/** A run of the book by its number, or of a report in a file. */
async function runNamed(name: string, config: Config): Promise<LoadRun> {
  if (!/^\d{1,15}$/.test(name)) return runOfFile(name);
  const run = await withDatabase(config, silentLog, (url) =>
    withClient(url, (client) => readRun(client, Number(name))),
  );
  if (run === undefined)
    throw new Fault('input/invalid', `there is no run ${name}; \`runs list\` says which there are`);
  return run;
}

async function runOfFile(path: string): Promise<LoadRun> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new Fault(
      'input/invalid',
      `${path} is neither the number of a run nor a report (${cause.message})`,
      { cause },
    );
  });
  let report: Partial<AcceptanceReport> & { readonly run?: LoadRun; readonly figures?: Figures };
  try {
    report = JSON.parse(text);
  } catch (cause) {
    throw new Fault('input/invalid', `${path} is no JSON`, { cause });
  }
  const run = report?.run ?? (report?.figures && (report as unknown as LoadRun));
  if (run?.figures !== undefined) return run;
  if (typeof report?.offered !== 'number' || typeof report.acknowledged !== 'number') {
    throw new Fault('input/invalid', `${path} is no report of simulate`);
  }
  // Written by hand, or by a version that told nothing of the machine.
  return {
    kind: 'simulate',
    scenario: '',
    seed: '',
    fleet: '',
    vans: report.vans ?? 0,
    startedAt: 0,
    endedAt: 0,
    platformVersion: '',
    gitVersion: undefined,
    machine: { cpus: 0, cpuModel: '', memoryMb: 0, node: '', os: '' },
    figures: figuresOfReport(report as AcceptanceReport),
  };
}

function told(name: string, value: unknown): string {
  if (typeof value === 'number' && /At$/.test(name))
    return value === 0 ? '' : isoFromInstant(value).slice(0, 19);
  return String(value ?? '');
}

/** Columns as wide as their widest cell; numbers to the right. */
function aligned(rows: readonly (readonly (string | number | undefined)[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, String(cell ?? '–').length);
  }
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const text = String(cell ?? '–');
        return typeof cell === 'number' ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0);
      })
      .join('  ')
      .trimEnd(),
  );
}
