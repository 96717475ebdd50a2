import type pg from 'pg';
import { type FixColumns, type Notice, noticesOf } from '../../schemas/batch.ts';
import type { Cursor, VehicleInstant } from '../../schemas/engine-store.ts';
import type { Fix } from '../../schemas/fix.ts';
import { instantFromPostgres } from '../../schemas/units.ts';
import { asked, asking } from './columns.ts';

/** One fix as `fixes` packs it: at, key, lng, lat, speed, heading, accuracy, flags × 64 + belt × 16 + door × 4 + ignition. Big endian. */
const PACKED_BYTES = 48;

type PackedVehicle = {
  readonly vehicleId: number;
  readonly fleetId: number;
  readonly packed: Buffer;
  /** Fixes with what their devices say happened. */
  readonly noticed: readonly (Pick<Fix, 'at' | 'events'> & { readonly key: number })[] | null;
};

/** Packed by the server, a row a vehicle: as rows of texts the same costs both sides several times as much. */
export async function fixes(
  client: pg.Client,
  asks: readonly VehicleInstant[],
  upTo: Cursor,
): Promise<FixColumns> {
  const { rows } = await client.query<PackedVehicle>(
    `select f.vehicle_id as "vehicleId", min(f.fleet_id) as "fleetId",
       string_agg(
         timestamptz_send(f.at) || int8send(f.key) || float8send(f.lng) || float8send(f.lat)
           || float4send(coalesce(f.speed, 'NaN')) || float4send(coalesce(f.heading, 'NaN'))
           || float4send(coalesce(f.accuracy, 'NaN')) || int4send(f.flags * 64
             + coalesce(f.belt::integer, 2) * 16 + coalesce(f.door::integer, 2) * 4 + coalesce(f.ignition::integer, 2)),
         ''::bytea order by f.at, f.key) as packed,
       jsonb_agg(jsonb_build_object('at', extract(epoch from f.at), 'key', f.key, 'events', f.events))
         filter (where f.events is not null) as noticed
     from ${asked}
     join fixes f on f.vehicle_id = ask.vehicle_id and f.at >= to_timestamp(ask.since)
     join unnest($3::smallint[], $4::bigint[]) as read (source_id, batch)
       on f.source_id = read.source_id and f.batch <= read.batch
     group by f.vehicle_id
     order by f.vehicle_id`,
    [...asking(asks), [...upTo.keys()], [...upTo.values()]],
  );
  const count = rows.reduce((sum, { packed }) => sum + packed.length / PACKED_BYTES, 0);
  const { numbers, booleans } = emptyColumns(count);
  let i = 0;
  const notices = new Map<number, readonly Notice[]>();
  for (const { vehicleId, fleetId, packed, noticed } of rows) {
    const told = new Map(noticed?.map((fix) => [`${Math.round(fix.at * 1000)} ${fix.key}`, fix]));
    const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
    for (let offset = 0; offset < packed.length; offset += PACKED_BYTES, i++) {
      const marks = view.getInt32(offset + 44);
      numbers.vehicleId[i] = vehicleId;
      numbers.fleetId[i] = fleetId;
      numbers.at[i] = instantFromPostgres(int64(view, offset));
      numbers.key[i] = int64(view, offset + 8);
      numbers.lng[i] = view.getFloat64(offset + 16);
      numbers.lat[i] = view.getFloat64(offset + 24);
      numbers.speed[i] = view.getFloat32(offset + 32);
      numbers.heading[i] = view.getFloat32(offset + 36);
      numbers.accuracy[i] = view.getFloat32(offset + 40);
      numbers.flags[i] = marks >> 6;
      booleans.belt[i] = (marks >> 4) & 3;
      booleans.door[i] = (marks >> 2) & 3;
      booleans.ignition[i] = marks & 3;
      const telling =
        told.size === 0 ? undefined : told.get(`${Math.round(numbers.at[i]! * 1000)} ${numbers.key[i]}`);
      const own = telling === undefined ? [] : noticesOf(telling);
      if (own.length > 0) notices.set(i, own);
    }
  }
  return { count, numbers, booleans, ...(notices.size > 0 && { notices }) };
}

/** Exact up to 2^53, which keys and instants are below. */
function int64(view: DataView, offset: number): number {
  return view.getInt32(offset) * 2 ** 32 + view.getUint32(offset + 4);
}

/** Columns to be filled in; those the fold does not look at are not known. */
function emptyColumns(count: number): FixColumns {
  const unknown = new Float64Array(count).fill(Number.NaN);
  const neither = new Uint8Array(count).fill(2);
  const column = () => new Float64Array(count);
  return {
    count,
    numbers: {
      ...{
        fleetId: column(),
        vehicleId: column(),
        at: column(),
        key: column(),
        lng: column(),
        lat: column(),
      },
      ...{ speed: column(), heading: column(), accuracy: column(), flags: column() },
      ...{ deviceId: unknown, received: unknown, altitude: unknown, satellites: unknown, odometer: unknown },
      ...{ fuel: unknown, soc: unknown, rpm: unknown, seq: unknown, sent: unknown },
    },
    booleans: {
      ...{ ignition: new Uint8Array(count), door: new Uint8Array(count), belt: new Uint8Array(count) },
      buffered: neither,
    },
  };
}
