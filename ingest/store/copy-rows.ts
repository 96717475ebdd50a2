import type { Fix } from '../../schemas/fix.ts';
import { postgresMicros } from '../../schemas/units.ts';

/** What a fix says of itself, as columns in the order `copyRows` writes them. */
export const fixColumns = [
  'fleet_id integer',
  'vehicle_id integer',
  'device_id integer',
  'at timestamptz',
  'key bigint',
  'received timestamptz',
  'lng double precision',
  'lat double precision',
  'speed real',
  'heading real',
  'accuracy real',
  'altitude real',
  'satellites smallint',
  'ignition boolean',
  'odometer double precision',
  'fuel real',
  'soc real',
  'rpm real',
  'door boolean',
  'belt boolean',
  'seq bigint',
  'boot text',
  'sent timestamptz',
  'buffered boolean',
  'events jsonb',
  'flags integer',
] as const;

/** What follows the columns of a fix: its commit, or its place in the batch while it is looked at. */
export const rowEnds = {
  commit: ['source_id smallint', 'batch bigint'],
  place: ['n integer'],
} as const;

export type RowEnd =
  | { readonly kind: 'commit'; readonly sourceId: number; readonly batch: number }
  | { readonly kind: 'place'; readonly places: readonly number[] };

/** 'PGCOPY\n\xff\r\n\0', flags, length of the header extension. */
const header = Buffer.from('PGCOPY\n\u00ff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TRAILER_BYTES = 2;
/** The length that stands for null. */
const NULL = -1;
/** Every column present, without the texts: 2 for the count, 4 for each length, and the values. */
const ROW_BYTES_MAX = 2 + (fixColumns.length + 2) * 4 + 170;
const TWO_32 = 4_294_967_296;

/**
 * Fixes in PostgreSQL's binary COPY format (https://www.postgresql.org/docs/current/sql-copy.html):
 * per row an int16 count of fields, per field an int32 length (−1 is null) and the value, big-endian.
 * Binary because the server then parses no decimals and no dates.
 */
export function copyRows(fixes: readonly Fix[], end: RowEnd): Buffer {
  const texts = fixes.map((fix) => (fix.events === undefined ? undefined : JSON.stringify(fix.events)));
  const bytes = Buffer.allocUnsafe(sizeMax(fixes, texts));
  const writer = new RowWriter(bytes);
  writer.copy(header);
  for (let n = 0; n < fixes.length; n++) {
    writer.row(fixes[n] as Fix, texts[n], n, end);
  }
  writer.int16(-1);
  return bytes.subarray(0, writer.offset);
}

function sizeMax(fixes: readonly Fix[], texts: readonly (string | undefined)[]): number {
  let size = header.length + TRAILER_BYTES + fixes.length * ROW_BYTES_MAX;
  for (let n = 0; n < fixes.length; n++) {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    size += 3 * ((fixes[n]?.boot?.length ?? 0) + (texts[n]?.length ?? 0));
  }
  return size;
}

class RowWriter {
  offset = 0;
  readonly #bytes: Buffer;
  readonly #view: DataView;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  row(fix: Fix, events: string | undefined, n: number, end: RowEnd): void {
    this.int16(fixColumns.length + rowEnds[end.kind].length);
    this.#int32(fix.fleetId);
    this.#int32(fix.vehicleId);
    this.#int32(fix.deviceId);
    this.#instant(fix.at);
    this.#int64(fix.key);
    this.#instant(fix.received);
    this.#float64(fix.lng);
    this.#float64(fix.lat);
    this.#float32(fix.speed);
    this.#float32(fix.heading);
    this.#float32(fix.accuracy);
    this.#float32(fix.altitude);
    this.#smallint(fix.satellites);
    this.#boolean(fix.ignition);
    this.#float64(fix.odometer);
    this.#float32(fix.fuel);
    this.#float32(fix.soc);
    this.#float32(fix.rpm);
    this.#boolean(fix.door);
    this.#boolean(fix.belt);
    this.#int64(fix.seq);
    this.#text(fix.boot);
    this.#instant(fix.sent);
    this.#boolean(fix.buffered);
    this.#jsonb(events);
    this.#int32(fix.flags);
    if (end.kind === 'commit') {
      this.#smallint(end.sourceId);
      this.#int64(end.batch);
    } else {
      this.#int32(end.places[n] ?? 0);
    }
  }

  copy(source: Buffer): void {
    this.offset += source.copy(this.#bytes, this.offset);
  }

  int16(value: number): void {
    this.#view.setInt16(this.offset, value);
    this.offset += 2;
  }

  #length(length: number): void {
    this.#view.setInt32(this.offset, length);
    this.offset += 4;
  }

  #int32(value: number): void {
    this.#length(4);
    this.#view.setInt32(this.offset, value);
    this.offset += 4;
  }

  #smallint(value: number | undefined): void {
    if (value === undefined) {
      this.#length(NULL);
      return;
    }
    this.#length(2);
    this.int16(value);
  }

  #int64(value: number | undefined): void {
    if (value === undefined) {
      this.#length(NULL);
      return;
    }
    this.#length(8);
    const high = Math.floor(value / TWO_32);
    this.#view.setInt32(this.offset, high);
    this.#view.setUint32(this.offset + 4, value - high * TWO_32);
    this.offset += 8;
  }

  /** timestamptz: microseconds since 2000. */
  #instant(at: number | undefined): void {
    this.#int64(at === undefined ? undefined : postgresMicros(at));
  }

  #float64(value: number | undefined): void {
    if (value === undefined) {
      this.#length(NULL);
      return;
    }
    this.#length(8);
    this.#view.setFloat64(this.offset, value);
    this.offset += 8;
  }

  #float32(value: number | undefined): void {
    if (value === undefined) {
      this.#length(NULL);
      return;
    }
    this.#length(4);
    this.#view.setFloat32(this.offset, value);
    this.offset += 4;
  }

  #boolean(value: boolean | undefined): void {
    if (value === undefined) {
      this.#length(NULL);
      return;
    }
    this.#length(1);
    this.#bytes[this.offset++] = value ? 1 : 0;
  }

  #text(value: string | undefined): void {
    if (value === undefined) {
      this.#length(NULL);
      return;
    }
    const length = this.#bytes.write(value, this.offset + 4, 'utf8');
    this.#length(length);
    this.offset += length;
  }

  /** jsonb: a version byte and the text. */
  #jsonb(text: string | undefined): void {
    if (text === undefined) {
      this.#length(NULL);
      return;
    }
    const length = this.#bytes.write(text, this.offset + 5, 'utf8');
    this.#length(length + 1);
    this.#bytes[this.offset] = 1;
    this.offset += length + 1;
  }
}
