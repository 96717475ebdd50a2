import { PbfReader } from 'pbf';

/** A field as it stands on the wire; what it means its message knows. */
export type WireField =
  | { readonly kind: 'varint'; readonly number: number; readonly value: number }
  | { readonly kind: 'bytes'; readonly number: number; readonly bytes: Uint8Array }
  /** Of 4 or 8 bytes, little-endian. */
  | { readonly kind: 'fixed'; readonly number: number; readonly view: DataView };

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/**
 * The fields of a message (https://protobuf.dev/programming-guides/encoding/), or undefined when its bytes
 * are none. Every length is held against what there is, so that no bytes make it long.
 */
export function wireFields(bytes: Uint8Array): readonly WireField[] | undefined {
  const reader = new PbfReader(bytes);
  const fields: WireField[] = [];
  try {
    while (reader.pos < bytes.length) {
      const number = reader.nextField();
      if (number === 0) return undefined;
      const from = reader.pos;
      if (reader.type === VARINT) fields.push({ kind: 'varint', number, value: reader.readVarint() });
      else if (reader.type === BYTES) fields.push({ kind: 'bytes', number, bytes: reader.readBytes() });
      else if (reader.type === FIXED32 || reader.type === FIXED64) {
        const width = reader.type === FIXED32 ? 4 : 8;
        reader.pos += width;
        if (reader.pos > bytes.length) return undefined;
        fields.push({
          kind: 'fixed',
          number,
          view: new DataView(bytes.buffer, bytes.byteOffset + from, width),
        });
      } else return undefined;
      if (reader.pos > bytes.length) return undefined;
    }
  } catch {
    return undefined; // a number of more than ten bytes
  }
  return fields;
}

/** The last field of a number, as protobuf has it when one comes twice. */
export function fieldOf(fields: readonly WireField[], number: number): WireField | undefined {
  return fields.findLast((field) => field.number === number);
}

/** A whole number without a sign. */
export function uintOf(fields: readonly WireField[], number: number): number | undefined {
  const field = fieldOf(fields, number);
  return field?.kind === 'varint' ? field.value : undefined;
}

/** A whole number with its sign in its lowest bit (sint32, sint64). */
export function sintOf(fields: readonly WireField[], number: number): number | undefined {
  const value = uintOf(fields, number);
  if (value === undefined) return undefined;
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
}

export function boolOf(fields: readonly WireField[], number: number): boolean | undefined {
  const value = uintOf(fields, number);
  return value === undefined ? undefined : value !== 0;
}

export function doubleOf(fields: readonly WireField[], number: number): number | undefined {
  const field = fieldOf(fields, number);
  if (field?.kind !== 'fixed') return undefined;
  return field.view.byteLength === 8 ? field.view.getFloat64(0, true) : field.view.getFloat32(0, true);
}

export function sfixed32Of(fields: readonly WireField[], number: number): number | undefined {
  const field = fieldOf(fields, number);
  return field?.kind === 'fixed' && field.view.byteLength === 4 ? field.view.getInt32(0, true) : undefined;
}

export function textOf(fields: readonly WireField[], number: number): string | undefined {
  const field = fieldOf(fields, number);
  return field?.kind === 'bytes' ? Buffer.from(field.bytes).toString('utf8') : undefined;
}

/** The messages of a repeated field; undefined when one of them is none. */
export function messagesOf(
  fields: readonly WireField[],
  number: number,
): readonly (readonly WireField[])[] | undefined {
  const messages: (readonly WireField[])[] = [];
  for (const field of fields) {
    if (field.number !== number) continue;
    const inner = field.kind === 'bytes' ? wireFields(field.bytes) : undefined;
    if (inner === undefined) return undefined;
    messages.push(inner);
  }
  return messages;
}
