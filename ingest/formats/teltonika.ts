import { metresFromKm, mpsFromKmh, shareFromPercent } from '../../schemas/units.ts';
import { countOf, isRecord, numberOf, recordOf, unlessNegative } from './coerce.ts';
import { type Fields, flawed, flawOf, type MessageFormat, type Outcome, readingOf } from './format.ts';
import { avlTable, avlValue } from './teltonika-avl.ts';
import { type AvlRaw, decodeFrame } from './teltonika-codec.ts';

type Message = Record<string, unknown>;
type Happenings = NonNullable<Fields['events']>;

/** One AVL record, whether it came as JSON or as bytes. Everything but the values may be text. */
export type Avl = {
  readonly ms: unknown;
  readonly lat: unknown;
  readonly lng: unknown;
  readonly altitude: unknown;
  readonly angle: unknown;
  readonly satellites: unknown;
  readonly speedKmh: unknown;
  readonly event: unknown;
  /** The raw value of an AVL id. */
  readonly raw: (id: number) => unknown;
};

const names = { ts: 'ts', lat: 'latlng', lng: 'latlng' };

/**
 * Teltonika's Codec JSON (https://wiki.teltonika-gps.com/view/Codec_JSON), and its binary frames
 * where a gateway passes them on. The AVL ids are those of teltonika-avl.ts.
 */
export const teltonika: MessageFormat = {
  kind: 'messages',
  name: 'teltonika',
  title: 'Teltonika Codec JSON, or its binary codecs 8, 8E and 16',
  units:
    'ts in milliseconds, sp in km/h, alt in metres, the AVL elements as in Teltonika’s list (odometer in metres, fuel in percent)',
  topics: ['$aws/things/{device}/shadow/update', 'teltonika/{device}/data', '+/+/teltonika/{device}/data'],
  recognises: ({ json, bytes }) => (isRecord(json) ? isReported(json) : json === undefined && isFrame(bytes)),
  pieces({ bytes, json }) {
    if (json !== undefined) return Array.isArray(json) ? json : [json];
    if (!isFrame(bytes)) return flawOf('json', `${bytes.length} bytes that are neither JSON nor a frame`);
    const frame = decodeFrame(bytes);
    if (frame.kind === 'records') return frame.records;
    return flawOf(frame.reason === 'crc' ? 'crc' : 'format', `${frame.reason}: ${frame.detail}`);
  },
  read(piece) {
    if (!isRecord(piece)) return flawed('shape', 'a report is a JSON object');
    if (piece.io instanceof Map) {
      const record = piece as Omit<Avl, 'raw'> & { readonly io: ReadonlyMap<number, AvlRaw> };
      return avlReading({ ...record, raw: (id) => record.io.get(id) });
    }
    if ('RSP' in piece) return { kind: 'answer', body: { text: storableText(String(piece.RSP)) } };
    const reported = recordOf(recordOf(piece.state).reported);
    if (!('latlng' in reported)) return flawed('shape', 'state.reported.latlng: missing');
    return avlReading(jsonRecord(reported));
  },
};

/** Whether a shadow holds a Teltonika report, rather than that of another device. */
export const isReported = (json: Message): boolean =>
  'RSP' in json || typeof recordOf(recordOf(json.state).reported).latlng === 'string';

const RESPONSE_MAX = 4_000;

/** The text of a response as the database holds it: without NUL and halves of characters. */
export const storableText = (text: string): string =>
  [...text.slice(0, RESPONSE_MAX)].join('').replace(/[\0\ud800-\udfff]/gu, '');

const isFrame = (bytes: Uint8Array): boolean =>
  bytes.length >= 12 && bytes[0] === 0 && bytes[1] === 0 && bytes[2] === 0 && bytes[3] === 0;

function jsonRecord(reported: Message): Avl {
  const [lat, lng] = typeof reported.latlng === 'string' ? reported.latlng.split(',') : [];
  return {
    ms: reported.ts,
    lat,
    lng,
    altitude: reported.alt,
    angle: reported.ang,
    satellites: reported.sat,
    speedKmh: reported.sp,
    event: reported.evt,
    raw: (id) => reported[String(id)],
  };
}

/** AVL id 69 while the receiver has no position. */
const withoutFix: ReadonlySet<number | undefined> = new Set([0, 2, 3]);

/** A reading of one record, the same for JSON, MQTT and TCP. */
export function avlReading(avl: Avl): Outcome {
  const value = (id: number): number | undefined => {
    const element = avlTable.get(id);
    const raw = numberOf(avl.raw(id));
    return element === undefined || raw === undefined ? undefined : avlValue(element, raw);
  };
  const satellites = countOf(avl.satellites);
  const ignition = value(239);
  const door = value(662) ?? value(654) ?? value(90);
  const events = eventsOf(numberOf(avl.event), value);
  const fields: Fields = {
    ts: numberOf(avl.ms),
    lat: numberOf(avl.lat),
    lng: numberOf(avl.lng),
    altitude: numberOf(avl.altitude),
    heading: unlessNegative(avl.angle),
    satellites,
    speed: unlessNegative(avl.speedKmh, mpsFromKmh),
    ignition: ignition === undefined ? undefined : ignition !== 0,
    odometer: value(16) ?? value(87) ?? unlessNegative(value(389), metresFromKm) ?? value(105),
    fuel: unlessNegative(value(89) ?? value(48), shareFromPercent),
    rpm: value(85) ?? value(36),
    door: door === undefined ? undefined : door !== 0,
    ...(events.length > 0 && { events }),
  };
  // Without satellites the position is the last one the receiver had.
  return readingOf(fields, names, satellites === 0 || withoutFix.has(value(69)));
}

/** What the element that triggered the report says happened, in internal units (g, m/s). */
function eventsOf(id: number | undefined, value: (id: number) => number | undefined): Happenings {
  const state = id === undefined ? undefined : value(id);
  if (id === undefined || state === undefined) return [];
  if (id >= 155 && id <= 159) {
    const type = zoneChanges[state];
    return type === undefined ? [] : [{ type, value: id - 154 }];
  }
  if (id === 253) {
    const type = greenDriving[state];
    const strength = value(254);
    return type === undefined ? [] : [strength === undefined ? { type } : { type, value: strength }];
  }
  if (id === 255) return [{ type: 'overspeeding', value: mpsFromKmh(state) }];
  const type = state === 0 ? endings.get(id) : beginnings.get(id);
  return type === undefined ? [] : [{ type }];
}

const greenDriving: readonly (string | undefined)[] = [
  undefined,
  'harsh_acceleration',
  'harsh_braking',
  'harsh_cornering',
];
const zoneChanges: readonly (string | undefined)[] = ['zone_exit', 'zone_enter'];

const beginnings: ReadonlyMap<number, string> = new Map([
  [175, 'zone_enter'],
  [236, 'alarm'],
  [239, 'ignition_on'],
  [246, 'towing'],
  [247, 'crash'],
  [249, 'jamming'],
  [250, 'trip_start'],
  [251, 'idling_start'],
  [252, 'power_cut'],
]);
const endings: ReadonlyMap<number, string> = new Map([
  [175, 'zone_exit'],
  [239, 'ignition_off'],
  [250, 'trip_end'],
  [251, 'idling_end'],
  [252, 'power_restored'],
]);
