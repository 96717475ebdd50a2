import type { ClientBase } from 'pg';
import { generateSecret, hashForBrokers, hashSecret } from '../../dashboards/server/secret.ts';
import { FormatRegistry } from '../../ingest/formats/registry.ts';
import { Fault } from '../../schemas/fault.ts';
import { silentLog } from '../../schemas/program.ts';
import { topicName } from '../../schemas/topics.ts';
import { type Command, type CommandIo, parseCommandLine } from '../command.ts';
import { type Config, readConfig } from '../config.ts';
import { generatePassword, hashPassword } from '../credentials.ts';
import { type Credentials, readCredentials, writeCredentials } from '../data-folder.ts';
import { readFormatSettings } from '../format-settings.ts';
import {
  addDevice,
  addFleet,
  addGateway,
  addUser,
  audit,
  change,
  type FleetSummary,
  fleetIdOf,
  fleets,
} from '../store/fleet-store.ts';
import { withClient, withDatabase } from '../with-database.ts';

const roles = ['viewer', 'analyst', 'dispatcher', 'admin'];

export const command: Command = {
  summary: 'fleets, and who may speak for them',
  usage: `Usage: paceline fleet add NAME [--time-zone ZONE]
       paceline fleet list
       paceline fleet gateway add NAME --fleet FLEET [--no-register]
       paceline fleet device add NAME --fleet FLEET [--vehicle VEHICLE] [--profile FORMAT]
       paceline fleet user add EMAIL --fleet FLEET --role ROLE [--name NAME]

\`add\` makes a fleet with a gateway of the name “gateway”. A gateway may publish for every device of its fleet and,
unless --no-register, makes unknown ones known; a device speaks for itself and its vehicle (of the same name unless
--vehicle). Secrets are made here and printed once; only their hashes are kept. Without DATABASE_URL those of
gateways and users are also kept in credentials.json of the data folder.
  --profile FORMAT  what the device speaks, as docs/connect-a-device.md names it, such as teltonika
  --time-zone ZONE  of the fleet's depots, such as America/Chicago (UTC)
  --role ROLE       viewer, analyst, dispatcher or admin
  --json            one line with what was made
  --data DIR        data folder (PACELINE_DATA, ./data), where DATABASE_URL is not set`,
  run: async (args, io) => {
    const { values, positionals } = parseCommandLine(args, options, true);
    const config = readConfig(io.environment, { ...(values.data && { PACELINE_DATA: values.data }) });
    const act = actionOf(positionals, values);
    return withDatabase(config, silentLog, (url) =>
      withClient(url, (client) => act({ client, io, config, json: values.json === true })),
    );
  },
};

const options = {
  fleet: { type: 'string' },
  'time-zone': { type: 'string' },
  vehicle: { type: 'string' },
  profile: { type: 'string' },
  role: { type: 'string' },
  name: { type: 'string' },
  'no-register': { type: 'boolean' },
  json: { type: 'boolean' },
  data: { type: 'string' },
} as const;

type Flags = {
  readonly fleet?: string | undefined;
  readonly 'time-zone'?: string | undefined;
  readonly vehicle?: string | undefined;
  readonly profile?: string | undefined;
  readonly role?: string | undefined;
  readonly name?: string | undefined;
  readonly 'no-register'?: boolean | undefined;
};
type Context = {
  readonly client: ClientBase;
  readonly io: CommandIo;
  readonly config: Config;
  readonly json: boolean;
};
type Act = (context: Context) => Promise<number>;

/** What the words ask for, checked as far as it can be without the database. */
function actionOf(words: readonly string[], flags: Flags): Act {
  const [first, second, third] = words;
  if (first === 'list' && words.length === 1) return list;
  if (first === 'add' && words.length === 2) {
    return newFleet(nameOf(second, 'a fleet'), zoneOf(flags['time-zone'] ?? 'UTC'));
  }
  if (second === 'add' && words.length === 3) {
    const { fleet } = flags;
    if (fleet === undefined) throw new Fault('config/invalid', '--fleet is missing: name the fleet');
    if (first === 'gateway')
      return newGateway(fleet, nameOf(third, 'a gateway'), flags['no-register'] !== true);
    if (first === 'device') {
      return newDevice(fleet, nameOf(third, 'a device'), { vehicle: flags.vehicle, profile: flags.profile });
    }
    if (first === 'user') return newUser(fleet, addressOf(third), roleOf(flags.role), flags.name);
  }
  throw new Fault('config/invalid', `“fleet ${words.join(' ')}” is no command (--help lists them)`);
}

const list: Act = async ({ client, io, json }) => {
  const found = await fleets(client);
  if (json) io.stdout(JSON.stringify({ fleets: found }));
  else for (const fleet of found) io.stdout(summaryOf(fleet));
  return 0;
};

const summaryOf = (fleet: FleetSummary): string =>
  `${fleet.fleet} (${fleet.timeZone}): ${fleet.vehicles} vehicles, ${fleet.devices} devices, ${fleet.gateways} gateways, ${fleet.users} users`;

const newFleet =
  (fleet: string, timeZone: string): Act =>
  async (context) => {
    const { client } = context;
    const gateway = { fleet, username: `gateway:${fleet}/gateway`, password: generateSecret() };
    await change(client, ['paceline_world', 'paceline_directory'], async () => {
      const fleetId = await addFleet(client, fleet, timeZone);
      await addGateway(client, fleetId, {
        name: 'gateway',
        secretHash: hashSecret(gateway.password),
        brokerHash: hashForBrokers(gateway.password),
        mayRegister: true,
      });
      await audit(client, fleetId, 'fleet.add', fleet, { timeZone });
      return [fleetId, undefined];
    });
    return made(context, { kind: 'fleet', ...gateway }, (kept) => ({
      ...kept,
      gateways: [...kept.gateways, gateway],
    }));
  };

const newGateway =
  (fleet: string, name: string, mayRegister: boolean): Act =>
  async (context) => {
    const gateway = { fleet, username: `gateway:${fleet}/${name}`, password: generateSecret() };
    await inFleet(context.client, fleet, 'gateway.add', name, (fleetId) =>
      addGateway(context.client, fleetId, {
        name,
        secretHash: hashSecret(gateway.password),
        brokerHash: hashForBrokers(gateway.password),
        mayRegister,
      }),
    );
    return made(context, { kind: 'gateway', ...gateway }, (kept) => ({
      ...kept,
      gateways: [...kept.gateways, gateway],
    }));
  };

const newDevice =
  (
    fleet: string,
    name: string,
    {
      vehicle = name,
      profile,
    }: { readonly vehicle: string | undefined; readonly profile: string | undefined },
  ): Act =>
  async (context) => {
    if (profile !== undefined) await checkProfile(profile, context.config);
    const password = generateSecret();
    await inFleet(context.client, fleet, 'device.add', name, (fleetId) =>
      addDevice(context.client, fleetId, {
        name,
        vehicle,
        profile,
        secretHash: hashSecret(password),
        brokerHash: hashForBrokers(password),
      }),
    );
    return made(context, { kind: 'device', fleet, username: `device:${fleet}/${name}`, password });
  };

async function checkProfile(profile: string, { formatsFile }: Config): Promise<void> {
  const { formats } = new FormatRegistry(await readFormatSettings(formatsFile));
  if (formats.some(({ name }) => name === profile)) return;
  const names = formats.map(({ name }) => name).join(', ');
  throw new Fault('config/invalid', `no format is called “${profile}”; known are ${names}`);
}

const newUser =
  (fleet: string, email: string, role: string, name = email): Act =>
  async (context) => {
    const user = { fleet, email, role, password: generatePassword() };
    const passwordHash = await hashPassword(user.password);
    await inFleet(context.client, fleet, 'user.add', email, (fleetId) =>
      addUser(context.client, fleetId, { email, name, role, passwordHash }),
    );
    return made(context, { kind: 'user', ...user }, (kept) => ({ ...kept, users: [...kept.users, user] }));
  };

async function inFleet(
  client: ClientBase,
  fleet: string,
  action: string,
  subject: string,
  write: (fleetId: number) => Promise<void>,
): Promise<void> {
  const fleetId = await fleetIdOf(client, fleet);
  await change(client, ['paceline_world', 'paceline_directory'], async () => {
    await write(fleetId);
    await audit(client, fleetId, action, subject);
    return [fleetId, undefined];
  });
}

type Made = { readonly kind: string; readonly fleet: string; readonly password: string } & Readonly<
  Record<string, string>
>;

/** Prints what was made with its secret, and keeps it where the installation is a local one. */
async function made(
  { io, config, json }: Context,
  thing: Made,
  keep?: (kept: Credentials) => Credentials,
): Promise<number> {
  const isLocal = config.databaseUrl === undefined;
  if (isLocal && keep)
    await writeCredentials(config.dataFolder, keep(await readCredentials(config.dataFolder)));
  if (json) {
    io.stdout(JSON.stringify(thing));
    return 0;
  }
  const { kind, fleet, username, email, password } = thing;
  const login = username === undefined ? `e-mail:   ${email}` : `username: ${username}`;
  io.stdout([`${kind} of fleet ${fleet}`, login, `password: ${password}`].join('\n'));
  io.stderr(
    isLocal && keep ? 'Kept in credentials.json of the data folder.' : 'It is shown this once; keep it.',
  );
  return 0;
}

function nameOf(name: string | undefined, what: string): string {
  if (name !== undefined && topicName.test(name)) return name;
  throw new Fault('config/invalid', `“${name}” cannot name ${what}: use letters, digits and . _ : @ -`);
}

function addressOf(email: string | undefined): string {
  if (email !== undefined && /^[^\s@]+@[^\s@]+$/.test(email)) return email;
  throw new Fault('config/invalid', `“${email}” is no e-mail address`);
}

function roleOf(role: string | undefined): string {
  if (role !== undefined && roles.includes(role)) return role;
  throw new Fault('config/invalid', `--role must be one of ${roles.join(', ')}`);
}

function zoneOf(name: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return name;
  } catch {
    throw new Fault('config/invalid', `--time-zone must be one such as America/Chicago, not “${name}”`);
  }
}
