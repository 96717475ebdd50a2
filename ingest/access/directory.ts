import { setTimeout as wait } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Identity } from './credentials.ts';

export type Device = {
  readonly fleetId: number;
  readonly deviceId: number;
  /** Undefined for a device that speaks for no vehicle yet: it sends no data. */
  readonly vehicleId: number | undefined;
};

/** What is kept of a credential. */
export type Credential = { readonly secretHash: string; readonly mayRegister: boolean };

const REFRESH_MIN_MS = 1_000;

const devicesSql = 'select fleet_id, device_id, name, vehicle_id, secret_hash from devices';

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
  readonly devices: Map<string, Device & { readonly secretHash: string | undefined }>;
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
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(pool: Pool) {
    this.#pool = pool;
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
    const secretHash = fleet?.devices.get(identity.device)?.secretHash;
    return secretHash === undefined ? undefined : { secretHash, mayRegister: false };
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
      this.#pool.query('select fleet_id, name, secret_hash, may_register from gateways'),
      this.#pool.query(devicesSql),
    ]);
    for (const row of fleetRows.rows) {
      const fleet: Fleet = { fleetId: row.fleet_id, devices: new Map(), gateways: new Map() };
      fleets.set(row.name, fleet);
      byId.set(row.fleet_id, fleet);
    }
    for (const row of gatewayRows.rows) {
      byId.get(row.fleet_id)?.gateways.set(row.name, {
        secretHash: row.secret_hash,
        mayRegister: row.may_register,
      });
    }
    for (const row of deviceRows.rows) {
      const fleet = byId.get(row.fleet_id);
      if (fleet !== undefined) addDevice(fleet, row);
    }
    this.#fleets = fleets;
  }
}

function addDevice(
  fleet: Fleet,
  row: {
    readonly device_id: number;
    readonly name: string;
    readonly vehicle_id: number | null;
    readonly secret_hash: string | null;
  },
): void {
  fleet.devices.set(row.name, {
    fleetId: fleet.fleetId,
    deviceId: row.device_id,
    vehicleId: row.vehicle_id ?? undefined,
    secretHash: row.secret_hash ?? undefined,
  });
}
