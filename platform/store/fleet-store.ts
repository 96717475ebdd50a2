import type { ClientBase } from 'pg';
import { Fault } from '../../schemas/fault.ts';

/** The id of a fleet, or a fault that names those there are. */
export async function fleetIdOf(client: ClientBase, name: string): Promise<number> {
  const { rows } = await client.query<{ fleet_id: number; name: string }>(
    'select fleet_id, name from fleets order by name limit 50',
  );
  const exact = await client.query<{ fleet_id: number }>('select fleet_id from fleets where name = $1', [
    name,
  ]);
  const [found] = exact.rows;
  if (found !== undefined) return found.fleet_id;
  const known =
    rows.length === 0 ? 'there is none yet' : `known are ${rows.map((row) => row.name).join(', ')}`;
  throw new Fault(
    'input/invalid',
    `there is no fleet “${name}”; ${known}; \`npm run fleet -- add NAME\` makes one`,
  );
}

/** Every write that a person makes is in the audit log, also from the command line. */
export async function audit(
  client: ClientBase,
  fleetId: number,
  action: string,
  subject: string,
  detail: object = {},
): Promise<void> {
  await client.query(
    `insert into audit_log (fleet_id, actor, action, subject, detail) values ($1, 'command line', $2, $3, $4)`,
    [fleetId, action, subject, JSON.stringify(detail)],
  );
}

/**
 * In one transaction: all of it or nothing, and other processes hear of it when it is there. `write`
 * gives the fleet it changed, and its result.
 */
export async function change<T>(
  client: ClientBase,
  channels: readonly ('paceline_world' | 'paceline_directory')[],
  write: () => Promise<readonly [fleetId: number, result: T]>,
): Promise<T> {
  await client.query('begin');
  try {
    const [fleetId, result] = await write();
    for (const channel of channels)
      await client.query('select pg_notify($1, $2)', [channel, String(fleetId)]);
    await client.query('commit');
    return result;
  } catch (cause) {
    await client.query('rollback');
    throw cause;
  }
}

export type FleetSummary = {
  readonly fleet: string;
  readonly timeZone: string;
  readonly vehicles: number;
  readonly devices: number;
  readonly gateways: number;
  readonly users: number;
};

export async function fleets(client: ClientBase): Promise<FleetSummary[]> {
  const { rows } = await client.query<FleetSummary>(
    `select f.name as fleet, f.time_zone as "timeZone",
       (select count(*)::integer from vehicles v where v.fleet_id = f.fleet_id) as vehicles,
       (select count(*)::integer from devices d where d.fleet_id = f.fleet_id) as devices,
       (select count(*)::integer from gateways g where g.fleet_id = f.fleet_id) as gateways,
       (select count(*)::integer from users u where u.fleet_id = f.fleet_id) as users
     from fleets f order by f.name`,
  );
  return rows;
}

export async function addFleet(client: ClientBase, name: string, timeZone: string): Promise<number> {
  const { rows } = await client.query<{ fleet_id: number }>(
    'insert into fleets (name, time_zone) values ($1, $2) on conflict (name) do nothing returning fleet_id',
    [name, timeZone],
  );
  const [row] = rows;
  if (row === undefined) throw new Fault('input/invalid', `there is a fleet “${name}” already`);
  return row.fleet_id;
}

export async function addGateway(
  client: ClientBase,
  fleetId: number,
  gateway: {
    readonly name: string;
    readonly secretHash: string;
    readonly brokerHash: string;
    readonly mayRegister: boolean;
  },
): Promise<void> {
  const { rowCount } = await client.query(
    `insert into gateways (fleet_id, name, secret_hash, broker_hash, may_register) values ($1, $2, $3, $4, $5)
     on conflict (fleet_id, name) do nothing`,
    [fleetId, gateway.name, gateway.secretHash, gateway.brokerHash, gateway.mayRegister],
  );
  if (rowCount === 0) throw new Fault('input/invalid', `the fleet has a gateway “${gateway.name}” already`);
}

/** A device heard through a gateway so far gets a secret of its own; one that has a secret keeps it. */
export async function addDevice(
  client: ClientBase,
  fleetId: number,
  device: {
    readonly name: string;
    readonly vehicle: string;
    readonly profile?: string | undefined;
    readonly secretHash: string;
    readonly brokerHash: string;
  },
): Promise<void> {
  await client.query('insert into vehicles (fleet_id, name) values ($1, $2) on conflict do nothing', [
    fleetId,
    device.vehicle,
  ]);
  const { rowCount } = await client.query(
    `insert into devices (fleet_id, name, vehicle_id, secret_hash, broker_hash, profile)
     select $1, $2, vehicle_id, $4, $5, $6 from vehicles where fleet_id = $1 and name = $3
     on conflict (fleet_id, name) do update
       set secret_hash = excluded.secret_hash, broker_hash = excluded.broker_hash, vehicle_id = excluded.vehicle_id,
         profile = coalesce(excluded.profile, devices.profile)
       where devices.secret_hash is null`,
    [fleetId, device.name, device.vehicle, device.secretHash, device.brokerHash, device.profile ?? null],
  );
  if (rowCount === 0)
    throw new Fault('input/invalid', `the fleet has a device “${device.name}” with a secret already`);
}

export async function addUser(
  client: ClientBase,
  fleetId: number,
  user: {
    readonly email: string;
    readonly name: string;
    readonly role: string;
    readonly passwordHash: string;
  },
): Promise<void> {
  const { rowCount } = await client.query(
    `insert into users (fleet_id, email, name, role, password_hash) values ($1, $2, $3, $4, $5)
     on conflict (email) do nothing`,
    [fleetId, user.email, user.name, user.role, user.passwordHash],
  );
  if (rowCount === 0) throw new Fault('input/invalid', `somebody logs in as ${user.email} already`);
}
