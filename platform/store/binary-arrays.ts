/**
 * One-dimensional arrays in PostgreSQL's binary format (`array_recv`): what `unnest($1::type[])` takes from a
 * Buffer. Texts of numbers cost both sides several times as much.
 *
 *   header   5 × int32     dimensions (1), whether there are nulls, the elements' oid, their count, lower bound (1)
 *   element  int32 + …     its bytes, or −1 for null, then the value, big endian
 */
type ElementType = {
  readonly oid: number;
  /** Bytes of a value; 0: they differ, and a string is as long as it is. */
  readonly bytes: number;
  /** Writes a value that is there, at an offset. */
  readonly write: (into: Buffer, value: unknown, offset: number) => void;
};

const TWO_32 = 2 ** 32;

const elementTypes = {
  boolean: { oid: 16, bytes: 1, write: (into, value, offset) => into.writeUInt8(value ? 1 : 0, offset) },
  bigint: {
    ...{ oid: 20, bytes: 8 },
    // Exact up to 2^53, as every key of ours is; those that come as text are read as numbers first.
    write(into, value, offset) {
      const whole = Number(value);
      if (!Number.isSafeInteger(whole))
        throw new RangeError(`${String(value)} is no bigint we can write exactly`);
      const high = Math.floor(whole / TWO_32);
      into.writeInt32BE(high, offset);
      into.writeUInt32BE(whole - high * TWO_32, offset + 4);
    },
  },
  integer: {
    ...{ oid: 23, bytes: 4 },
    write(into, value, offset) {
      if (!Number.isInteger(value)) throw new RangeError(`${String(value)} is no integer`);
      into.writeInt32BE(value as number, offset);
    },
  },
  text: { oid: 25, bytes: 0, write: (into, value, offset) => into.write(String(value), offset, 'utf8') },
  real: { oid: 700, bytes: 4, write: (into, value, offset) => into.writeFloatBE(Number(value), offset) },
  'double precision': {
    oid: 701,
    bytes: 8,
    write: (into, value, offset) => into.writeDoubleBE(Number(value), offset),
  },
} as const satisfies Record<string, ElementType>;

/** The types a column of a bulk statement may have. */
export type ColumnType = keyof typeof elementTypes;

const HEADER_BYTES = 20;

/** `values` as the parameter `$n::type[]`; what is null or undefined is null. */
export function binaryArray(type: ColumnType, values: readonly unknown[]): Buffer {
  const { oid, bytes, write }: ElementType = elementTypes[type];
  let size = HEADER_BYTES + 4 * values.length;
  let hasNulls = 0;
  for (const value of values) {
    if (value === null || value === undefined) hasNulls = 1;
    else size += bytes > 0 ? bytes : Buffer.byteLength(String(value));
  }
  const buffer = Buffer.allocUnsafe(size);
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(hasNulls, 4);
  buffer.writeInt32BE(oid, 8);
  buffer.writeInt32BE(values.length, 12);
  buffer.writeInt32BE(1, 16);
  let offset = HEADER_BYTES;
  for (const value of values) {
    const isNull = value === null || value === undefined;
    const length = isNull ? -1 : bytes > 0 ? bytes : Buffer.byteLength(String(value));
    buffer.writeInt32BE(length, offset);
    offset += 4;
    if (isNull) continue;
    write(buffer, value, offset);
    offset += length;
  }
  return buffer;
}
