import type pg from 'pg';
import type { FixColumns } from '../../schemas/batch.ts';
import type { Cursor, VehicleInstant } from '../../schemas/engine-store.ts';
import { instantFromPostgres } from '../../schemas/units.ts';
import { asked, asking } from './columns.ts';

/** One fix as `fixes` packs it: at, key, lng, lat, speed, heading, accuracy, flags × 4 + ignition. Big endian. */
const PACKED_BYTES = 48;

/** Packed by the server, a row a vehicle: as rows of texts the same costs both sides several times as much. */
export async function fixes(
  client: pg.Client,
  asks: readonly VehicleInstant[],
  upTo: Cursor,
): Promise<FixColumns> {
  const { rows } = await client.query<{ vehicleId: number; fleetId: number; packed: Buffer }>(
    `select f.vehicle_id as "vehicleId", min(f.fleet_id) as "fleetId",
       string_agg(
         timestamptz_send(f.at) || int8send(f.key) || float8send(f.lng) || float8send(f.lat)
           || float4send(coalesce(f.speed, 'NaN')) || float4send(coalesce(f.heading, 'NaN'))
           || float4send(coalesce(f.accuracy, 'NaN')) || int4send(f.flags * 4 + coalesce(f.ignition::integer, 2)),
         ''::bytea order by f.at, f.key) as packed
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
  for (const { vehicleId, fleetId, packed } of rows) {
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
      numbers.flags[i] = marks >> 2;
      booleans.ignition[i] = marks & 3;
    }
  }
  return { count, numbers, booleans };
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
    booleans: { ignition: new Uint8Array(count), door: neither, belt: neither, buffered: neither },
  };
}
