import { type FixFlag, fixFlags } from '../../schemas/reasons.ts';
import type { DeviceHealth, DevicePage, DeviceRow, DeviceTrouble, UnknownRow } from '../api-devices.ts';
import type { Query } from '../server/query.ts';

/** A device is silent after this, its clock wrong beyond that; seconds. */
const SILENT_AFTER = 900;
const CLOCK_WRONG = 60;

/** What is wrong with a device, by column of v_device; `$1` is now, an instant. */
const troubles: Readonly<Record<DeviceTrouble, string>> = {
  never: 'last_received is null',
  silent: `last_received < to_timestamp($1) - interval '${SILENT_AFTER} seconds'`,
  rejected: `rejected_at > to_timestamp($1) - interval '1 day'`,
  missing: 'missing > 0',
  clock: `abs(skew) > ${CLOCK_WRONG}`,
  filtered: 'accepted > 0 and filtered > accepted * 0.05',
  closed: 'revoked_at is not null',
};

const troublesOf = `array_remove(array[${Object.entries(troubles)
  .map(([name, condition]) => `case when ${condition} then '${name}' end`)
  .join(', ')}], null)`;

const columns = `device_id as "deviceId", device, vehicle, profile, has_secret as "hasSecret",
  extract(epoch from old_secret_until)::float8 as "oldSecretUntil",
  extract(epoch from revoked_at)::float8 as "revokedAt", registered_by as "registeredBy", firmware,
  accepted, duplicate, late, filtered, rejected, missing, extract(epoch from last_at)::float8 as "lastAt",
  extract(epoch from last_received)::float8 as "lastReceived", skew, ${troublesOf} as troubles`;

/** The gravest first, so that sorting by trouble puts what needs a person on top. */
const orders: Readonly<Record<string, string>> = {
  device: 'device',
  vehicle: 'vehicle',
  accepted: 'accepted',
  duplicate: 'duplicate',
  late: 'late',
  filtered: 'filtered',
  rejected: 'rejected',
  missing: 'missing',
  skew: 'abs(skew)',
  lastReceived: 'last_received',
  trouble: `cardinality(${troublesOf})`,
};

export type DeviceSearch = {
  readonly now: number;
  readonly search: string;
  readonly trouble: DeviceTrouble | undefined;
  readonly sort: string;
  readonly descending: boolean;
  readonly offset: number;
  readonly limit: number;
};

/** A stretch of the list, and how many there are of each kind. */
export async function devicePage(query: Query, asked: DeviceSearch): Promise<DevicePage> {
  const { now, search, trouble, sort, descending, offset, limit } = asked;
  const counts = await query<Record<string, number>>(
    `select count(*) as devices, ${Object.entries(troubles)
      .map(([name, condition]) => `count(*) filter (where ${condition}) as ${name}`)
      .join(', ')},
       (select count(*) from unknown_devices) as unknown
     from v_device where $1::float8 is not null`,
    [now],
  );
  const { devices = 0, unknown = 0, ...ofEach } = counts[0] ?? {};
  const condition = `($2 = '' or position($2 in lower(device)) > 0 or position($2 in lower(coalesce(vehicle, ''))) > 0)
    and ${trouble === undefined ? 'true' : `(${troubles[trouble]})`}`;
  const values = [now, search.trim().toLowerCase()];
  const totals = await query<{ total: number }>(
    `select count(*) as total from v_device where $1::float8 is not null and ${condition}`,
    values,
  );
  const by = orders[sort] ?? orders.device;
  const rows = await query<DeviceRow>(
    `select ${columns} from v_device where ${condition}
     order by ${by} ${descending ? 'desc' : 'asc'} nulls last, device
     offset $3 limit $4`,
    [...values, offset, limit],
  );
  return { at: now, total: totals[0]?.total ?? 0, troubles: ofEach, devices, unknown, rows };
}

export async function deviceById(
  query: Query,
  deviceId: number,
  now: number,
): Promise<DeviceRow | undefined> {
  const rows = await query<DeviceRow>(`select ${columns} from v_device where device_id = $2`, [
    now,
    deviceId,
  ]);
  return rows[0];
}

export async function deviceIdOf(query: Query, name: string): Promise<number | undefined> {
  const rows = await query<{ id: number }>('select device_id as id from devices where name = $1', [name]);
  return rows[0]?.id;
}

type Counted = { readonly reason: string; readonly times: number; readonly lastReceived: number | null };

/** Why what it sent was flagged or refused, most often first. */
export function reasonsOf(query: Query, deviceId: number, kind: 'filtered' | 'rejected'): Promise<Counted[]> {
  return query<Counted>(
    `select reason, times, extract(epoch from last_received)::float8 as "lastReceived"
     from device_reasons where device_id = $1 and kind = $2 order by times desc, reason`,
    [deviceId, kind],
  );
}

/** What its neighbours disprove of the vehicle of a device, in the day before its newest fix. */
export async function neighbourReasons(query: Query, deviceId: number): Promise<Counted[]> {
  const rows = await query<{ flags: number; times: number }>(
    `select f.flags, f.times from v_device d,
       lateral flagged_by_neighbours(d.vehicle_id, d.last_at - interval '1 day') f
     where d.device_id = $1 and d.last_at is not null`,
    [deviceId],
  );
  const times = new Map<string, number>();
  for (const row of rows) {
    for (const name of Object.keys(fixFlags) as FixFlag[]) {
      if ((row.flags & fixFlags[name]) !== 0) times.set(name, (times.get(name) ?? 0) + row.times);
    }
  }
  return [...times].map(([reason, count]) => ({ reason, times: count, lastReceived: null }));
}

type RejectionOfDevice = Omit<DeviceHealth['rejections'][number], 'remedy'>;

export function deviceRejections(
  query: Query,
  deviceId: number,
  limit: number,
): Promise<RejectionOfDevice[]> {
  return query<RejectionOfDevice>(
    `select extract(epoch from received)::float8 as received, topic, reason, detail, times, payload
     from device_rejections($1, $2)`,
    [deviceId, limit],
  );
}

export function assignmentsOf(query: Query, deviceId: number): Promise<DeviceHealth['assignments']> {
  return query(
    `select case when from_at = '-infinity' then null else extract(epoch from from_at)::float8 end as from,
       v.name as vehicle, assigned_by as "assignedBy"
     from device_assignments left join vehicles v using (vehicle_id)
     where device_id = $1 order by from_at desc limit 100`,
    [deviceId],
  );
}

export function commandsOf(query: Query, deviceId: number): Promise<DeviceHealth['commands']> {
  return query(
    `select command_id as "commandId", kind, state, extract(epoch from created_at)::float8 as "createdAt",
       created_by as "createdBy", extract(epoch from answered_at)::float8 as "answeredAt"
     from commands where device_id = $1 order by created_at desc limit 10`,
    [deviceId],
  );
}

/** Devices that knocked and are not known, the newest first. */
export function unknownDevices(query: Query, limit: number): Promise<UnknownRow[]> {
  return query<UnknownRow>(
    `select name, extract(epoch from first_seen)::float8 as "firstSeen",
       extract(epoch from last_seen)::float8 as "lastSeen", attempts, last_topic as "lastTopic",
       encode(substring(last_payload from 1 for 512), 'escape') as "lastPayload"
     from unknown_devices order by last_seen desc, name limit $1`,
    [limit],
  );
}

/** The profile that a person gave a device. */
export async function profileOf(query: Query, device: string): Promise<string | undefined> {
  const rows = await query<{ profile: string | null }>('select profile from devices where name = $1', [
    device,
  ]);
  return rows[0]?.profile ?? undefined;
}
