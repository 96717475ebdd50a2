import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlanDocument } from '../schemas/plan.ts';
import { basemap } from '../simulator/city/basemap.ts';
import { type PreparedShift, prepareShift, scenarioOf } from '../simulator/main.ts';
import { readLedger } from '../simulator/publish/ledger-reading.ts';
import type { Scenario } from '../simulator/scenario/scenario.ts';
import { planPortions } from '../simulator/van/copies.ts';
import type { Config } from './config.ts';
import { writePlan } from './store/plan-store.ts';
import { withClient } from './with-database.ts';

/** The simulated day that is under way. */
export type Demo = {
  readonly scenario: Scenario;
  /** An instant; on a restart that of the day begun before, until it is over. */
  readonly shiftStart: number;
  /** What codes of this shift's routes end in, so that two shifts of a day differ. */
  readonly routeSuffix: string;
  /** Roads of its city, for the map. */
  readonly basemapFile: string;
  /** Every acknowledgement, and what really happened. */
  readonly ledgerFile: string;
  readonly truthFile: string;
  /** What the simulator process is started with. */
  readonly args: readonly string[];
};

type Shift = {
  /** The whole scenario: another one is another shift. */
  readonly scenario: Scenario;
  readonly shiftStart: number;
  /** Which shift of this data folder it is, from 1. */
  readonly count: number;
  /** All of it has been driven. */
  readonly isOver: boolean;
};

/** After this a shift that was broken off is not resumed. */
const SHIFT_SECONDS = 11 * 3600;

const folderOf = (dataFolder: string) => join(dataFolder, 'demo');
const shiftFile = (dataFolder: string) => join(folderOf(dataFolder), 'shift.json');
const ledgerOf = (dataFolder: string, count: number) => join(folderOf(dataFolder), `ledger-${count}.tsv`);

/**
 * Plans the demo day, or finds the one that is still under way, writes the plan into the database
 * and the roads into a file for the map.
 */
export async function prepareDemo(input: {
  readonly config: Pick<Config, 'dataFolder' | 'simulator'>;
  readonly databaseUrl: string;
  readonly now: () => number;
}): Promise<Demo> {
  const { dataFolder, simulator } = input.config;
  const folder = folderOf(dataFolder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const scenario = scenarioOf({ ...simulator, broker: { url: '' }, ledgerFile: '' });
  const kept = await readShift(dataFolder);
  const shift = goesOn(kept, scenario, input.now())
    ? kept
    : nextShift(kept, scenario, dataFolder, input.now());
  const { shiftStart, count } = shift;
  const ledgerFile = ledgerOf(dataFolder, count);
  const scenarioFile = join(folder, 'scenario.json');
  const basemapFile = basemapFileOf(dataFolder);
  await writeWhole(scenarioFile, JSON.stringify(scenario, undefined, 2));
  const prepared = prepareShift(
    { scenario: scenarioFile, startAt: shiftStart, ledgerFile, broker: { url: '' } },
    input.now(),
  );
  const routeSuffix = count === 1 ? '' : `-${count}`;
  await withClient(input.databaseUrl, async (client) => {
    for (const portion of planPortions(scenario, prepared.plan)) {
      await writePlan(client, suffixed(portion, routeSuffix));
    }
  });
  await keepShift(dataFolder, shift, basemapFile, prepared);
  const truthFile = join(folder, `truth-${count}.ndjson`);
  const args = [
    ...['--scenario', scenarioFile, '--shift-start', String(shiftStart), '--no-plan'],
    ...['--ledger', ledgerFile, '--truth', truthFile],
  ];
  return { scenario, shiftStart, routeSuffix, basemapFile, ledgerFile, truthFile, args };
}

/** Where the roads of the demo's city will be. */
export function basemapFileOf(dataFolder: string): string {
  return join(folderOf(dataFolder), 'basemap.json');
}

/** The shift has been driven to its end: the next start of the simulator begins another. */
export async function endShift(dataFolder: string): Promise<void> {
  const shift = await readShift(dataFolder);
  if (shift)
    await writeWhole(shiftFile(dataFolder), JSON.stringify({ ...shift, isOver: true } satisfies Shift));
}

function goesOn(kept: Shift | undefined, scenario: Scenario, now: number): kept is Shift {
  if (kept === undefined || kept.isOver || now > kept.shiftStart + SHIFT_SECONDS) return false;
  return JSON.stringify(kept.scenario) === JSON.stringify(scenario);
}

/** Begins some hours ago, but not before the same vans were last heard of on an earlier shift. */
function nextShift(kept: Shift | undefined, scenario: Scenario, dataFolder: string, now: number): Shift {
  const count = (kept?.count ?? 0) + 1;
  const lastFile = ledgerOf(dataFolder, count - 1);
  const lastHeard = existsSync(lastFile) ? Math.max(0, ...readLedger(lastFile).lastByDevice.values()) : 0;
  const shiftStart = Math.ceil(Math.max(now - scenario.startedSecondsAgo, Math.min(lastHeard, now)));
  return { scenario, shiftStart, count, isOver: false };
}

async function keepShift(
  dataFolder: string,
  shift: Shift,
  basemapFile: string,
  { city }: PreparedShift,
): Promise<void> {
  const kept = await readShift(dataFolder);
  if (kept?.count === shift.count && existsSync(basemapFile)) return;
  await writeWhole(basemapFile, JSON.stringify(basemap(city)));
  await writeWhole(shiftFile(dataFolder), JSON.stringify(shift));
}

/** The same plan under route codes of its own. */
function suffixed(document: PlanDocument, suffix: string): PlanDocument {
  if (suffix === '') return document;
  return {
    ...document,
    routes: document.routes.map((route) => ({ ...route, code: `${route.code}${suffix}` })),
  };
}

async function readShift(dataFolder: string): Promise<Shift | undefined> {
  try {
    return JSON.parse(await readFile(shiftFile(dataFolder), 'utf8'));
  } catch {
    // The first start has none; one that is damaged is made anew.
    return undefined;
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.draft`, text, { mode: 0o600 });
  await rename(`${path}.draft`, path);
}
