import { plainText } from './coerce.ts';
import { type Fields, flawed, flawOf, type MessageFormat, readingOf } from './format.ts';
import {
  boolOf,
  doubleOf,
  messagesOf,
  sfixed32Of,
  sintOf,
  textOf,
  uintOf,
  type WireField,
  wireFields,
} from './protobuf-wire.ts';

/** A fix with what all fixes of its message have in common. */
type Piece = {
  readonly fix: readonly WireField[];
  readonly base: number;
  readonly boot: string | undefined;
};

const FIXES = 1;
const BASE = 2;
const BOOT = 3;
const BOOT_MAX = 64;
const EVENTS_MAX = 64;

/** Our own message as Protocol Buffers: schemas/paceline.proto. */
export const protobuf: MessageFormat = {
  kind: 'messages',
  name: 'protobuf',
  title: 'Paceline’s own message as Protocol Buffers',
  units:
    'those of schemas/paceline.proto: milliseconds after base, 1e-7 degrees, cm/s, tenths of degrees and metres, thousandths',
  topics: ['protobuf/{device}'],
  recognises: ({ bytes, json }) => {
    if (json !== undefined) return false;
    const pieces = piecesOf(bytes);
    return pieces !== undefined && pieces.length > 0 && pieces.every(({ fix }) => hasPlace(fix));
  },
  pieces: ({ bytes }) =>
    piecesOf(bytes) ?? flawOf('format', `${bytes.length} bytes that are no message Fixes of paceline.proto`),
  read(piece) {
    const { fix, base, boot } = piece as Piece;
    if (boot !== undefined && boot.length > BOOT_MAX) {
      return flawed('shape', `boot: must be text of at most ${BOOT_MAX} characters`);
    }
    const events = messagesOf(fix, 19);
    if (events === undefined || events.length > EVENTS_MAX) {
      return flawed('shape', `events: must be at most ${EVENTS_MAX} messages Event`);
    }
    return readingOf(fieldsOf(fix, base, boot, events), { ts: 'ts', lat: 'lat', lng: 'lng' });
  },
};

function piecesOf(bytes: Uint8Array): readonly Piece[] | undefined {
  const fields = wireFields(bytes);
  const fixes = fields && messagesOf(fields, FIXES);
  if (fields === undefined || fixes === undefined || fixes.length === 0) return undefined;
  const base = uintOf(fields, BASE) ?? 0;
  const boot = textOf(fields, BOOT);
  return fixes.map((fix) => ({ fix, base, boot }));
}

const hasPlace = (fix: readonly WireField[]): boolean =>
  sintOf(fix, 1) !== undefined && sfixed32Of(fix, 2) !== undefined && sfixed32Of(fix, 3) !== undefined;

const scaled = (value: number | undefined, unit: number): number | undefined =>
  value === undefined ? undefined : value / unit;

function fieldsOf(
  fix: readonly WireField[],
  base: number,
  boot: string | undefined,
  events: readonly (readonly WireField[])[],
): Fields {
  const instant = (offset: number | undefined) => (offset === undefined ? undefined : base + offset);
  const happenings = events.map((event) => {
    const [value, ts] = [doubleOf(event, 2), instant(sintOf(event, 3))];
    return {
      type: plainText(textOf(event, 1)) || 'event',
      ...(value !== undefined && Number.isFinite(value) && { value }),
      ...(ts !== undefined && { ts }),
    };
  });
  return {
    ts: instant(sintOf(fix, 1)),
    lat: scaled(sfixed32Of(fix, 2), 1e7),
    lng: scaled(sfixed32Of(fix, 3), 1e7),
    seq: uintOf(fix, 4),
    boot,
    speed: scaled(uintOf(fix, 5), 100),
    heading: scaled(uintOf(fix, 6), 10),
    accuracy: scaled(uintOf(fix, 7), 10),
    altitude: scaled(sintOf(fix, 8), 10),
    satellites: uintOf(fix, 9),
    ignition: boolOf(fix, 10),
    odometer: scaled(uintOf(fix, 11), 10),
    fuel: scaled(uintOf(fix, 12), 1000),
    soc: scaled(uintOf(fix, 13), 1000),
    rpm: uintOf(fix, 14),
    door: boolOf(fix, 15),
    belt: boolOf(fix, 16),
    sent: instant(sintOf(fix, 17)),
    buffered: boolOf(fix, 18),
    ...(happenings.length > 0 && { events: happenings }),
  };
}
