import { metresFromKm, mpsFromKmh, shareFromPercent } from '../../schemas/units.ts';
import { converted, isRecord, msOfSeconds, numberOf, plainText, truthOf, unlessNegative } from './coerce.ts';
import { type Fields, flawed, flawOf, type MessageFormat, noted, type Outcome, readingOf } from './format.ts';

type Message = Record<string, unknown>;
type Happenings = NonNullable<Fields['events']>;

const names = { ts: 'tst', lat: 'lat', lng: 'lon' };

/** Understood, and no fix in it: https://owntracks.org/booklet/tech/json/ */
const silent: ReadonlyMap<string, string> = new Map([
  ['lwt', 'the broker’s word that the device went offline'],
  ['status', 'the state of the app'],
  ['card', 'the name and picture of a person'],
  ['cmd', 'a command to a device'],
  ['steps', 'a count of steps'],
  ['beacon', 'a beacon that was seen'],
  ['configuration', 'the settings of the app'],
  ['dump', 'the settings of the app'],
]);

/**
 * OwnTracks JSON, of the apps and of trackers that speak it (Queclink by qtripp). `batt` is the
 * phone's battery, so it is not the van's state of charge.
 */
export const owntracks: MessageFormat = {
  kind: 'messages',
  name: 'owntracks',
  title: 'OwnTracks JSON',
  units: 'tst in seconds, vel in km/h, acc and alt in metres, odometer in kilometres, flvl in percent',
  topics: ['owntracks/+/{device}/#'],
  recognises: ({ json }) => isRecord(Array.isArray(json) ? json[0] : json) && '_type' in first(json),
  pieces({ bytes, json }) {
    // An empty payload clears what a broker retained; it says nothing.
    if (bytes.length === 0) return [];
    if (json === undefined) return flawOf('json', `${bytes.length} bytes that are not JSON`);
    return Array.isArray(json) ? json : [json];
  },
  read: (piece) => {
    if (!isRecord(piece)) return flawed('shape', 'an OwnTracks message is a JSON object');
    const { _type: type } = piece;
    if (type === 'location') return locationOf(piece);
    if (type === 'transition') return transitionOf(piece);
    if (type === 'encrypted') {
      return flawed(
        'format',
        'encrypted by the app with a key that Paceline does not hold: clear “encryption key” in the app and use TLS instead',
      );
    }
    if (type === 'waypoint' || type === 'waypoints') {
      return flawed('format', 'waypoints are places, not where the device is: import them as geofences');
    }
    const meaning = typeof type === 'string' ? silent.get(type) : undefined;
    return meaning === undefined
      ? flawed('format', '_type: must be location or transition for a fix')
      : noted(`${type}: ${meaning}`);
  },
};

const first = (json: unknown): object => (Array.isArray(json) ? json[0] : json) as object;

function locationOf(message: Message): Outcome {
  const fields: Fields = {
    ...positionOf(message),
    altitude: numberOf(message.alt),
    speed: unlessNegative(message.vel, mpsFromKmh),
    heading: unlessNegative(message.cog),
    odometer: unlessNegative(message.odometer, metresFromKm),
    fuel: unlessNegative(message.flvl, shareFromPercent),
    rpm: unlessNegative(message.rpm),
    ignition: message.t === 'i' ? true : message.t === 'I' ? false : truthOf(message.ign),
    sent: msOfSeconds(message.created_at),
    events: eventsOf(message),
  };
  // "The tst in a ping is that of the ping itself, not the GPS fix" (OwnTracks booklet).
  const reading = readingOf(fields, names, message.t === 'p');
  // “r”: the response to a reportLocation command.
  return message.t === 'r' && reading.kind === 'reading' ? { ...reading, obeys: 'locate' } : reading;
}

function transitionOf(message: Message): Outcome {
  const { event } = message;
  if (event !== 'enter' && event !== 'leave') return flawed('shape', 'event: must be enter or leave');
  const region = plainText(message.desc);
  const events = [{ type: `region_${event}`, ...(region !== undefined && { region }) }];
  return readingOf({ ...positionOf(message), events }, names);
}

function positionOf(message: Message): Fields {
  return {
    ts: msOfSeconds(message.tst),
    lat: numberOf(message.lat),
    lng: numberOf(message.lon),
    accuracy: unlessNegative(message.acc),
  };
}

/** Triggers of vehicle trackers; `rty` tells the kinds of harshness apart as Traccar's decoder does. */
function eventsOf(message: Message): Happenings | undefined {
  const type = eventType(message.t, numberOf(message.rty));
  if (type === undefined) return undefined;
  const value = type === 'overspeeding' ? converted(message.vel, mpsFromKmh) : undefined;
  return [value === undefined ? { type } : { type, value }];
}

function eventType(trigger: unknown, rty: number | undefined): string | undefined {
  if (trigger === 'h') {
    if (rty === 0 || rty === 3) return 'harsh_braking';
    if (rty === 1 || rty === 4) return 'harsh_acceleration';
    return rty === 2 || rty === 5 ? 'harsh_cornering' : 'harsh_driving';
  }
  return typeof trigger === 'string' ? triggers.get(trigger) : undefined;
}

const triggers: ReadonlyMap<string, string> = new Map([
  ['i', 'ignition_on'],
  ['I', 'ignition_off'],
  ['s', 'overspeeding'],
  ['e', 'power_cut'],
  ['E', 'power_restored'],
  ['!', 'towing'],
  ['9', 'low_battery'],
]);
