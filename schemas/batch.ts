import { noticedKinds } from './behaviour.ts';
import type { Fix } from './fix.ts';
import { instantFromMs, msFromInstant } from './units.ts';

/**
 * The packed form of one commit's new fixes: what `batches.payload` holds and engine and feed read.
 * Little endian.
 *
 *   header   'PLB1', uint32 count
 *   columns  Float64 each, `count` long, in the order of `numberColumns`; NaN is "not known"
 *   booleans Uint8 each, `count` long, in the order of `booleanColumns`; 0 false, 1 true, 2 unknown
 *
 *   notices  only where there are any: uint32 count, then per notice uint32 fix, uint8 index into `noticedKinds`,
 *            Float64 instant, Float64 value or NaN, in the order of the fixes
 *
 * `boot` and the other `events` are in the table only: no reader of the log needs them.
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
  /** What devices noticed by themselves, by the index of its fix; absent where there is nothing. */
  readonly notices?: Notices | undefined;
};

/** What a device noticed: index into `noticedKinds`, its own instant (that of the fix where it says none), and how much. */
export type Notice = { readonly kind: number; readonly at: number; readonly value: number | undefined };
export type Notices = ReadonlyMap<number, readonly Notice[]>;

/** Those of a device's events that say something of driving. */
export function noticesOf({ at, events }: Pick<Fix, 'at' | 'events'>): Notice[] {
  return (events ?? []).flatMap(({ type, ts, value }) => {
    const kind = (noticedKinds as readonly string[]).indexOf(type);
    return kind < 0
      ? []
      : [{ kind, at: ts == null ? at : instantFromMs(Math.round(ts)), value: value ?? undefined }];
  });
}

const MAGIC = 0x31424c50; // 'PLB1'
const HEADER_BYTES = 8;
const BYTES_PER_FIX = numberColumns.length * 8 + booleanColumns.length;
const BYTES_PER_NOTICE = 21;

export function packFixes(fixes: readonly Fix[]): Uint8Array {
  const count = fixes.length;
  const notices = fixes.flatMap((fix, i) =>
    fix.events === undefined ? [] : noticesOf(fix).map((notice) => ({ ...notice, i })),
  );
  const noticeBytes = notices.length === 0 ? 0 : 4 + notices.length * BYTES_PER_NOTICE;
  const bytes = new Uint8Array(HEADER_BYTES + count * BYTES_PER_FIX + noticeBytes);
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
  if (notices.length > 0) view.setUint32(offset, notices.length, true);
  offset += 4;
  for (const { i, kind, at, value } of notices) {
    view.setUint32(offset, i, true);
    view.setUint8(offset + 4, kind);
    view.setFloat64(offset + 5, at, true);
    view.setFloat64(offset + 13, value ?? Number.NaN, true);
    offset += BYTES_PER_NOTICE;
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
  const end = HEADER_BYTES + count * BYTES_PER_FIX;
  const noticeCount = copy.length >= end + 4 ? view.getUint32(end, true) : 0;
  if (copy.length !== end + (noticeCount === 0 ? 0 : 4 + noticeCount * BYTES_PER_NOTICE)) {
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
  return noticeCount === 0
    ? { count, numbers, booleans }
    : { count, numbers, booleans, notices: unpackNotices(view, end + 4, noticeCount) };
}

function unpackNotices(view: DataView, start: number, count: number): Notices {
  const notices = new Map<number, Notice[]>();
  for (let n = 0, offset = start; n < count; n++, offset += BYTES_PER_NOTICE) {
    const value = view.getFloat64(offset + 13, true);
    const notice = {
      kind: view.getUint8(offset + 4),
      at: view.getFloat64(offset + 5, true),
      value: Number.isNaN(value) ? undefined : value,
    };
    const i = view.getUint32(offset, true);
    const others = notices.get(i);
    if (others) others.push(notice);
    else notices.set(i, [notice]);
  }
  return notices;
}

/** Fix `i` as an object, without `boot`, and of `events` what devices noticed. */
export function fixAt({ numbers, booleans, notices }: FixColumns, i: number): Fix {
  const told = notices?.get(i);
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
    ...(told && {
      events: told.map(({ kind, at, value }) => ({
        type: noticedKinds[kind] ?? '',
        ts: msFromInstant(at),
        value: value ?? null,
      })),
    }),
  };
}
