import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { Fault } from '../schemas/fault.ts';
import { type LedgerContents, readLedger } from '../simulator/publish/ledger-reading.ts';
import { type Agreement, acceptanceReport } from '../simulator/report/report.ts';
import { readTruth } from '../simulator/report/truth.ts';
import type { CommandIo } from './command.ts';
import type { Demo } from './demo.ts';
import { drained } from './drain.ts';
import { openProcessSeries } from './process-figures.ts';
import { keepRun, openRun } from './runs/book.ts';
import { figuresOfReport, type Reported } from './runs/run.ts';
import type { Platform } from './start.ts';
import { readFleetTables } from './store/fleet-tables.ts';
import { keptInParts } from './store/kept-fixes.ts';
import { withClient } from './with-database.ts';

export type AcceptanceOptions = {
  /** How long the demo runs. */
  readonly seconds: number;
  readonly isJson: boolean;
  readonly io: CommandIo;
  readonly say: (line: string) => void;
};

/** What engine and feed may take to come to the end of the log after the last fix: longer after a long run. */
const DRAIN_MS = 180_000;
const DRAIN_SHARE = 0.25;
/** Memory and processor time of every process are sampled so often, at most. */
const SAMPLE_MS = 60_000;
/** How long a broker may give nothing while it has something to give. */
const ARRIVAL_MS = 3_000;
/** Share of conclusions that must be true, and of truths that must be concluded. */
const AGREEMENT_MIN = 0.95;
/** Seconds by which a device's clock may be behind: its fixes of this shift begin so much earlier. */
const CLOCK_SKEW = 5;

/**
 * Lets the demo run, stops it, waits until all that it sent is worked off, and compares what is in
 * the tables with the publisher's ledger and with the truth. The exit code says whether it agrees.
 */
export async function runAcceptance(platform: Platform, options: AcceptanceOptions): Promise<number> {
  const { demo } = platform;
  const { io, say, seconds, isJson } = options;
  if (demo === undefined)
    throw new Fault('config/invalid', '--exit-after needs the demo fleet that it measures');
  await platform.simulating;
  const book = await openRun(io.now, process.pid);
  const series = openProcessSeries(() => ({ supervisor: process.pid, ...platform.pids() }), io.now);
  series.sample();
  const sampling = setInterval(series.sample, Math.max(1000, Math.min(SAMPLE_MS, (seconds * 1000) / 20)));
  await delay(seconds * 1000, undefined, { signal: io.signal }).catch(() => {});
  clearInterval(sampling);
  series.sample();
  say(`After ${seconds} s: the simulator stops, and what it sent is worked off …`);
  await platform.stopOne('simulator');
  book.sent();
  return withClient(platform.databaseUrl, async (client) => {
    const consumers = platform.clickhouseUrl === undefined ? ['engine'] : ['engine', 'feed'];
    const patienceMs = Math.max(DRAIN_MS, DRAIN_SHARE * seconds * 1000);
    const workOff = () => drained(client, consumers, { patienceMs, signal: io.signal });
    let behind = await workOff();
    let figures = await figuresOf(client, demo);
    // An outside broker acknowledges what it still has to give to ingest: while more arrives, it is not lost.
    for (let before = -1; figures.lost > 0 && figures.stored > before && !io.signal.aborted; ) {
      before = figures.stored;
      await delay(ARRIVAL_MS, undefined, { signal: io.signal }).catch(() => {});
      behind = await workOff();
      figures = await figuresOf(client, demo);
    }
    for (const { consumer, batches } of behind) say(`${consumer} is still ${batches} batches behind`);
    const problems = [...behind.map(({ consumer }) => `${consumer} did not finish`), ...problemsOf(figures)];
    for (const problem of problems) say(`Not accepted: ${problem}`);
    const { name: scenario, seed, fleet, vans } = demo.scenario;
    const run = await book.close({
      kind: 'demo',
      scenario,
      seed,
      fleet,
      vans,
      figures: figuresOfReport(reportOf(figures)),
    });
    await keepRun(platform.databaseUrl, run, { stderr: say });
    const processes = series.figures();
    if (isJson) io.stdout(JSON.stringify({ ...figures, processes }));
    else for (const line of [...table(figures), ...table(processes)]) io.stdout(line);
    return problems.length === 0 ? 0 : 1;
  });
}

type Figures = Awaited<ReturnType<typeof figuresOf>>;

async function figuresOf(client: ClientBase, demo: Demo) {
  const { scenario, shiftStart } = demo;
  const ledger = readLedger(demo.ledgerFile);
  const tables = await readFleetTables(client, {
    fleet: scenario.fleet,
    since: shiftStart - CLOCK_SKEW,
    withFixes: !ledger.isSummary,
  });
  const kept = await keptInParts(client, demo.ledgerFile, scenario.fleet, ledger);
  const report = acceptanceReport({ ledger, truth: readTruth(demo.truthFile), tables, kept });
  const reportsLost = await lostReports(client, scenario.fleet, ledger);
  return {
    vans: scenario.vans,
    offered: report.offered,
    stored: report.stored ?? 0,
    lost: (report.lost ?? 0) + reportsLost,
    duplicated: report.duplicated ?? 0,
    repeated: report.repeated ?? 0,
    late: tables.late,
    rejected: tables.rejected,
    crossings: tables.crossings.length,
    stopVisits: tables.visits.length,
    trips: tables.trips.length,
    ...(await countsOf(client, scenario.fleet)),
    latencyMs: report.latencyMs,
    backlogLatencyMs: report.backlogLatencyMs,
    truth: {
      crossings: shares(report.crossings),
      stopVisits: shares(report.stopVisits),
      trips: shares(report.trips),
      behaviours: shares(report.behaviours),
    },
    ledger: { acknowledged: report.acknowledged, distinct: report.distinct, reportsLost },
  };
}

/** As the book of runs names it; presses of the app count among what was lost. */
function reportOf({ ledger, truth, ...figures }: Figures): Reported {
  return { ...figures, ...truth, acknowledged: ledger.acknowledged };
}

function shares(agreement: Agreement | undefined) {
  if (agreement === undefined) return undefined;
  const { precision, recall, truth, found } = agreement;
  return { precision, recall, truth, found };
}

/** What stands against accepting the run. */
export function problemsOf({
  lost,
  duplicated,
  truth,
}: Pick<Figures, 'lost' | 'duplicated' | 'truth'>): string[] {
  const problems: string[] = [];
  if (lost > 0) problems.push(`${lost} acknowledged and not stored`);
  if (duplicated > 0) problems.push(`${duplicated} stored twice`);
  for (const name of ['crossings', 'stopVisits'] as const) {
    const share = truth[name];
    if (share === undefined || Math.min(share.precision, share.recall) >= AGREEMENT_MIN) continue;
    problems.push(
      `${name} agree with the truth in ${share.precision} (precision) and ${share.recall} (recall)`,
    );
  }
  return problems;
}

/** Presses of drivers' apps that were acknowledged and are not in the table. */
export async function lostReports(
  client: ClientBase,
  fleet: string,
  ledger: LedgerContents,
): Promise<number> {
  let lost = 0;
  for (const [device, presses] of ledger.reportsByDevice) {
    const { rows } = await client.query<{ press: string }>(
      // As the ledger names them: milliseconds, stop and kind.
      `select round(extract(epoch from r.at) * 1000)::bigint || ':' || r.stop_code || ':' || r.kind as press
       from stop_reports r join devices d using (vehicle_id) join fleets f on f.fleet_id = d.fleet_id
       where f.name = $1 and d.name = $2`,
      [fleet, device],
    );
    const stored = new Set(rows.map((row) => row.press));
    for (const press of presses) if (!stored.has(press)) lost++;
  }
  return lost;
}

async function countsOf(client: ClientBase, fleet: string): Promise<{ alerts: number; proposals: number }> {
  const { rows } = await client.query<{ alerts: number; proposals: number }>(
    `select
       (select count(*) from alerts where fleet_id = f.fleet_id)::int as alerts,
       (select count(*) from proposals where fleet_id = f.fleet_id)::int as proposals
     from fleets f where f.name = $1`,
    [fleet],
  );
  return rows[0] ?? { alerts: 0, proposals: 0 };
}

function table(figures: object): string[] {
  return Object.entries(figures).map(([name, value]) => `${name.padEnd(12)} ${JSON.stringify(value)}`);
}
