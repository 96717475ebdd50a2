/**
 * Teltonika's binary AVL frames, codecs 8, 8E and 16, as they come over TCP
 * (https://wiki.teltonika-gps.com/view/Codec). Big-endian throughout:
 *
 *   0000 0000 | length u32 | codec u8 | count u8 | records | count u8 | CRC u32
 *                          └────────────── length bytes ─────────────┘ CRC-16/IBM of these
 */

export type AvlRecord = {
  /** Milliseconds since the epoch. */
  readonly ms: number;
  /** 0 low, 1 high, 2 panic. */
  readonly priority: number;
  readonly lng: number;
  readonly lat: number;
  /** Metres. */
  readonly altitude: number;
  /** Degrees clockwise from north. */
  readonly angle: number;
  readonly satellites: number;
  /** Kilometres per hour. */
  readonly speedKmh: number;
  /** The id of the element that made the device report; 0: none. */
  readonly event: number;
  /** Raw values by AVL id: numbers of up to four bytes, bigints of eight, bytes of any other length. */
  readonly io: ReadonlyMap<number, AvlRaw>;
};

export type AvlRaw = number | bigint | Uint8Array;

export type Refusal = {
  readonly kind: 'refused';
  readonly reason: 'not_a_frame' | 'length' | 'crc' | 'codec' | 'records';
  readonly detail: string;
};

export type Frame =
  | { readonly kind: 'records'; readonly codec: Codec; readonly records: readonly AvlRecord[] }
  | Refusal;

type Codec = 0x08 | 0x8e | 0x10;

const HEADER = 8;
const AVL_BYTES_MIN = 3;

/** One whole frame, or why it is none. The device is answered only when its records are committed. */
export function decodeFrame(frame: Uint8Array): Frame {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < HEADER || view.getUint32(0) !== 0) {
    return refused('not_a_frame', 'no preamble of four zero bytes: a login, a UDP packet or something else');
  }
  const length = view.getUint32(4);
  if (frame.length !== HEADER + length + 4 || length < AVL_BYTES_MIN) {
    return refused(
      'length',
      `says ${length} bytes of data and has ${Math.max(0, frame.length - HEADER - 4)}`,
    );
  }
  const expected = view.getUint32(HEADER + length);
  const actual = crc16(frame.subarray(HEADER, HEADER + length));
  if (actual !== expected) return refused('crc', `CRC ${hex(actual)}, and the frame says ${hex(expected)}`);
  const codec = view.getUint8(HEADER);
  if (codec !== 0x08 && codec !== 0x8e && codec !== 0x10) {
    return refused('codec', `codec ${hex(codec)} carries no positions that Paceline reads`);
  }
  const records = recordsOf(view, codec, HEADER + length);
  return records === undefined
    ? refused('records', 'the records do not fill the frame as its count says')
    : { kind: 'records', codec, records };
}

/** The IMEI of a log-in packet: two bytes of length, then digits. */
export function imeiOf(packet: Uint8Array): string | undefined {
  const digits = String.fromCharCode(...packet.subarray(2, 2 + 16));
  const isWhole = packet.length >= 2 && packet[0] === 0 && packet[1] === packet.length - 2;
  return isWhole && /^\d{14,16}$/.test(digits) ? digits : undefined;
}

/** CRC-16/IBM (ARC): reflected polynomial 0xA001, start 0. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return crc;
}

/**
 * Some devices of codec 8 add a section of 16-byte elements that the specification does not have
 * (Traccar calls them “extended”); its count byte shows only in that the records come out longer.
 */
function recordsOf(view: DataView, codec: Codec, end: number): AvlRecord[] | undefined {
  const widths = [1, 2, 4, 8];
  const plain = readRecords({ view, at: HEADER + 2 }, codec, end, widths);
  if (plain !== undefined || codec !== 0x08) return plain;
  return readRecords({ view, at: HEADER + 2 }, codec, end, [...widths, 16]);
}

type Cursor = { readonly view: DataView; at: number };

/** Undefined unless the records end exactly where their count stands the second time. */
function readRecords(cursor: Cursor, codec: Codec, end: number, widths: number[]): AvlRecord[] | undefined {
  const count = cursor.view.getUint8(HEADER + 1);
  const last = end - 1;
  const records: AvlRecord[] = [];
  try {
    for (let i = 0; i < count; i++) {
      records.push(readRecord(cursor, codec, widths));
      if (cursor.at > last) return undefined;
    }
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined; // it ran past the end
    throw thrown;
  }
  return cursor.at === last && cursor.view.getUint8(last) === count ? records : undefined;
}

function readRecord(cursor: Cursor, codec: Codec, widths: number[]): AvlRecord {
  const { view, at } = cursor;
  const fixed = {
    ms: Number(view.getBigUint64(at)),
    priority: view.getUint8(at + 8),
    lng: view.getInt32(at + 9) / 1e7,
    lat: view.getInt32(at + 13) / 1e7,
    altitude: view.getInt16(at + 17),
    angle: view.getUint16(at + 19),
    satellites: view.getUint8(at + 21),
    speedKmh: view.getUint16(at + 22),
  };
  cursor.at = at + 24;
  const isWide = codec === 0x8e;
  const event = take(cursor, codec === 0x08 ? 1 : 2);
  if (codec === 0x10) cursor.at++; // generation type
  cursor.at += isWide ? 2 : 1; // the total, which the sections say again
  const io = new Map<number, AvlRaw>();
  for (const width of widths) {
    const count = take(cursor, isWide ? 2 : 1);
    for (let i = 0; i < count; i++) {
      const id = take(cursor, codec === 0x08 ? 1 : 2);
      io.set(id, takeValue(cursor, width));
    }
  }
  if (isWide) {
    const count = take(cursor, 2);
    for (let i = 0; i < count; i++) {
      const id = take(cursor, 2);
      const width = take(cursor, 2);
      io.set(id, takeBytes(cursor, width));
    }
  }
  return { ...fixed, event, io };
}

function take(cursor: Cursor, width: number): number {
  const { view, at } = cursor;
  cursor.at += width;
  if (width === 1) return view.getUint8(at);
  return width === 2 ? view.getUint16(at) : view.getUint32(at);
}

function takeValue(cursor: Cursor, width: number): AvlRaw {
  if (width < 8) return take(cursor, width);
  if (width > 8) return takeBytes(cursor, width);
  cursor.at += 8;
  return cursor.view.getBigUint64(cursor.at - 8);
}

function takeBytes(cursor: Cursor, width: number): Uint8Array {
  const { view, at } = cursor;
  if (at + width > view.byteLength) throw new RangeError('past the end');
  cursor.at += width;
  return new Uint8Array(view.buffer, view.byteOffset + at, width);
}

const hex = (number: number): string => `0x${number.toString(16)}`;

function refused(reason: Refusal['reason'], detail: string): Refusal {
  return { kind: 'refused', reason, detail };
}
