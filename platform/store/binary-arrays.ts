/**
 * One-dimensional arrays in PostgreSQL's binary format (`array_recv`): what `unnest($1::type[])` takes from a
 * Buffer. Texts of numbers cost both sides several times as much.
 *
 *   header   5 × int32     dimensions (1), whether there are nulls, the elements' oid, their count, lower bound (1)
 *   element  int32 + …     its bytes, or −1 for null, then the value, big endian
 */
type ElementType = {
  readonly oid: number;
  /** Bytes that a value may take, its length included. */
  readonly room: (value: unknown) => number;
  /** Writes length and value at an offset, and gives the offset behind them. */
  readonly put: (into: DataView, value: unknown, at: number) => number;
};

const TWO_32 = 2 ** 32;
const texts = new TextEncoder();

const elementTypes = {
  boolean: {
    ...{ oid: 16, room: () => 5 },
    put(into, value, at) {
      into.setInt32(at, 1);
      into.setUint8(at + 4, value ? 1 : 0);
      return at + 5;
    },
  },
  bigint: {
    ...{ oid: 20, room: () => 12 },
    // Exact up to 2^53, as every key of ours is, also of those that come as texts.
    put(into, value, at) {
      const whole = Number(value);
      if (!Number.isSafeInteger(whole))
        throw new RangeError(`${String(value)} is no bigint we can write exactly`);
      const high = Math.floor(whole / TWO_32);
      into.setInt32(at, 8);
      into.setInt32(at + 4, high);
      into.setUint32(at + 8, whole - high * TWO_32);
      return at + 12;
    },
  },
  integer: {
    ...{ oid: 23, room: () => 8 },
    put(into, value, at) {
      if ((value as number) !== ((value as number) | 0))
        throw new RangeError(`${String(value)} is no integer`);
      into.setInt32(at, 4);
      into.setInt32(at + 4, value as number);
      return at + 8;
    },
  },
  text: {
    ...{ oid: 25, room: (value) => 4 + 3 * (value as string).length },
    put(into, value, at) {
      const { written } = texts.encodeInto(value as string, new Uint8Array(into.buffer, at + 4));
      into.setInt32(at, written);
      return at + 4 + written;
    },
  },
  real: {
    ...{ oid: 700, room: () => 8 },
    put(into, value, at) {
      into.setInt32(at, 4);
      into.setFloat32(at + 4, value as number);
      return at + 8;
    },
  },
  'double precision': {
    ...{ oid: 701, room: () => 12 },
    put(into, value, at) {
      into.setInt32(at, 8);
      into.setFloat64(at + 4, value as number);
      return at + 12;
    },
  },
} as const satisfies Record<string, ElementType>;

/** The types a column of a bulk statement may have. */
export type ColumnType = keyof typeof elementTypes;

const HEADER_BYTES = 20;

/** Written into, and copied from: views of one buffer that stays are many times as fast as new Buffers. */
let scratch = new DataView(new ArrayBuffer(1 << 16));

/** `values` of rows as the parameter `$n::type[]`; what is null or undefined is null. */
export function binaryArray<Row>(
  type: ColumnType,
  rows: readonly Row[],
  value: (row: Row) => unknown,
): Buffer {
  const { oid, room, put }: ElementType = elementTypes[type];
  let at = HEADER_BYTES;
  let hasNulls = 0;
  for (const row of rows) {
    const found = value(row);
    const isNull = found === null || found === undefined;
    const needed = at + (isNull ? 4 : room(found));
    if (needed > scratch.byteLength) widen(needed);
    if (isNull) {
      hasNulls = 1;
      scratch.setInt32(at, -1);
      at += 4;
    } else at = put(scratch, found, at);
  }
  scratch.setInt32(0, 1);
  scratch.setInt32(4, hasNulls);
  scratch.setInt32(8, oid);
  scratch.setInt32(12, rows.length);
  scratch.setInt32(16, 1);
  return Buffer.from(Buffer.from(scratch.buffer, 0, at));
}

function widen(bytes: number): void {
  const wider = new Uint8Array(2 ** Math.ceil(Math.log2(bytes)));
  wider.set(new Uint8Array(scratch.buffer));
  scratch = new DataView(wider.buffer);
}
