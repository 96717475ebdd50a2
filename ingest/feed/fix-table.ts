import type { ClientBase } from 'pg';
import type { Fix } from '../../schemas/fix.ts';

/** A fix with all its flags, and the engine commit that set those of its neighbours (0: none). */
export type StoredFix = { readonly fix: Fix; readonly version: number };

type Row = {
  fleet_id: number;
  vehicle_id: number;
  device_id: number;
  at: number;
  key: string;
  received: number;
  lng: number;
  lat: number;
  speed: number | null;
  heading: number | null;
  accuracy: number | null;
  altitude: number | null;
  satellites: number | null;
  ignition: boolean | null;
  odometer: number | null;
  fuel: number | null;
  soc: number | null;
  rpm: number | null;
  door: boolean | null;
  belt: boolean | null;
  buffered: boolean | null;
  flags: number;
  version: string;
};

const columns = `f.fleet_id, f.vehicle_id, f.device_id, extract(epoch from f.at)::float8 as at, f.key,
  extract(epoch from f.received)::float8 as received, f.lng, f.lat, f.speed, f.heading, f.accuracy, f.altitude,
  f.satellites, f.ignition, f.odometer, f.fuel, f.soc, f.rpm, f.door, f.belt, f.buffered,
  f.flags | case when j.retracted then 0 else coalesce(j.flags, 0) end as flags,
  coalesce(j.commit_no, 0) as version`;

/** Every stored fix, in pieces of at most `size`, within the caller's transaction. */
export async function* storedFixes(client: ClientBase, size: number): AsyncGenerator<StoredFix[]> {
  await client.query(
    `declare stored_fixes no scroll cursor for
     select ${columns} from fixes f left join fix_flags j using (vehicle_id, at, key)`,
  );
  for (;;) {
    const { rows } = await client.query<Row>(`fetch ${size} from stored_fixes`);
    if (rows.length === 0) break;
    yield rows.map(storedFix);
  }
  await client.query('close stored_fixes');
}

/** The fixes whose judgement by their neighbours changed in commits (after, upTo]. */
export async function judgedFixes(client: ClientBase, after: number, upTo: number): Promise<StoredFix[]> {
  const { rows } = await client.query<Row>(
    `select ${columns} from fix_flags j join fixes f using (vehicle_id, at, key)
     where j.commit_no > $1 and j.commit_no <= $2`,
    [after, upTo],
  );
  return rows.map(storedFix);
}

function storedFix(row: Row): StoredFix {
  const fix: Fix = {
    fleetId: row.fleet_id,
    vehicleId: row.vehicle_id,
    deviceId: row.device_id,
    at: row.at,
    key: Number(row.key),
    received: row.received,
    lng: row.lng,
    lat: row.lat,
    speed: row.speed ?? undefined,
    heading: row.heading ?? undefined,
    accuracy: row.accuracy ?? undefined,
    altitude: row.altitude ?? undefined,
    satellites: row.satellites ?? undefined,
    ignition: row.ignition ?? undefined,
    odometer: row.odometer ?? undefined,
    fuel: row.fuel ?? undefined,
    soc: row.soc ?? undefined,
    rpm: row.rpm ?? undefined,
    door: row.door ?? undefined,
    belt: row.belt ?? undefined,
    buffered: row.buffered ?? undefined,
    flags: row.flags,
  };
  return { fix, version: Number(row.version) };
}
