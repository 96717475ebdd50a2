import { createHash, randomBytes } from 'node:crypto';
import type pg from 'pg';

/** A secret in the clear, and as it is kept. */
export function newSecret(): { readonly secret: string; readonly kept: string } {
  const secret = randomBytes(24).toString('base64url');
  const salt = randomBytes(16);
  const hash = createHash('sha256').update(salt).update(secret).digest('base64url');
  return { secret, kept: `sha256$${salt.toString('base64url')}$${hash}` };
}

/** A fleet with a gateway of the same name, and the log-in of that gateway. */
export async function makeFleet(
  client: pg.ClientBase | pg.Pool,
  name: string,
  { mayRegister = true }: { readonly mayRegister?: boolean } = {},
): Promise<{ readonly fleetId: number; readonly username: string; readonly password: string }> {
  const { secret, kept } = newSecret();
  const fleet = await client.query('insert into fleets (name) values ($1) returning fleet_id', [name]);
  const fleetId: number = fleet.rows[0].fleet_id;
  await client.query(
    'insert into gateways (fleet_id, name, secret_hash, may_register) values ($1, $2, $3, $4)',
    [fleetId, name, kept, mayRegister],
  );
  return { fleetId, username: `gateway:${name}/${name}`, password: secret };
}

/** A device of its own credential, with a vehicle of the same name. */
export async function makeDevice(
  client: pg.ClientBase | pg.Pool,
  { fleetId, fleet, device }: { readonly fleetId: number; readonly fleet: string; readonly device: string },
): Promise<{ readonly username: string; readonly password: string }> {
  const { secret, kept } = newSecret();
  await client.query(
    `with v as (insert into vehicles (fleet_id, name) values ($1, $2) returning vehicle_id)
     insert into devices (fleet_id, name, vehicle_id, secret_hash) select $1, $2, vehicle_id, $3 from v`,
    [fleetId, device, kept],
  );
  return { username: `device:${fleet}/${device}`, password: secret };
}
