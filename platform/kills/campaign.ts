import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { Fault } from '../../schemas/fault.ts';
import { silentLog } from '../../schemas/program.ts';
import { random } from '../../schemas/random.ts';
import { prepareShift, runSimulator, type SimulatorConfig } from '../../simulator/main.ts';
import { readLedger } from '../../simulator/publish/ledger-reading.ts';
import { acceptanceReport } from '../../simulator/report/report.ts';
import { lostReports } from '../acceptance.ts';
import { gatewayOf } from '../data-folder.ts';
import { drained } from '../drain.ts';
import { freePort } from '../embedded/ports.ts';
import { readFleetTables } from '../store/fleet-tables.ts';
import { writePlan } from '../store/plan-store.ts';
import { withClient } from '../with-database.ts';
import { type Conclusions, type Difference, differences, readConclusions } from './conclusions.ts';
import { startTree, type Tree } from './tree.ts';

/** Who is killed, in turn; `tree` is everything at once, the supervisor too. */
export const victims = ['ingest', 'postgres', 'tree', 'engine'] as const;
export type Victim = (typeof victims)[number];

export type CampaignOptions = {
  readonly kills: number;
  readonly vans: number;
  /** Seconds over which the shift is sent, about. */
  readonly seconds: number;
  readonly seed: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
};

export type LedgerCheck = {
  /** Fixes and presses of the app that the publisher never got an acknowledgement for. */
  readonly unacknowledged: number;
  /** Distinct fixes acknowledged; of those, not in the table; rows that say the same as another. */
  readonly acknowledged: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Presses of drivers' apps acknowledged and not in the table. */
  readonly reportsLost: number;
};

export type CampaignReport = {
  readonly kills: Readonly<Record<Victim, number>>;
  /** By the publisher's ledger, against the tables. */
  readonly ledger: LedgerCheck;
  /** What is concluded otherwise than by an undisturbed run of the same shift. */
  readonly differences: readonly Difference[];
  readonly rows: Readonly<Record<keyof Conclusions, number>>;
};

/** A shift is simulated at this start; long enough ago to be over. */
const SHIFT_START = Date.UTC(2026, 5, 1, 14) / 1000;
const SHIFT_SECONDS = 11.5 * 3600;
const DRAIN_MS = 300_000;

/**
 * Sends one simulated shift twice, to two fresh platforms: to one that is left in peace, and to one
 * whose processes are killed (SIGKILL) at random moments while it receives. Nothing acknowledged may
 * be missing, nothing may stand twice, and both must conclude the same.
 */
export async function killCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const folder = await mkdtemp(join(tmpdir(), 'paceline-kills-'));
  try {
    options.say('an undisturbed run first …');
    const peace = await shift(join(folder, 'peace'), options, async () => ({}));
    options.say('… and the same shift under fire');
    const war = await shift(join(folder, 'war'), options, (battle) => fire(battle, options));
    const rows = Object.fromEntries(
      Object.entries(war.conclusions).map(([subject, lines]) => [subject, lines.length]),
    ) as CampaignReport['rows'];
    return {
      kills: { ingest: 0, postgres: 0, tree: 0, engine: 0, ...war.kills },
      ledger: war.ledger,
      differences: differences(peace.conclusions, war.conclusions),
      rows,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Battle = {
  readonly tree: () => Tree;
  readonly restart: () => Promise<void>;
  readonly isOver: () => boolean;
};
type Kills = Partial<Record<Victim, number>>;

async function shift(
  dataFolder: string,
  options: CampaignOptions,
  disturb: (battle: Battle) => Promise<Kills>,
) {
  const { environment, signal } = options;
  const mqttPort = await freePort('127.0.0.1');
  const place = { dataFolder, mqttPort, environment, flags: ['--no-simulator'] };
  let tree = await startTree(place);
  try {
    const gateway = await gatewayOf(dataFolder, 'demo');
    if (gateway === undefined) throw new Fault('data/unusable', `${dataFolder} has no gateway for demo`);
    const { username, password } = gateway;
    const config: SimulatorConfig = {
      scenario: 'demo',
      vans: options.vans,
      seed: options.seed,
      startAt: SHIFT_START,
      speed: SHIFT_SECONDS / options.seconds,
      broker: { url: `mqtt://127.0.0.1:${mqttPort}`, username, password },
      ledgerFile: join(dataFolder, 'ledger.tsv'),
    };
    const prepared = prepareShift(config, Date.now() / 1000);
    await withClient((await tree.run()).databaseUrl, (client) => writePlan(client, prepared.plan.document));
    let isOver = false;
    const context = { signal, log: silentLog, now: () => Date.now() / 1000, ready: () => {} };
    const sending = runSimulator(config, context, { shift: prepared }).finally(() => {
      isOver = true;
    });
    const kills = await disturb({
      tree: () => tree,
      isOver: () => isOver,
      restart: async () => {
        tree = await startTree(place);
      },
    });
    await sending;
    return await withClient((await tree.run()).databaseUrl, async (client) => {
      const behind = await drained(client, ['engine'], { patienceMs: DRAIN_MS, signal });
      if (behind.length > 0) {
        throw new Fault('process/crashed', `the engine is still ${behind[0]?.batches} batches behind`);
      }
      return {
        kills,
        ledger: await checkLedger(client, config.ledgerFile),
        conclusions: await readConclusions(client),
      };
    });
  } finally {
    await tree.stop();
  }
}

async function checkLedger(client: ClientBase, file: string): Promise<LedgerCheck> {
  const ledger = readLedger(file);
  const tables = await readFleetTables(client, { fleet: 'demo', since: 0 });
  const { offered, acknowledged, distinct, lost = 0, duplicated = 0 } = acceptanceReport({ ledger, tables });
  return {
    unacknowledged: offered - acknowledged,
    acknowledged: distinct,
    lost,
    duplicated,
    reportsLost: await lostReports(client, 'demo', ledger),
  };
}

async function fire({ tree, restart, isOver }: Battle, options: CampaignOptions): Promise<Kills> {
  const chance = random(`${options.seed}/kills`);
  const kills: Kills = {};
  for (let i = 0; i < options.kills && !options.signal.aborted; i++) {
    const victim = victims[i % victims.length] ?? 'tree';
    const share = options.seconds / (options.kills + 1);
    await delay(share * 1000 * chance.between(0.4, 1.2), undefined, { signal: options.signal });
    if (victim === 'tree') {
      await tree().killAll();
      await restart();
    } else while (!(await tree().killOne(victim))) await delay(100, undefined, { signal: options.signal });
    kills[victim] = (kills[victim] ?? 0) + 1;
    options.say(`kill ${i + 1} of ${options.kills}: ${victim}${isOver() ? ' (after the last fix)' : ''}`);
  }
  return kills;
}
