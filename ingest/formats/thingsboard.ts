import { isRecord, msOfAny, recordOf } from './coerce.ts';
import { flawed, flawOf, type MessageFormat, readingOf } from './format.ts';
import { namedFields } from './named-fields.ts';

/**
 * ThingsBoard's device API: values alone, or with their time, or an array of these
 * (https://thingsboard.io/docs/reference/mqtt-api/). Without `ts` it is now, as for ThingsBoard.
 */
export const thingsboard: MessageFormat = {
  kind: 'messages',
  name: 'thingsboard',
  title: 'ThingsBoard telemetry',
  units: 'ts in milliseconds, speed in km/h, altitude in metres',
  topics: ['v1/devices/me/telemetry', 'v1/devices/{device}/telemetry'],
  recognises({ json }) {
    const first: unknown = Array.isArray(json) ? json[0] : json;
    return isRecord(first) && 'ts' in first && isRecord(first.values);
  },
  pieces: ({ bytes, json }) =>
    json === undefined
      ? flawOf('json', `${bytes.length} bytes that are not JSON`)
      : Array.isArray(json)
        ? json
        : [json],
  read(piece, { received }) {
    if (!isRecord(piece)) return flawed('shape', 'telemetry is a JSON object');
    const isTimed = isRecord(piece.values);
    const fields = namedFields(isTimed ? recordOf(piece.values) : piece);
    const ts = isTimed ? msOfAny(piece.ts) : (fields.ts ?? received * 1000);
    return readingOf({ ...fields, ts }, { ts: 'ts', lat: 'values.latitude', lng: 'values.longitude' });
  },
};
