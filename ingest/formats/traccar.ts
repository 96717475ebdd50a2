import { mpsFromKnots, shareFromPercent } from '../../schemas/units.ts';
import {
  countOf,
  firstOf,
  ifPositive,
  isRecord,
  msOfAny,
  numberOf,
  recordOf,
  truthOf,
  unlessNegative,
} from './coerce.ts';
import { type Fields, flawed, flawOf, type MessageFormat, noted, type Outcome, readingOf } from './format.ts';

type Message = Record<string, unknown>;

/** The query form, as a URL, a bare query or the body of a form. */
const query = /^\s*(?:[^\s?{}[\]]*\?)?&?(?:[A-Za-z_][\w.]*=[^&\s]*)(?:&[^&\s]*)*\s*$/;

/**
 * The three ways in which the Traccar world reports: the query of OsmAnd and of old Traccar Clients
 * (speed in knots), the JSON of Traccar Client 9 (metres per second), and what a Traccar server
 * forwards (knots). `battery` and `odometer` of a client are the phone's and the app's.
 */
export const traccar: MessageFormat = {
  kind: 'messages',
  name: 'traccar',
  title: 'Traccar and OsmAnd',
  units:
    'query: speed in knots; Client JSON: speed in m/s; server forward: speed in knots; altitude, accuracy and odometer in metres; times without a zone are UTC',
  topics: ['traccar', 'traccar/{device}', 'osmand/{device}'],
  recognises: ({ json, text }) =>
    json === undefined
      ? /(?:^|[?&])(?:lat|location|id|deviceid)=/i.test(text) && query.test(text)
      : isRecord(json) && (isClient(json) || isForward(json)),
  pieces({ bytes, json, text }) {
    if (json === undefined) {
      return query.test(text)
        ? [text]
        : flawOf('json', `${bytes.length} bytes that are neither JSON nor a query`);
    }
    // The client sends `location` as an array when it was offline.
    if (isRecord(json) && Array.isArray(json.location)) {
      const { device_id } = json;
      return json.location.map((location) => ({ location, device_id }));
    }
    return Array.isArray(json) ? json : [json];
  },
  deviceOf: (piece) => {
    if (typeof piece !== 'string') {
      return isRecord(piece) ? (recordOf(piece.device).uniqueId ?? piece.device_id) : undefined;
    }
    const values = new URLSearchParams(piece.slice(piece.indexOf('?') + 1).trim());
    return values.get('id') ?? values.get('deviceid');
  },
  read(piece, { received }) {
    if (typeof piece === 'string') return queryOf(piece, received * 1000);
    if (!isRecord(piece)) return flawed('shape', 'a report is a JSON object');
    if (isClient(piece)) return clientOf(recordOf(piece.location));
    if (isForward(piece)) return forwardOf(recordOf(piece.position));
    if (isRecord(piece.device) && isRecord(piece.event))
      return noted('an event of a Traccar server without a position');
    return flawed('shape', 'location (of Traccar Client) or position (of a Traccar server): missing');
  },
};

const isClient = (json: Message): boolean =>
  (isRecord(json.location) && isRecord(json.location.coords)) ||
  (Array.isArray(json.location) && isRecord(json.location[0]) && isRecord(json.location[0].coords));

const isForward = (json: Message): boolean => isRecord(json.position) && 'latitude' in json.position;

/** https://www.traccar.org/osmand/; without a timestamp it is now, as for Traccar. */
function queryOf(text: string, receivedMs: number): Outcome {
  const values = new URLSearchParams(text.slice(text.indexOf('?') + 1).trim());
  const pick = (...keys: readonly string[]) =>
    keys.map((key) => values.get(key)).find((value) => value !== null);
  const [lat, lng] = (pick('location') ?? '').split(',');
  const timestamp = pick('timestamp');
  const fields: Fields = {
    ts: timestamp === undefined ? receivedMs : msOfAny(timestamp),
    lat: numberOf(pick('lat') ?? lat),
    lng: numberOf(pick('lon') ?? lng),
    speed: unlessNegative(pick('speed'), mpsFromKnots),
    heading: unlessNegative(pick('bearing', 'heading')),
    altitude: numberOf(pick('altitude')),
    // 0 metres is what clients send when they do not know.
    accuracy: ifPositive(pick('accuracy')),
    satellites: countOf(pick('sat')),
    ignition: truthOf(pick('ignition')),
    odometer: unlessNegative(pick('odometer')),
    rpm: unlessNegative(pick('rpm')),
    door: truthOf(pick('door')),
  };
  const isNetwork = pick('cell', 'wifi') !== undefined && fields.lat === undefined;
  if (isNetwork) return flawed('shape', 'lat: missing; cells and Wi-Fi networks alone are no position');
  return readingOf(fields, { ts: 'timestamp', lat: 'lat', lng: 'lon' }, truthOf(pick('valid')) === false);
}

function clientOf(location: Message): Outcome {
  const coords = recordOf(location.coords);
  const fields: Fields = {
    ts: msOfAny(location.timestamp),
    lat: numberOf(coords.latitude),
    lng: numberOf(coords.longitude),
    speed: unlessNegative(coords.speed),
    heading: unlessNegative(coords.heading),
    altitude: numberOf(coords.altitude),
    accuracy: unlessNegative(coords.accuracy),
  };
  const names = {
    ts: 'location.timestamp',
    lat: 'location.coords.latitude',
    lng: 'location.coords.longitude',
  };
  return readingOf(fields, names, location.mock === true);
}

/** `fixTime` is when the receiver measured; `outdated` repeats an older position. */
function forwardOf(position: Message): Outcome {
  const attributes = recordOf(position.attributes);
  const alarms = typeof attributes.alarm === 'string' ? attributes.alarm.split(',').slice(0, 16) : [];
  const events = alarms.flatMap((alarm) => alarmNames.get(alarm.trim()) ?? []).map((type) => ({ type }));
  const fields: Fields = {
    ts: msOfAny(firstOf(position, ['fixTime', 'deviceTime'])),
    lat: numberOf(position.latitude),
    lng: numberOf(position.longitude),
    speed: unlessNegative(position.speed, mpsFromKnots),
    heading: unlessNegative(position.course),
    altitude: numberOf(position.altitude),
    accuracy: ifPositive(position.accuracy),
    satellites: countOf(attributes.sat),
    ignition: truthOf(attributes.ignition),
    odometer: unlessNegative(attributes.odometer),
    fuel: unlessNegative(attributes.fuelLevel, shareFromPercent),
    rpm: unlessNegative(attributes.rpm),
    door: truthOf(attributes.door),
    ...(events.length > 0 && { events }),
  };
  const names = { ts: 'position.fixTime', lat: 'position.latitude', lng: 'position.longitude' };
  return readingOf(fields, names, position.valid === false || position.outdated === true);
}

const alarmNames: ReadonlyMap<string, string> = new Map([
  ['hardBraking', 'harsh_braking'],
  ['hardAcceleration', 'harsh_acceleration'],
  ['hardCornering', 'harsh_cornering'],
  ['overspeed', 'overspeeding'],
  ['sos', 'alarm'],
  ['tow', 'towing'],
  ['accident', 'crash'],
  ['powerCut', 'power_cut'],
  ['powerRestored', 'power_restored'],
  ['jamming', 'jamming'],
  ['lowBattery', 'low_battery'],
]);
