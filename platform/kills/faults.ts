import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startMosquitto } from '../../ingest/bench/mosquitto.ts';
import { ingestNodeFlags } from '../../ingest/config.ts';
import { makeFleet } from '../../ingest/testing/world.ts';
import { Fault } from '../../schemas/fault.ts';
import { silentLog } from '../../schemas/program.ts';
import { random } from '../../schemas/random.ts';
import { childUnit } from '../child-process.ts';
import { freePort } from '../embedded/ports.ts';
import { postgresUnit } from '../embedded-units.ts';
import { openLogFile } from '../log-file.ts';
import { migrateAt, withClient } from '../with-database.ts';
import { type Audit, audit } from './audit.ts';
import { type Barrage, openBarrage } from './barrage.ts';
import { openCable } from './cable.ts';
import { Closing } from './closing.ts';
import { keepAlive } from './keep-alive.ts';

/** What goes wrong: our broker with its ingest, the ingest behind another's broker, the database, the way to it. */
export const faultKinds = ['broker', 'ingest', 'database', 'network'] as const;
export type FaultKind = (typeof faultKinds)[number];

export type FaultOptions = {
  readonly kills: number;
  /** Fixes in all; half of them through an outside Mosquitto, where one is installed. */
  readonly fixes: number;
  readonly seed: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
};

export type FaultReport = {
  readonly kills: Readonly<Record<FaultKind, number>>;
  readonly seconds: number;
  readonly audit: Audit;
  /** Whether the half behind an outside broker ran. */
  readonly hasOutside: boolean;
};

const VANS = 128;
const FLEET = 'siege';
/** An outside broker holds in memory what we have not taken yet, so its publishers run ahead by this at most. */
const LEAD_MAX = 200_000;
const CUT_MS_MAX = 2_000;
const DRAIN_MS = 600_000;

/**
 * Sends fixes through our broker and through an outside Mosquitto at once, into one database, and
 * kills (SIGKILL) or cuts something at random moments meanwhile. Then every acknowledged fix must be
 * in the table once, by the publishers' own ledger.
 */
export async function faultCampaign(options: FaultOptions): Promise<FaultReport> {
  const folder = await mkdtemp(join(tmpdir(), 'paceline-faults-'));
  const began = performance.now();
  await using stack = new Closing();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const battle = await prepare(folder, options, stack);
  const kills = await fire(battle, options);
  await Promise.all(battle.barrages.map(({ done }) => done));
  options.say('everything is acknowledged; what an outside broker still holds is waited for …');
  await drained(battle, options.signal);
  const found = await withClient(battle.databaseUrl(), (client) => audit(client, battle.barrages));
  const seconds = Math.round((performance.now() - began) / 1000);
  return { kills, seconds, audit: found, hasOutside: battle.barrages.length > 1 };
}

type Battle = {
  readonly databaseUrl: () => string;
  readonly barrages: readonly Barrage[];
  readonly stored: () => number;
  /** Does it, and resolves when it is done (not when it is over). */
  readonly faults: Partial<Record<FaultKind, () => Promise<void>>>;
};

async function prepare(
  folder: string,
  { fixes, environment, signal, seed }: FaultOptions,
  stack: Closing,
): Promise<Battle> {
  const chance = random(`${seed}/cuts`);
  const unit = postgresUnit(folder, 0, silentLog);
  const database = stack.use(await keepAlive(unit, signal));
  await migrateAt(unit.url());
  const { username, password } = await withClient(unit.url(), (client) => makeFleet(client, FLEET));
  const logFile = await openLogFile(folder, 'ingest', () => {});
  stack.defer(() => logFile.close());
  const inherited = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const startIngest = async (source: string, more: Record<string, string>) => {
    const own = {
      ...{ DATABASE_URL: unit.url(), PACELINE_DATA: folder, PACELINE_SOURCE: source },
      ...{ TELTONIKA_PORT: 'off', HTTP_INGEST_PORT: 'off', MQTT_URL: '' },
      PACELINE_SERVICE_PASSWORD: randomBytes(24).toString('base64url'),
    };
    const child = childUnit(source, {
      ...{ verb: 'ingest', nodeFlags: ingestNodeFlags, logFile },
      environment: { ...Object.fromEntries(inherited), ...own, ...more },
    });
    return stack.use(await keepAlive(child, signal));
  };
  const mosquitto = await startMosquitto();
  if (mosquitto !== undefined) stack.use(mosquitto);
  const port = await freePort('127.0.0.1');
  const broker = await startIngest('embedded', { MQTT_PORT: String(port) });
  const stored = await following(unit.url(), stack);
  const barrage = (name: string, at: number, isOurs: boolean) =>
    openBarrage({
      ...{ name, url: `mqtt://127.0.0.1:${at}`, fleet: FLEET, vans: VANS, signal },
      login: isOurs ? { username, password } : undefined,
      fixes: mosquitto === undefined ? fixes : fixes / 2,
      leadMax: isOurs ? Number.POSITIVE_INFINITY : LEAD_MAX,
      stored: () => stored('outside'),
      ledgerFile: join(folder, 'ledger.tsv'),
    });
  const ours = { databaseUrl: unit.url, faults: { broker: broker.kill, database: database.kill } };
  if (mosquitto === undefined) {
    return { ...ours, barrages: [barrage('own', port, true)], stored: () => stored('embedded') };
  }
  const cable = stack.use(await openCable(mosquitto.port));
  const ingest = await startIngest('outside', { MQTT_URL: `mqtt://127.0.0.1:${cable.port}` });
  const network = async () => cable.cut(chance.between(0, CUT_MS_MAX));
  return {
    databaseUrl: unit.url,
    barrages: [barrage('own', port, true), barrage('outside', mosquitto.port, false)],
    stored: () => stored('embedded') + stored('outside'),
    faults: { ...ours.faults, ingest: ingest.kill, network },
  };
}

const FOLLOW_MS = 300;

/** How many fixes each source has logged, looked up now and then; what the last look said while there is no database. */
async function following(url: string, stack: Closing): Promise<(source: string) => number> {
  const end = new AbortController();
  const found = new Map<string, { batch: string; fixes: number }>();
  const look = () =>
    withClient(url, async (client) => {
      for (;;) {
        const { rows } = await client.query<{ name: string; batch: string; fixes: string }>(
          `select s.name, s.last_batch as batch, coalesce(sum(b.fix_count), 0) as fixes
           from sources s left join batches b on b.source_id = s.source_id
             and b.batch > coalesce(($1::jsonb ->> s.name)::bigint, 0) and b.batch <= s.last_batch
           group by s.source_id`,
          [JSON.stringify(Object.fromEntries([...found].map(([name, { batch }]) => [name, batch])))],
        );
        for (const { name, batch, fixes } of rows) {
          found.set(name, { batch, fixes: (found.get(name)?.fixes ?? 0) + Number(fixes) });
        }
        await delay(FOLLOW_MS, undefined, { signal: end.signal });
      }
    });
  const running = (async () => {
    while (!end.signal.aborted) {
      await look().catch(() => {});
      await delay(FOLLOW_MS, undefined, { signal: end.signal }).catch(() => {});
    }
  })();
  stack.defer(async () => {
    end.abort();
    await running;
  });
  return (source) => found.get(source)?.fixes ?? 0;
}

/** One fault after another, each when its share of the fixes is acknowledged: all of them fall under load. */
async function fire(
  { barrages, faults }: Battle,
  { kills, fixes, seed, signal, say }: FaultOptions,
): Promise<Record<FaultKind, number>> {
  const chance = random(`${seed}/faults`);
  const kinds = faultKinds.filter((kind) => faults[kind] !== undefined);
  const count = { broker: 0, ingest: 0, database: 0, network: 0 };
  let isOver = false;
  const over = Promise.all(barrages.map(({ done }) => done)).finally(() => {
    isOver = true;
  });
  over.catch(() => {});
  const acknowledged = () => barrages.reduce((sum, barrage) => sum + barrage.acknowledged(), 0);
  for (let i = 0; i < kills; i++) {
    // Each kind equally often, in an order and at moments that the seed says.
    const round = chance.fork(String(Math.floor(i / kinds.length)));
    const order = [...kinds].sort((a, b) => round.fork(a).next() - round.fork(b).next());
    const kind = order[i % kinds.length] ?? 'broker';
    const due = ((i + chance.next()) / (kills + 1)) * fixes;
    while (acknowledged() < due && !isOver) await delay(20, undefined, { signal });
    await faults[kind]?.();
    count[kind]++;
    const when = isOver ? ' (after the last fix)' : '';
    say(`${i + 1} of ${kills}: ${kind}, at ${acknowledged()} of ${fixes} fixes acknowledged${when}`);
  }
  return count;
}

async function drained({ barrages, stored }: Battle, signal: AbortSignal): Promise<void> {
  const wanted = barrages.reduce((sum, { acknowledged }) => sum + acknowledged(), 0);
  const deadline = performance.now() + DRAIN_MS;
  let before = -1;
  let since = performance.now();
  while (stored() < wanted && performance.now() < deadline) {
    if (stored() !== before) since = performance.now();
    before = stored();
    // What is lost never comes: the audit names it.
    if (performance.now() - since > DRAIN_MS / 10) return;
    await delay(FOLLOW_MS, undefined, { signal });
  }
  if (performance.now() >= deadline) throw new Fault('process/crashed', 'ingest does not come to an end');
}
