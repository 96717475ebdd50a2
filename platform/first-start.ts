import { randomBytes } from 'node:crypto';
import type { ClientBase } from 'pg';
import { generateSecret, hashForBrokers, hashSecret } from '../dashboards/server/secret.ts';
import { generatePassword, hashPassword } from './credentials.ts';
import {
  type Credentials,
  type GatewayCredential,
  readCredentials,
  type UserCredential,
  writeCredentials,
} from './data-folder.ts';

/** The simulated fleet, and the one that recordings are replayed into. */
export const firstFleets = ['demo', 'replay'] as const;

const roles = ['admin', 'dispatcher', 'analyst', 'viewer'] as const;

/**
 * Makes the fleets, log-ins and gateways that an installation begins with, where they are not there
 * yet, and keeps their secrets in the data folder. They are written there before the database knows
 * their hashes, so that a crash between the two loses none. Whatever is in the database already is
 * left alone: a password may have been changed since.
 */
export async function firstStart(client: ClientBase, dataFolder: string): Promise<Credentials> {
  const kept = await readCredentials(dataFolder);
  const users: UserCredential[] = [...kept.users];
  const gateways: GatewayCredential[] = [...kept.gateways];
  for (const fleet of firstFleets) {
    await client.query('insert into fleets (name) values ($1) on conflict (name) do nothing', [fleet]);
    for (const role of roles) {
      const email = `${role}@${fleet}.local`;
      if (users.some((user) => user.email === email) || (await hasUser(client, email))) continue;
      users.push({ fleet, email, role, password: generatePassword() });
    }
    if (gateways.some((gateway) => gateway.fleet === fleet)) continue;
    const name = await freeGatewayName(client, fleet);
    gateways.push({ fleet, username: `gateway:${fleet}/${name}`, password: generateSecret() });
  }
  const credentials = { users, gateways };
  await writeCredentials(dataFolder, credentials);
  for (const user of users) await ensureUser(client, user);
  for (const gateway of gateways) await ensureGateway(client, gateway);
  return credentials;
}

async function hasUser(client: ClientBase, email: string): Promise<boolean> {
  return (await client.query('select from users where email = $1', [email])).rowCount === 1;
}

async function ensureUser(
  client: ClientBase,
  { fleet, email, role, password }: UserCredential,
): Promise<void> {
  if (await hasUser(client, email)) return;
  await client.query(
    `insert into users (fleet_id, email, name, role, password_hash)
     select fleet_id, $2, $3, $4, $5 from fleets where name = $1
     on conflict (email) do nothing`,
    [fleet, email, `${role} of ${fleet}`, role, await hashPassword(password)],
  );
}

/** Another data folder may have made one in the same database, whose secret only it knows. */
async function freeGatewayName(client: ClientBase, fleet: string): Promise<string> {
  const taken = await client.query(
    `select from gateways join fleets using (fleet_id) where fleets.name = $1 and gateways.name = 'platform'`,
    [fleet],
  );
  return taken.rowCount ? `platform-${randomBytes(3).toString('hex')}` : 'platform';
}

async function ensureGateway(
  client: ClientBase,
  { fleet, username, password }: GatewayCredential,
): Promise<void> {
  await client.query(
    `insert into gateways (fleet_id, name, secret_hash, broker_hash)
     select fleet_id, $2, $3, $4 from fleets where name = $1
     on conflict (fleet_id, name) do nothing`,
    [fleet, username.slice(username.indexOf('/') + 1), hashSecret(password), hashForBrokers(password)],
  );
}
