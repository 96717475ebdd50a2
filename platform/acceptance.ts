import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { Fault } from '../schemas/fault.ts';
import { readLedger } from '../simulator/ledger.ts';
import type { CommandIo } from './command.ts';
import type { Demo } from './demo.ts';
import { drained } from './drain.ts';
import { checkLedger } from './ledger-check.ts';
import type { Platform } from './start.ts';
import { withClient } from './with-database.ts';

export type AcceptanceOptions = {
  /** How long the demo runs. */
  readonly seconds: number;
  readonly isJson: boolean;
  readonly io: CommandIo;
  readonly say: (line: string) => void;
};

/** What engine and feed may take to come to the end of the log after the last fix. */
const DRAIN_MS = 180_000;

/**
 * Lets the demo run, stops it, waits until all that it sent is worked off, and compares what is in
 * the tables with the publisher's ledger and with the truth. The exit code says whether it agrees.
 */
export async function runAcceptance(platform: Platform, options: AcceptanceOptions): Promise<number> {
  const { demo } = platform;
  const { io, say, seconds, isJson } = options;
  if (demo === undefined) throw new Fault('config/invalid', '--exit-after needs the simulator it measures');
  await platform.simulating;
  await delay(seconds * 1000, undefined, { signal: io.signal }).catch(() => {});
  say(`After ${seconds} s: the simulator stops, and what it sent is worked off …`);
  await platform.stopOne('simulator');
  return withClient(platform.databaseUrl, async (client) => {
    const consumers = platform.clickhouseUrl === undefined ? ['engine'] : ['engine', 'feed'];
    const behind = await drained(client, consumers, { patienceMs: DRAIN_MS, signal: io.signal });
    for (const { consumer, batches } of behind) say(`${consumer} is still ${batches} batches behind`);
    const result = await figuresOf(client, demo);
    const isGood = behind.length === 0 && result.lost === 0 && result.duplicated === 0;
    if (isJson) io.stdout(JSON.stringify(result));
    else
      for (const [name, value] of Object.entries(result))
        io.stdout(`${name.padEnd(12)} ${JSON.stringify(value)}`);
    return isGood ? 0 : 1;
  });
}

async function figuresOf(client: ClientBase, demo: Demo) {
  const { scenario } = demo;
  const ledger = readLedger(demo.ledgerFile);
  const check = await checkLedger(client, scenario.fleet, ledger);
  const counts = await countsOf(client, scenario.fleet);
  return {
    vans: scenario.vans,
    offered: ledger.offered,
    stored: check.stored,
    lost: check.lost + check.reportsLost,
    duplicated: check.duplicated,
    ...counts,
    latencyMs: ledger.latencyMs,
    ledger: check,
  };
}

/** What the platform says of the fleet. */
async function countsOf(client: ClientBase, fleet: string) {
  const { rows } = await client.query<Record<string, number>>(
    `select
       (select coalesce(sum(late), 0) from device_counters where fleet_id = f.fleet_id)::int as late,
       (select coalesce(sum(rejected), 0) from device_counters where fleet_id = f.fleet_id)::int as rejected,
       (select count(*) from events where fleet_id = f.fleet_id and not retracted)::int as crossings,
       (select count(*) from stop_visits where fleet_id = f.fleet_id and not retracted)::int as "stopVisits",
       (select count(*) from trips where fleet_id = f.fleet_id and not retracted)::int as trips,
       (select count(*) from alerts where fleet_id = f.fleet_id)::int as alerts,
       (select count(*) from proposals where fleet_id = f.fleet_id)::int as proposals
     from fleets f where f.name = $1`,
    [fleet],
  );
  return rows[0] ?? {};
}
