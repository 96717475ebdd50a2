import { isRecord, recordOf } from './coerce.ts';
import { flawed, flawOf, type MessageFormat, noted, readingOf } from './format.ts';
import { namedFields } from './named-fields.ts';
import { isReported, teltonika } from './teltonika.ts';

/**
 * The envelope of an AWS IoT device shadow, `state.reported`, with fields of the usual names, and
 * the payload of AWS's device simulator, which has the same without the envelope.
 */
export const awsShadow: MessageFormat = {
  kind: 'messages',
  name: 'aws-shadow',
  title: 'AWS IoT device shadow',
  units: 'time as ISO 8601 (UTC without a zone), seconds or milliseconds; speed in km/h; altitude in metres',
  topics: [
    '$aws/things/{device}/shadow/update',
    '$aws/things/{device}/shadow/name/+/update',
    'dt/aws/{device}/telemetry',
  ],
  recognises: ({ json }) =>
    isRecord(json) &&
    !isReported(json) &&
    (isRecord(json.state) || (isRecord(json.location) && 'VIN' in json)),
  pieces: ({ bytes, json }) =>
    json === undefined ? flawOf('json', `${bytes.length} bytes that are not JSON`) : [json],
  read(piece, arrival) {
    if (!isRecord(piece)) return flawed('shape', 'a shadow is a JSON object');
    if (isReported(piece)) return teltonika.read(piece, arrival);
    const { state } = piece;
    if (isRecord(state) && !('reported' in state))
      return noted('what is desired of the device, not what it reports');
    const reported = isRecord(state) ? recordOf(state.reported) : piece;
    const fields = namedFields(reported);
    // The envelope has a time of its own, in seconds, as AWS writes it into accepted documents.
    const ts = fields.ts ?? namedFields({ ts: piece.timestamp }).ts;
    const where = isRecord(state) ? 'state.reported.' : '';
    return readingOf(
      { ...fields, ts },
      { ts: `${where}timestamp`, lat: `${where}latitude`, lng: `${where}longitude` },
    );
  },
};
