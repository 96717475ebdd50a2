import type { ClientBase } from 'pg';
import { setStorageRule, storageRule } from '../../dashboards/queries/storage.ts';
import { openDatabase } from '../../dashboards/server/query.ts';
import { retain } from '../../ingest/store/retention.ts';
import { Fault } from '../../schemas/fault.ts';
import { silentLog } from '../../schemas/program.ts';
import { type Command, type CommandIo, parseCommandLine } from '../command.ts';
import { readConfig } from '../config.ts';
import { fleetIdOf } from '../store/fleet-store.ts';
import { withClient, withDatabase } from '../with-database.ts';

export const command: Command = {
  summary: 'how long each fleet keeps what, and how it is packed',
  usage: `Usage: paceline storage show [--json]
       paceline storage set --fleet FLEET --fixes-days DAYS --results-days DAYS
       paceline storage compress --after-days DAYS
       paceline storage run

Without a rule a fleet keeps everything. \`set\` says for how many days it keeps fixes, and trips, visits, crossings
and standings; “forever” keeps them. Ingest removes what is older every ten minutes, \`run\` does it now. The hours
of removed fixes stay in v_fix_hour. \`compress\` says after how many days TimescaleDB packs fixes into its
columnstore (7); plain PostgreSQL has none.
  --json      one line of JSON
  --data DIR  data folder (PACELINE_DATA, ./data), where DATABASE_URL is not set`,
  run: async (args, io) => {
    const { values, positionals } = parseCommandLine(args, options, true);
    const config = readConfig(io.environment, { ...(values.data && { PACELINE_DATA: values.data }) });
    const [verb, ...more] = positionals;
    const acts = { show, set, compress, run };
    if (verb === undefined || more.length > 0 || !(verb in acts)) {
      throw new Fault(
        'config/invalid',
        `“storage ${positionals.join(' ')}” is no command (--help lists them)`,
      );
    }
    return withDatabase(config, silentLog, (url) =>
      acts[verb as keyof typeof acts]({ url, flags: values, io }),
    );
  },
};

const options = {
  fleet: { type: 'string' },
  'fixes-days': { type: 'string' },
  'results-days': { type: 'string' },
  'after-days': { type: 'string' },
  json: { type: 'boolean' },
  data: { type: 'string' },
} as const;

type Flags = ReturnType<typeof parseCommandLine<typeof options>>['values'];
type Asked = { readonly url: string; readonly flags: Flags; readonly io: CommandIo };

function daysOf(text: string | undefined, flag: string): number | null {
  if (text === 'forever') return null;
  if (text !== undefined && /^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new Fault(
    'config/invalid',
    `${flag} must be a number of days or “forever”, not “${text ?? 'missing'}”`,
  );
}

async function set({ url, flags, io }: Asked): Promise<number> {
  const { fleet } = flags;
  if (fleet === undefined) throw new Fault('config/invalid', '--fleet is missing: name the fleet');
  const rule = {
    fixesDays: daysOf(flags['fixes-days'], '--fixes-days'),
    resultsDays: daysOf(flags['results-days'], '--results-days'),
  };
  const id = await withClient(url, (client) => fleetIdOf(client, fleet));
  const database = openDatabase(url, { connections: 1 });
  try {
    const actor = { fleet: { id, name: fleet }, email: 'command line' };
    const kept = await database.withFleet(id, (query) => setStorageRule(query, actor, rule), { write: true });
    io.stdout(flags.json ? JSON.stringify({ fleet, ...kept }) : ruleText(fleet, kept));
    return 0;
  } finally {
    await database.close();
  }
}

const ruleText = (fleet: string, rule: { fixesDays: number | null; resultsDays: number | null }): string =>
  `${fleet}: fixes ${spanText(rule.fixesDays)}, results ${spanText(rule.resultsDays)}`;
const spanText = (days: number | null): string => (days === null ? 'for good' : `for ${days} days`);

async function isTimescale(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query(`select from settings where name = 'timescaledb' and value = 'true'`);
  return rows.length > 0;
}

async function show({ url, flags, io }: Asked): Promise<number> {
  const { fleets, ...facts } = await withClient(url, async (client) => {
    const timescale = await isTimescale(client);
    const size = await client.query<{ bytes: string }>(
      timescale
        ? `select hypertable_size('fixes') as bytes`
        : `select coalesce(sum(pg_total_relation_size(inhrelid)), 0) as bytes from pg_inherits where inhparent = 'fixes'::regclass`,
    );
    const compression = timescale
      ? await client.query<{ after: string }>(
          `select config->>'compress_after' as after from timescaledb_information.jobs
           where proc_name = 'policy_compression' and hypertable_name = 'fixes'`,
        )
      : undefined;
    const names = await client.query<{ fleet_id: number; name: string }>(
      'select fleet_id, name from fleets order by name',
    );
    return {
      store: timescale ? 'TimescaleDB' : 'PostgreSQL, by weeks',
      fixesBytes: Number(size.rows[0]?.bytes ?? 0),
      compressAfter: compression?.rows[0]?.after ?? null,
      fleets: names.rows,
    };
  });
  const database = openDatabase(url, { connections: 1 });
  try {
    const rules = [];
    for (const { fleet_id, name } of fleets) {
      rules.push({ fleet: name, ...(await database.withFleet(fleet_id, storageRule)) });
    }
    if (flags.json) io.stdout(JSON.stringify({ ...facts, fleets: rules }));
    else {
      io.stdout(`${facts.store}: fixes take ${Math.round(facts.fixesBytes / 1e6)} MB`);
      if (facts.compressAfter !== null) io.stdout(`packed after ${facts.compressAfter}`);
      for (const rule of rules) io.stdout(ruleText(rule.fleet, rule));
    }
    return 0;
  } finally {
    await database.close();
  }
}

async function compress({ url, flags, io }: Asked): Promise<number> {
  const days = daysOf(flags['after-days'], '--after-days');
  await withClient(url, async (client) => {
    if (!(await isTimescale(client))) {
      throw new Fault('input/invalid', 'this database is plain PostgreSQL, which packs nothing');
    }
    await client.query(`select remove_compression_policy('fixes', if_exists => true)`);
    if (days !== null)
      await client.query(`select add_compression_policy('fixes', make_interval(days => $1))`, [days]);
  });
  io.stdout(
    flags.json
      ? JSON.stringify({ compressAfterDays: days })
      : days === null
        ? 'fixes are no longer packed'
        : `fixes are packed after ${days} days`,
  );
  return 0;
}

async function run({ url, flags, io }: Asked): Promise<number> {
  const removed = await withClient(url, (client) => retain(client, { now: io.now }));
  if (flags.json) io.stdout(JSON.stringify({ removed }));
  else if (removed.length === 0) io.stdout('nothing is older than what its fleet keeps');
  else for (const { fleetId, rows } of removed) io.stdout(`fleet ${fleetId}: ${JSON.stringify(rows)}`);
  return 0;
}
