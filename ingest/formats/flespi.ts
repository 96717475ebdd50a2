import { metresFromKm, mpsFromKmh, shareFromPercent } from '../../schemas/units.ts';
import { countOf, firstOf, isRecord, msOfSeconds, numberOf, truthOf, unlessNegative } from './coerce.ts';
import { type Fields, flawed, flawOf, type MessageFormat, readingOf } from './format.ts';

type Message = Record<string, unknown>;

const names = { ts: 'timestamp', lat: 'position.latitude', lng: 'position.longitude' };

/**
 * Messages of flespi, an object or an array of flat objects (https://flespi.com/kb). `record.seqnum`
 * is not our `seq`: records without a position use it up too, which would look like losses.
 */
export const flespi: MessageFormat = {
  kind: 'messages',
  name: 'flespi',
  title: 'flespi JSON',
  units:
    'timestamp in seconds, speed in km/h, altitude in metres, mileage in kilometres, fuel level in percent',
  topics: ['flespi/message/gw/devices/{device}', 'flespi/message/gw/channels/+/{device}'],
  recognises({ json }) {
    const first: unknown = Array.isArray(json) ? json[0] : json;
    return isRecord(first) && 'ident' in first && 'timestamp' in first;
  },
  pieces: ({ bytes, json }) =>
    json === undefined
      ? flawOf('json', `${bytes.length} bytes that are not JSON`)
      : Array.isArray(json)
        ? json
        : [json],
  deviceOf: (piece) => (isRecord(piece) ? piece.ident : undefined),
  read(piece) {
    if (!isRecord(piece)) return flawed('shape', 'a flespi message is a JSON object');
    const events = eventsOf(piece);
    const fields: Fields = {
      ts: msOfSeconds(piece.timestamp),
      lat: numberOf(piece['position.latitude']),
      lng: numberOf(piece['position.longitude']),
      speed: unlessNegative(piece['position.speed'], mpsFromKmh),
      heading: unlessNegative(piece['position.direction']),
      altitude: numberOf(piece['position.altitude']),
      accuracy: unlessNegative(piece['position.accuracy']),
      satellites: countOf(piece['position.satellites']),
      ignition: truthOf(piece['engine.ignition.status']),
      odometer: unlessNegative(firstOf(piece, ['can.vehicle.mileage', 'vehicle.mileage']), metresFromKm),
      fuel: unlessNegative(piece['can.fuel.level'], shareFromPercent),
      rpm: unlessNegative(piece['can.engine.rpm']),
      buffered: truthOf(piece['message.buffered.status']),
      ...(events.length > 0 && { events }),
    };
    return readingOf(fields, names, piece['position.valid'] === false);
  },
};

function eventsOf(message: Message): { type: string; zone?: string }[] {
  const events: { type: string; zone?: string }[] = [];
  for (const [name, type] of triggers) if (message[name] === true) events.push({ type });
  return events;
}

const triggers: ReadonlyMap<string, string> = new Map([
  ['harsh.braking.event.trigger', 'harsh_braking'],
  ['harsh.acceleration.event.trigger', 'harsh_acceleration'],
  ['harsh.cornering.event.trigger', 'harsh_cornering'],
  ['overspeeding.event.trigger', 'overspeeding'],
  ['towing.event.trigger', 'towing'],
  ['crash.event.trigger', 'crash'],
  ['gsm.jamming.event.trigger', 'jamming'],
  ['alarm.event.trigger', 'alarm'],
  ['geofence.event.enter', 'zone_enter'],
  ['geofence.event.exit', 'zone_exit'],
]);
