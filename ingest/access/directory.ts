import { setTimeout as wait } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Credential, Identity } from './credentials.ts';

export type Device = {
  readonly fleetId: number;
  readonly deviceId: number;
  /** Undefined for a device that speaks for no vehicle yet: it sends no data. */
  readonly vehicleId: number | undefined;
  /** The format of what it publishes on its own telemetry topic; undefined: our own, or as the settings say. */
  readonly profile?: string | undefined;
  /** By the time of the fix, oldest first, where it has changed vehicles; undefined: always the one above. */
  readonly assignments?: readonly Assignment[] | undefined;
};

/** From this instant on a device speaks for a vehicle, or for none. */
export type Assignment = { readonly from: number; readonly vehicleId: number | undefined };

type KnownDevice = Device & {
  /** Undefined for a device without one. */
  readonly credential: Credential | undefined;
  readonly isRevoked: boolean;
};

const REFRESH_MIN_MS = 1_000;

const secretColumns = `secret_hash, old_secret_hash,
  extract(epoch from old_secret_until)::double precision as old_until, revoked_at`;
const devicesSql = `
  select fleet_id, device_id, name, vehicle_id, profile, ${secretColumns},
    (select json_agg(json_build_object('vehicleId', a.vehicle_id,
        'from', case when a.from_at = '-infinity' then -1e12 else extract(epoch from a.from_at) end) order by a.from_at)
      from device_assignments a where a.device_id = d.device_id) as assignments
  from devices d`;
const gatewaysSql = `select fleet_id, name, may_register, ${secretColumns} from gateways`;

const makeVehiclesSql = `
  insert into vehicles (fleet_id, name)
  select $1, wanted from unnest($2::text[]) as wanted
  where not exists (select from devices d where d.fleet_id = $1 and d.name = wanted)
  order by wanted
  on conflict do nothing`;

const makeDevicesSql = `
  with made as (
    insert into devices (fleet_id, name, vehicle_id, registered_by)
    select v.fleet_id, v.name, v.vehicle_id, 'gateway'
    from vehicles v where v.fleet_id = $1 and v.name = any($2::text[])
    order by v.name
    on conflict do nothing
    returning name
  )
  delete from unknown_devices u using made where u.fleet_id = $1 and u.name = made.name`;

type Fleet = {
  readonly fleetId: number;
  readonly devices: Map<string, KnownDevice>;
  readonly gateways: Map<string, Credential>;
};

/**
 * Fleets, devices and gateways in memory, because every message asks for its device. Read whole at
 * the start, when somebody says that it changed, and now and then; a miss asks the database.
 */
export class Directory {
  readonly #pool: Pool;
  #fleets = new Map<string, Fleet>();
  #reading: Promise<void> = Promise.resolve();
  /** Ends when nobody uses the map any more; see `#inTurn`. */
  #turn: Promise<unknown> = Promise.resolve();
  #next: Promise<void> | undefined;
  #version = 0;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Another number whenever what it says of devices may have changed. */
  get version(): number {
    return this.#version;
  }

  device(fleet: string, device: string): Device | undefined {
    return this.#fleets.get(fleet)?.devices.get(device);
  }

  fleetId(fleet: string): number | undefined {
    return this.#fleets.get(fleet)?.fleetId;
  }

  /** The credential behind a device or gateway; undefined when there is none. */
  credential(identity: Identity): Credential | undefined {
    if (identity.kind === 'service') return undefined;
    const fleet = this.#fleets.get(identity.fleet);
    if (identity.kind === 'gateway') return fleet?.gateways.get(identity.gateway);
    return fleet?.devices.get(identity.device)?.credential;
  }

  /** Names of the fleets that have a device of this name. */
  fleetsOf(device: string): readonly string[] {
    return [...this.#fleets].flatMap(([fleet, { devices }]) => (devices.has(device) ? [fleet] : []));
  }

  /**
   * Whether a device may come in by its name alone, over a protocol that knows no secret: it has
   * none, or somebody said that this protocol is its own.
   */
  admitsByName(
    { fleet, device }: { readonly fleet: string; readonly device: string },
    profile: string,
  ): boolean {
    const known = this.#fleets.get(fleet)?.devices.get(device);
    if (known === undefined || known.isRevoked) return false;
    return known.credential === undefined || known.profile === profile;
  }

  /** Whether a device may come in by a certificate: it is known, and nobody has revoked it. */
  admitsCertificate(identity: Identity): boolean {
    if (identity.kind !== 'device') return false;
    return this.#fleets.get(identity.fleet)?.devices.get(identity.device)?.isRevoked === false;
  }

  /**
   * Reads everything again, at most once a second. Whoever asks while a read is under way, or too
   * soon after one, shares the next: it sees every change made before it was asked for.
   */
  refresh(): Promise<void> {
    this.#next ??= this.#reading
      .catch(() => {})
      .then(() => wait(Math.max(0, this.#readAt + REFRESH_MIN_MS - performance.now())))
      .then(() => {
        this.#next = undefined;
        this.#readAt = performance.now();
        this.#reading = this.#inTurn(() => this.#load());
        return this.#reading;
      });
    return this.#next;
  }

  /**
   * Looks devices up in the database; with `mayRegister` the unknown ones become known first, each
   * with a vehicle of the same name. Two statements, so that the second sees a vehicle that somebody
   * else made between them.
   */
  find(fleet: string, names: readonly string[], mayRegister: boolean): Promise<void> {
    return this.#inTurn(() => this.#find(fleet, names, mayRegister));
  }

  async #find(fleet: string, names: readonly string[], mayRegister: boolean): Promise<void> {
    const known = this.#fleets.get(fleet);
    if (known === undefined) return;
    if (mayRegister) {
      await this.#pool.query(makeVehiclesSql, [known.fleetId, names]);
      await this.#pool.query(makeDevicesSql, [known.fleetId, names]);
    }
    const { rows } = await this.#pool.query(`${devicesSql} where fleet_id = $1 and name = any($2)`, [
      known.fleetId,
      names,
    ]);
    for (const row of rows) addDevice(known, row);
    this.#version++;
  }

  /**
   * One look at the database at a time. A whole reading that began before a device was made would
   * otherwise put a map in place that does not have it, and its messages would be taken for those of
   * a stranger.
   */
  #inTurn<T>(look: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(look, look);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #load(): Promise<void> {
    const fleets = new Map<string, Fleet>();
    const byId = new Map<number, Fleet>();
    const [fleetRows, gatewayRows, deviceRows] = await Promise.all([
      this.#pool.query('select fleet_id, name from fleets'),
      this.#pool.query<SecretRow & { fleet_id: number; name: string; may_register: boolean }>(gatewaysSql),
      this.#pool.query(devicesSql),
    ]);
    for (const row of fleetRows.rows) {
      const fleet: Fleet = { fleetId: row.fleet_id, devices: new Map(), gateways: new Map() };
      fleets.set(row.name, fleet);
      byId.set(row.fleet_id, fleet);
    }
    for (const row of gatewayRows.rows) {
      const credential = credentialOf(row, row.may_register);
      if (credential !== undefined) byId.get(row.fleet_id)?.gateways.set(row.name, credential);
    }
    for (const row of deviceRows.rows) {
      const fleet = byId.get(row.fleet_id);
      if (fleet !== undefined) addDevice(fleet, row);
    }
    this.#fleets = fleets;
    this.#version++;
  }
}

type SecretRow = {
  readonly secret_hash: string | null;
  readonly old_secret_hash: string | null;
  readonly old_until: number | null;
  readonly revoked_at: Date | null;
};

function credentialOf(row: SecretRow, mayRegister: boolean): Credential | undefined {
  if (row.secret_hash === null) return undefined;
  const { old_secret_hash: hash, old_until: until } = row;
  const former = hash === null || until === null ? undefined : { secretHash: hash, until };
  return { secretHash: row.secret_hash, former, mayRegister };
}

type DeviceRow = SecretRow & {
  readonly device_id: number;
  readonly name: string;
  readonly vehicle_id: number | null;
  readonly profile: string | null;
  readonly assignments: readonly { readonly from: number; readonly vehicleId: number | null }[] | null;
};

function addDevice(fleet: Fleet, row: DeviceRow): void {
  fleet.devices.set(row.name, {
    fleetId: fleet.fleetId,
    deviceId: row.device_id,
    vehicleId: row.vehicle_id ?? undefined,
    profile: row.profile ?? undefined,
    assignments: row.assignments?.map(({ from, vehicleId }) => ({ from, vehicleId: vehicleId ?? undefined })),
    credential: credentialOf(row, false),
    isRevoked: row.revoked_at !== null,
  });
}
