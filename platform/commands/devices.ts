import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Issued, NewDevice } from '../../dashboards/api-devices.ts';
import { deviceIdOf, devicePage, unknownDevices } from '../../dashboards/queries/devices.ts';
import {
  type Actor,
  brokerCredentials,
  knownDevices,
  makeDevices,
  revokeSecret,
  rotateSecret,
} from '../../dashboards/queries/provisioning.ts';
import { brokerFiles } from '../../dashboards/server/broker-files.ts';
import { readDeviceCsv } from '../../dashboards/server/device-csv.ts';
import { Problematic } from '../../dashboards/server/problems.ts';
import { openDatabase, type Query } from '../../dashboards/server/query.ts';
import { FormatRegistry } from '../../ingest/formats/registry.ts';
import { asError, Fault } from '../../schemas/fault.ts';
import { silentLog } from '../../schemas/program.ts';
import { topicName } from '../../schemas/topics.ts';
import { type Command, type CommandIo, parseCommandLine, parseDuration } from '../command.ts';
import { type Config, readConfig } from '../config.ts';
import { readFormatSettings } from '../format-settings.ts';
import { fleetIdOf } from '../store/fleet-store.ts';
import { withClient, withDatabase } from '../with-database.ts';

export const command: Command = {
  summary: 'devices: made, claimed, imported, given new secrets, and exported for other brokers',
  usage: `Usage: paceline devices list --fleet FLEET [--search TEXT] [--trouble TROUBLE]
       paceline devices unknown --fleet FLEET
       paceline devices add NAME --fleet FLEET [--vehicle VEHICLE] [--profile FORMAT] [--no-secret]
       paceline devices claim NAME --fleet FLEET [--vehicle VEHICLE] [--profile FORMAT] [--no-secret]
       paceline devices import FILE.csv --fleet FLEET
       paceline devices rotate NAME --fleet FLEET [--overlap 24h]
       paceline devices revoke NAME --fleet FLEET
       paceline devices export --for mosquitto|emqx --fleet FLEET [--out FOLDER]

Secrets are made here and printed once; only their hashes are kept. A rotated one opens for the overlap beside
the new one. \`import\` reads the columns device, vehicle, profile, secret (yes or no): all lines, or none and why
not, line by line. \`export\` writes the files that let an outside broker admit each device to its own topics.
  --trouble TROUBLE  rejected, missing, clock, silent, filtered, never or closed
  --profile FORMAT   the format of what it publishes on its own telemetry topic
  --no-secret        it speaks through a gateway only
  --overlap TIME     how long the former secret opens too (24h; 0s: not at all)
  --json             one line of JSON
  --data DIR         data folder (PACELINE_DATA, ./data), where DATABASE_URL is not set`,
  run: async (args, io) => {
    const { values, positionals } = parseCommandLine(args, options, true);
    const config = readConfig(io.environment, { ...(values.data && { PACELINE_DATA: values.data }) });
    const act = await actionOf(positionals, { flags: values, config });
    const { fleet } = values;
    if (fleet === undefined) throw new Fault('config/invalid', '--fleet is missing: name the fleet');
    return withDatabase(config, silentLog, async (url) => {
      const id = await withClient(url, (client) => fleetIdOf(client, fleet));
      const database = openDatabase(url, { connections: 1 });
      const actor: Actor = { fleet: { id, name: fleet }, email: 'command line' };
      try {
        return await database.withFleet(
          id,
          (query) => act({ query, actor, io, json: values.json === true }),
          {
            write: true,
            timeout: 120_000,
          },
        );
      } catch (thrown) {
        throw thrown instanceof Problematic
          ? new Fault('input/invalid', thrown.message.replace(/\.$/, ''))
          : thrown;
      } finally {
        await database.close();
      }
    });
  },
};

const options = {
  fleet: { type: 'string' },
  search: { type: 'string' },
  trouble: { type: 'string' },
  vehicle: { type: 'string' },
  profile: { type: 'string' },
  'no-secret': { type: 'boolean' },
  overlap: { type: 'string' },
  for: { type: 'string' },
  out: { type: 'string' },
  json: { type: 'boolean' },
  data: { type: 'string' },
} as const;

type Flags = ReturnType<typeof parseCommandLine<typeof options>>['values'];
type Context = {
  readonly query: Query;
  readonly actor: Actor;
  readonly io: CommandIo;
  readonly json: boolean;
};
type Act = (context: Context) => Promise<number>;
type Asked = { readonly flags: Flags; readonly config: Config };

/** What the words ask for, checked as far as it can be without the database. */
async function actionOf([verb, name, ...more]: readonly string[], asked: Asked): Promise<Act> {
  const { flags } = asked;
  if (more.length === 0) {
    if (verb === 'list' && name === undefined) return list(flags);
    if (verb === 'unknown' && name === undefined) return unknown;
    if (verb === 'export' && name === undefined) return exported(flags);
    if ((verb === 'add' || verb === 'claim') && name !== undefined)
      return make(verb, await deviceOf(name, asked));
    if (verb === 'import' && name !== undefined) return imported(name, await formatNames(asked));
    if (verb === 'rotate' && name !== undefined)
      return rotate(name, parseDuration(flags.overlap ?? '24h', '--overlap'));
    if (verb === 'revoke' && name !== undefined) return revoke(name);
  }
  const words = [verb, name, ...more].filter((word) => word !== undefined).join(' ');
  throw new Fault('config/invalid', `“devices ${words}” is no command (--help lists them)`);
}

async function formatNames({ config }: Asked): Promise<string[]> {
  return new FormatRegistry(await readFormatSettings(config.formatsFile)).formats.map(({ name }) => name);
}

async function deviceOf(device: string, asked: Asked): Promise<NewDevice> {
  const { vehicle = device, profile } = asked.flags;
  for (const name of [device, vehicle]) {
    if (topicName.test(name)) continue;
    throw new Fault('config/invalid', `“${name}” cannot be a name: use letters, digits and . _ : @ -`);
  }
  const known = await formatNames(asked);
  if (profile !== undefined && !known.includes(profile)) {
    throw new Fault('config/invalid', `--profile must be one of ${known.join(', ')}`);
  }
  return { device, vehicle, profile: profile ?? null, secret: asked.flags['no-secret'] !== true };
}

const list =
  ({ search = '', trouble }: Flags): Act =>
  async ({ query, io, json }) => {
    const asked = {
      search,
      trouble: trouble as never,
      sort: 'trouble',
      descending: true,
      offset: 0,
      limit: 20_000,
    };
    const page = await devicePage(query, { ...asked, now: io.now() });
    if (json) io.stdout(JSON.stringify(page));
    else {
      for (const row of page.rows) {
        const heard =
          row.lastReceived === null
            ? 'never heard'
            : `heard ${Math.round(io.now() - row.lastReceived)} s ago`;
        const counts = `${row.accepted} accepted, ${row.rejected} rejected, ${row.missing} missing`;
        io.stdout(
          `${row.device} (${row.vehicle ?? 'no vehicle'}): ${heard}, ${counts}; ${row.troubles.join(', ') || 'well'}`,
        );
      }
      io.stderr(`${page.total} of ${page.devices} devices; ${page.unknown} unknown have knocked`);
    }
    return 0;
  };

const unknown: Act = async ({ query, io, json }) => {
  const rows = await unknownDevices(query, 10_000);
  if (json) io.stdout(JSON.stringify({ unknown: rows }));
  else
    for (const row of rows)
      io.stdout(`${row.name}: ${row.attempts} times on ${row.lastTopic}: ${row.lastPayload}`);
  return 0;
};

const make =
  (verb: 'add' | 'claim', device: NewDevice): Act =>
  async ({ query, actor, io, json }) => {
    const [made] = await makeDevices(query, actor, [device], `device.${verb}`);
    return issued(made!, io, json);
  };

const imported =
  (file: string, formats: readonly string[]): Act =>
  async ({ query, actor, io, json }) => {
    const text = await readFile(file, 'utf8').catch((cause) => {
      throw new Fault('input/invalid', `cannot read ${file}: ${asError(cause).message}`, { cause });
    });
    const { devices, problems } = readDeviceCsv(text, formats);
    const known = await knownDevices(
      query,
      devices.map(({ device }) => device),
    );
    const taken = devices
      .filter(({ device }) => known.has(device))
      .map(({ line, device }) => ({ line, message: `the fleet has a device ${device} already` }));
    const wrong = [...problems, ...taken].sort((a, b) => a.line - b.line);
    if (wrong.length > 0) {
      const lines = wrong.map(({ line, message }) => `  line ${line}: ${message}`).join('\n');
      throw new Fault('input/invalid', `nothing of ${file} was imported:\n${lines}\n`);
    }
    const made = await makeDevices(query, actor, devices, 'device.import');
    if (json) io.stdout(JSON.stringify({ made }));
    else {
      io.stdout('device,vehicle,username,password,topic');
      for (const each of made)
        io.stdout([each.name, each.vehicle, each.username, each.secret, each.topic].join(','));
      io.stderr('The passwords are shown this once; keep them.');
    }
    return 0;
  };

async function idOf(query: Query, name: string): Promise<number> {
  const id = await deviceIdOf(query, name);
  if (id === undefined) throw new Fault('input/invalid', `the fleet has no device “${name}”`);
  return id;
}

const rotate =
  (name: string, overlap: number): Act =>
  async ({ query, actor, io, json }) => {
    const id = await idOf(query, name);
    return issued(await rotateSecret(query, actor, { kind: 'device', id, overlap, now: io.now() }), io, json);
  };

const revoke =
  (name: string): Act =>
  async ({ query, actor, io, json }) => {
    await revokeSecret(query, actor, 'device', await idOf(query, name));
    io.stdout(json ? JSON.stringify({ revoked: name }) : `${name} can no longer log in`);
    return 0;
  };

function issued(made: Issued, io: CommandIo, json: boolean): number {
  if (json) {
    io.stdout(JSON.stringify(made));
    return 0;
  }
  io.stdout([`device ${made.name}`, `username: ${made.username}`, `topic:    ${made.topic}`].join('\n'));
  if (made.secret === null) return 0;
  io.stdout(`password: ${made.secret}`);
  if (made.oldSecretUntil !== null) {
    io.stdout(`the former password opens until ${new Date(made.oldSecretUntil * 1000).toISOString()}`);
  }
  io.stderr('It is shown this once; keep it.');
  return 0;
}

function exported({ for: target, out = '.' }: Flags): Act {
  if (target !== 'mosquitto' && target !== 'emqx') {
    throw new Fault('config/invalid', '--for must be mosquitto or emqx');
  }
  return async ({ query, actor, io, json }) => {
    const { files, left } = brokerFiles(target, actor.fleet.name, await brokerCredentials(query));
    if (json) io.stdout(JSON.stringify({ files, left }));
    else {
      await mkdir(out, { recursive: true });
      // Hashes of secrets: for their owner's eyes.
      for (const [name, text] of Object.entries(files))
        await writeFile(join(out, name), text, { mode: 0o600 });
      io.stdout(
        Object.keys(files)
          .map((name) => join(out, name))
          .join('\n'),
      );
    }
    if (left.length > 0) {
      io.stderr(
        `Not in the files, until their secrets are rotated or their names have no colon: ${left.join(', ')}`,
      );
    }
    return 0;
  };
}
