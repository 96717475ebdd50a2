import type { GatewayRow, Issued, NewDevice } from '../api-devices.ts';
import { conflict, notFound } from '../server/problems.ts';
import type { Query } from '../server/query.ts';
import { type NewSecret, newSecret } from '../server/secret.ts';

/** Who writes, in which fleet: a person of the page, or the command line. */
export type Actor = {
  readonly fleet: { readonly id: number; readonly name: string };
  readonly email: string;
};

async function audit(query: Query, { fleet, email }: Actor, action: string, subject: string, detail = {}) {
  await query(
    'insert into audit_log (fleet_id, actor, action, subject, detail) values ($1, $2, $3, $4, $5)',
    [fleet.id, email, action, subject, JSON.stringify(detail)],
  );
}

/** Which of these names are devices already. */
export async function knownDevices(query: Query, names: readonly string[]): Promise<Set<string>> {
  const rows = await query<{ name: string }>('select name from devices where name = any($1)', [names]);
  return new Set(rows.map(({ name }) => name));
}

/**
 * Makes devices with their vehicles, all or none; the names must be new. Whoever is in the list of the
 * unknown leaves it. The secrets are in the answer and nowhere else.
 */
export async function makeDevices(
  query: Query,
  actor: Actor,
  wanted: readonly NewDevice[],
  action: 'device.add' | 'device.claim' | 'device.import',
): Promise<Issued[]> {
  const made = wanted.map(({ device, vehicle, profile, secret }) => ({
    name: device,
    vehicle: vehicle === undefined ? device : vehicle,
    profile: profile ?? null,
    secret: secret === false ? undefined : newSecret(),
  }));
  const { id: fleetId } = actor.fleet;
  const vehicles = [...new Set(made.flatMap(({ vehicle }) => vehicle ?? []))].sort();
  await query(
    'insert into vehicles (fleet_id, name) select $1, wanted from unnest($2::text[]) as wanted on conflict do nothing',
    [fleetId, vehicles],
  );
  const rows = await query<{ id: number; name: string }>(
    `insert into devices (fleet_id, name, vehicle_id, profile, secret_hash, broker_hash)
     select $1, n.name, v.vehicle_id, n.profile, n.hash, n.broker
     from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) as n (name, vehicle, profile, hash, broker)
     left join vehicles v on v.fleet_id = $1 and v.name = n.vehicle
     on conflict do nothing
     returning device_id as id, name`,
    [
      fleetId,
      made.map(({ name }) => name),
      made.map(({ vehicle }) => vehicle),
      made.map(({ profile }) => profile),
      made.map(({ secret }) => secret?.hash ?? null),
      made.map(({ secret }) => secret?.brokerHash ?? null),
    ],
  );
  const ids = new Map(rows.map(({ id, name }) => [name, id]));
  const known = made.filter(({ name }) => !ids.has(name)).map(({ name }) => name);
  if (known.length > 0) {
    throw conflict(
      `The fleet has a device ${known.slice(0, 5).join(', ')} already; rotate its secret to give it a new one.`,
    );
  }
  await query('delete from unknown_devices where name = any($1)', [made.map(({ name }) => name)]);
  const subject = made.length === 1 ? `device ${made[0]?.name}` : `${made.length} devices`;
  const devices = made.map(({ name, vehicle, profile }) => ({ name, vehicle, profile }));
  await audit(query, actor, action, subject, { devices });
  return made.map(({ name, vehicle, secret }) => ({
    kind: 'device' as const,
    id: ids.get(name) ?? 0,
    name,
    vehicle,
    username: usernameOf('device', actor, name),
    secret: secret?.secret ?? null,
    topic: topicOf(actor, name),
    oldSecretUntil: null,
  }));
}

export const usernameOf = (
  kind: 'device' | 'gateway',
  { fleet }: Pick<Actor, 'fleet'>,
  name: string,
): string => `${kind}:${fleet.name}/${name}`;

export const topicOf = ({ fleet }: Pick<Actor, 'fleet'>, device: string): string =>
  `fleet/${fleet.name}/device/${device}/telemetry`;

type Thing = { readonly name: string; readonly vehicle: string | null };

async function deviceNamed(query: Query, deviceId: number): Promise<Thing> {
  const rows = await query<Thing>(
    `select d.name, v.name as vehicle from devices d left join vehicles v using (vehicle_id) where d.device_id = $1`,
    [deviceId],
  );
  if (rows[0] === undefined) throw notFound('device');
  return rows[0];
}

async function gatewayNamed(query: Query, gatewayId: number): Promise<Thing> {
  const rows = await query<Thing>('select name, null as vehicle from gateways where gateway_id = $1', [
    gatewayId,
  ]);
  if (rows[0] === undefined) throw notFound('gateway');
  return rows[0];
}

/** A new secret; the former one opens for `overlap` seconds more, so that a device can be told in time. */
export async function rotateSecret(
  query: Query,
  actor: Actor,
  { kind, id, overlap, now }: { kind: Issued['kind']; id: number; overlap: number; now: number },
): Promise<Issued> {
  const { name, vehicle } = await (kind === 'device' ? deviceNamed : gatewayNamed)(query, id);
  const { secret, hash, brokerHash }: NewSecret = newSecret();
  await query('select rotate_secret($1, $2, $3, $4, to_timestamp($5))', [
    kind === 'device' ? 'devices' : 'gateways',
    id,
    hash,
    brokerHash,
    now + overlap,
  ]);
  const kept = await query<{ until: number | null }>(
    `select extract(epoch from old_secret_until)::float8 as until
     from ${kind === 'device' ? 'devices where device_id' : 'gateways where gateway_id'} = $1`,
    [id],
  );
  const oldSecretUntil = kept[0]?.until ?? null;
  await audit(query, actor, `${kind}.rotate`, `${kind} ${name}`, { oldSecretUntil });
  const username = usernameOf(kind, actor, name);
  const topic = topicOf(actor, kind === 'device' ? name : '{device}');
  return { kind, id, name, vehicle, username, secret, topic, oldSecretUntil };
}

/** Takes the credential back, the former one too; connections that used it end within a second or two. */
export async function revokeSecret(
  query: Query,
  actor: Actor,
  kind: Issued['kind'],
  id: number,
): Promise<void> {
  const { name } = await (kind === 'device' ? deviceNamed : gatewayNamed)(query, id);
  await query(
    `update ${kind}s set secret_hash = null, broker_hash = null, old_secret_hash = null, old_secret_until = null,
       revoked_at = now()
     where ${kind}_id = $1`,
    [id],
  );
  await audit(query, actor, `${kind}.revoke`, `${kind} ${name}`);
}

/** From an instant on the device speaks for another vehicle, or for none. What is stored stays where it is. */
export async function assignVehicle(
  query: Query,
  actor: Actor,
  { deviceId, vehicle, from }: { deviceId: number; vehicle: string | null; from: number },
): Promise<void> {
  const before = await deviceNamed(query, deviceId);
  const { id: fleetId } = actor.fleet;
  if (vehicle !== null) {
    await query('insert into vehicles (fleet_id, name) values ($1, $2) on conflict do nothing', [
      fleetId,
      vehicle,
    ]);
  }
  await query(
    `insert into device_assignments (fleet_id, device_id, from_at, vehicle_id, assigned_by)
     select fleet_id, device_id, '-infinity', vehicle_id, 'the beginning' from devices where device_id = $1
     on conflict do nothing`,
    [deviceId],
  );
  await query(
    `insert into device_assignments (fleet_id, device_id, from_at, vehicle_id, assigned_by)
     values ($1, $2, to_timestamp($3), (select vehicle_id from vehicles where name = $4), $5)
     on conflict (device_id, from_at) do update
     set vehicle_id = excluded.vehicle_id, assigned_by = excluded.assigned_by`,
    [fleetId, deviceId, from, vehicle, actor.email],
  );
  // What it speaks for now is the newest word on it, which need not be this one.
  await query(
    `update devices set vehicle_id = (select a.vehicle_id from device_assignments a
       where a.device_id = $1 order by a.from_at desc limit 1)
     where device_id = $1`,
    [deviceId],
  );
  await audit(query, actor, 'device.assign', `device ${before.name}`, {
    vehicle,
    from,
    before: before.vehicle,
  });
}

export async function setProfile(
  query: Query,
  actor: Actor,
  deviceId: number,
  profile: string | null,
): Promise<void> {
  const { name } = await deviceNamed(query, deviceId);
  await query('update devices set profile = $2 where device_id = $1', [deviceId, profile]);
  await audit(query, actor, 'device.profile', `device ${name}`, { profile });
}

export async function gateways(query: Query, actor: Pick<Actor, 'fleet'>): Promise<GatewayRow[]> {
  const rows = await query<Omit<GatewayRow, 'username'>>(
    `select gateway_id as "gatewayId", name, may_register as "mayRegister",
       extract(epoch from created_at)::float8 as "createdAt",
       case when old_secret_until > now() then extract(epoch from old_secret_until)::float8 end as "oldSecretUntil",
       extract(epoch from revoked_at)::float8 as "revokedAt"
     from gateways order by name limit 1000`,
  );
  return rows.map((row) => ({ ...row, username: usernameOf('gateway', actor, row.name) }));
}

export async function makeGateway(
  query: Query,
  actor: Actor,
  { name, mayRegister }: { readonly name: string; readonly mayRegister: boolean },
): Promise<Issued> {
  const { secret, hash, brokerHash } = newSecret();
  const rows = await query<{ id: number }>(
    `insert into gateways (fleet_id, name, secret_hash, broker_hash, may_register) values ($1, $2, $3, $4, $5)
     on conflict do nothing returning gateway_id as id`,
    [actor.fleet.id, name, hash, brokerHash, mayRegister],
  );
  const id = rows[0]?.id;
  if (id === undefined) throw conflict(`The fleet has a gateway ${name} already.`);
  await audit(query, actor, 'gateway.add', `gateway ${name}`, { mayRegister });
  const username = usernameOf('gateway', actor, name);
  const topic = topicOf(actor, '{device}');
  return { kind: 'gateway', id, name, vehicle: null, username, secret, topic, oldSecretUntil: null };
}

export type BrokerCredential = {
  readonly username: string;
  readonly kind: 'device' | 'gateway';
  readonly name: string;
  readonly hash: string | null;
};

export function brokerCredentials(query: Query): Promise<BrokerCredential[]> {
  return query<BrokerCredential>(
    'select username, kind, name, broker_hash as hash from broker_credentials()',
  );
}
