import type { Fix } from './fix.ts';

/**
 * The packed form of one commit's new fixes: what `batches.payload` holds and engine and feed read.
 * Little endian.
 *
 *   header   'PLB1', uint32 count
 *   columns  Float64 each, `count` long, in the order of `numberColumns`; NaN is "not known"
 *   booleans Uint8 each, `count` long, in the order of `booleanColumns`; 0 false, 1 true, 2 unknown
 *
 * `boot` and `events` are in the table only: no reader of the log needs them.
 */
const numberColumns = [
  'fleetId',
  'vehicleId',
  'deviceId',
  'at',
  'key',
  'received',
  'lng',
  'lat',
  'speed',
  'heading',
  'accuracy',
  'altitude',
  'satellites',
  'odometer',
  'fuel',
  'soc',
  'rpm',
  'seq',
  'sent',
  'flags',
] as const;
const booleanColumns = ['ignition', 'door', 'belt', 'buffered'] as const;

type NumberColumn = (typeof numberColumns)[number];
type BooleanColumn = (typeof booleanColumns)[number];

/** Fixes as columns; index i of every column is fix i. */
export type FixColumns = {
  readonly count: number;
  readonly numbers: Readonly<Record<NumberColumn, Float64Array>>;
  readonly booleans: Readonly<Record<BooleanColumn, Uint8Array>>;
};

const MAGIC = 0x31424c50; // 'PLB1'
const HEADER_BYTES = 8;
const BYTES_PER_FIX = numberColumns.length * 8 + booleanColumns.length;

export function packFixes(fixes: readonly Fix[]): Uint8Array {
  const count = fixes.length;
  const bytes = new Uint8Array(HEADER_BYTES + count * BYTES_PER_FIX);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, count, true);
  let offset = HEADER_BYTES;
  for (const column of numberColumns) {
    const values = new Float64Array(bytes.buffer, offset, count);
    for (let i = 0; i < count; i++) values[i] = fixes[i]?.[column] ?? Number.NaN;
    offset += count * 8;
  }
  for (const column of booleanColumns) {
    for (let i = 0; i < count; i++) {
      const value = fixes[i]?.[column];
      bytes[offset + i] = value === undefined ? 2 : value ? 1 : 0;
    }
    offset += count;
  }
  return bytes;
}

/** Columns over a copy of `bytes` (a driver's buffer is seldom aligned to 8). */
export function unpackColumns(bytes: Uint8Array): FixColumns {
  // Not bytes.slice(): that of Node's Buffer, which a database driver gives, is no copy.
  const copy = new Uint8Array(bytes);
  const view = new DataView(copy.buffer);
  if (copy.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) {
    throw new Error('not a packed batch: it does not start with PLB1');
  }
  const count = view.getUint32(4, true);
  if (copy.length !== HEADER_BYTES + count * BYTES_PER_FIX) {
    throw new Error(`packed batch of ${count} fixes has ${copy.length} bytes`);
  }
  let offset = HEADER_BYTES;
  const numbers = {} as Record<NumberColumn, Float64Array>;
  for (const column of numberColumns) {
    numbers[column] = new Float64Array(copy.buffer, offset, count);
    offset += count * 8;
  }
  const booleans = {} as Record<BooleanColumn, Uint8Array>;
  for (const column of booleanColumns) {
    booleans[column] = copy.subarray(offset, offset + count);
    offset += count;
  }
  return { count, numbers, booleans };
}

/** Fix `i` as an object, without `boot` and `events`. */
export function fixAt({ numbers, booleans }: FixColumns, i: number): Fix {
  const number = (column: NumberColumn): number => numbers[column][i] ?? Number.NaN;
  const known = (column: NumberColumn): number | undefined => {
    const value = number(column);
    return Number.isNaN(value) ? undefined : value;
  };
  const flag = (column: BooleanColumn): boolean | undefined => {
    const value = booleans[column][i];
    return value === 2 || value === undefined ? undefined : value === 1;
  };
  return {
    fleetId: number('fleetId'),
    vehicleId: number('vehicleId'),
    deviceId: number('deviceId'),
    at: number('at'),
    key: number('key'),
    received: number('received'),
    lng: number('lng'),
    lat: number('lat'),
    speed: known('speed'),
    heading: known('heading'),
    accuracy: known('accuracy'),
    altitude: known('altitude'),
    satellites: known('satellites'),
    ignition: flag('ignition'),
    odometer: known('odometer'),
    fuel: known('fuel'),
    soc: known('soc'),
    rpm: known('rpm'),
    door: flag('door'),
    belt: flag('belt'),
    seq: known('seq'),
    sent: known('sent'),
    buffered: flag('buffered'),
    flags: number('flags'),
  };
}
