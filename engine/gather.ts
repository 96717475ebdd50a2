import type { FixColumns, Notice, Notices } from '../schemas/batch.ts';
import type { ObservationColumns } from './pool/fold-vehicles.ts';

/** Fixes of a gulp by vehicle: vehicle v owns from[v] … from[v + 1] of the columns, sorted by (at, key). */
export type Gathered = {
  readonly vehicleIds: readonly number[];
  readonly fleetIds: readonly number[];
  readonly from: Int32Array;
  readonly columns: ObservationColumns;
};

/** Puts the fixes of several batches together, per vehicle, in the order of the fold. */
export function gather(batches: readonly FixColumns[]): Gathered {
  const count = batches.reduce((sum, batch) => sum + batch.count, 0);
  const batchOf = new Int32Array(count);
  const rowOf = new Int32Array(count);
  let n = 0;
  for (const [b, batch] of batches.entries()) {
    for (let i = 0; i < batch.count; i++, n++) {
      batchOf[n] = b;
      rowOf[n] = i;
    }
  }
  const value = (k: number, column: 'vehicleId' | 'at' | 'key'): number =>
    batches[batchOf[k]!]!.numbers[column][rowOf[k]!]!;
  const order = Array.from({ length: count }, (_, k) => k).sort(
    (a, b) =>
      value(a, 'vehicleId') - value(b, 'vehicleId') ||
      value(a, 'at') - value(b, 'at') ||
      value(a, 'key') - value(b, 'key'),
  );
  const notices = new Map<number, readonly Notice[]>();
  const columns = emptyColumns(count, notices);
  const vehicleIds: number[] = [];
  const fleetIds: number[] = [];
  const from: number[] = [];
  for (const [k, entry] of order.entries()) {
    const { numbers, booleans } = batches[batchOf[entry]!]!;
    const i = rowOf[entry]!;
    const vehicleId = numbers.vehicleId[i]!;
    if (vehicleIds.at(-1) !== vehicleId) {
      vehicleIds.push(vehicleId);
      fleetIds.push(numbers.fleetId[i]!);
      from.push(k);
    }
    columns.at[k] = numbers.at[i]!;
    columns.key[k] = numbers.key[i]!;
    columns.deviceId[k] = numbers.deviceId[i]!;
    columns.lng[k] = numbers.lng[i]!;
    columns.lat[k] = numbers.lat[i]!;
    columns.speed[k] = numbers.speed[i]!;
    columns.heading[k] = numbers.heading[i]!;
    columns.accuracy[k] = numbers.accuracy[i]!;
    columns.flags[k] = numbers.flags[i]!;
    columns.ignition[k] = booleans.ignition[i]!;
    columns.door[k] = booleans.door[i]!;
    columns.belt[k] = booleans.belt[i]!;
    const noticed = batches[batchOf[entry]!]!.notices?.get(i);
    if (noticed) notices.set(k, noticed);
  }
  return { vehicleIds, fleetIds, from: Int32Array.from([...from, count]), columns };
}

function emptyColumns(count: number, notices: Notices): ObservationColumns {
  return {
    at: new Float64Array(count),
    key: new Float64Array(count),
    deviceId: new Float64Array(count),
    lng: new Float64Array(count),
    lat: new Float64Array(count),
    speed: new Float32Array(count),
    heading: new Float32Array(count),
    accuracy: new Float32Array(count),
    flags: new Float64Array(count),
    ignition: new Uint8Array(count),
    door: new Uint8Array(count),
    belt: new Uint8Array(count),
    notices,
  };
}

/** The part of the columns that vehicles v … w own, as columns of its own for another thread. */
export function slice({ columns, from }: Gathered, v: number, w: number): ObservationColumns {
  const a = from[v]!;
  const b = from[w]!;
  return {
    at: columns.at.slice(a, b),
    key: columns.key.slice(a, b),
    deviceId: columns.deviceId.slice(a, b),
    lng: columns.lng.slice(a, b),
    lat: columns.lat.slice(a, b),
    speed: columns.speed.slice(a, b),
    heading: columns.heading.slice(a, b),
    accuracy: columns.accuracy.slice(a, b),
    flags: columns.flags.slice(a, b),
    ignition: columns.ignition.slice(a, b),
    door: columns.door.slice(a, b),
    belt: columns.belt.slice(a, b),
    notices: new Map([...columns.notices].flatMap(([k, of]) => (k >= a && k < b ? [[k - a, of]] : []))),
  };
}
