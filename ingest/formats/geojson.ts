import { isRecord, msOfAny, numberOf, recordOf, truthOf, unlessNegative } from './coerce.ts';
import { type Fields, flawed, flawOf, type MessageFormat, readingOf } from './format.ts';
import { namedFields } from './named-fields.ts';

const same = (number: number): number => number;

/** A GeoJSON Feature of a Point, or a collection of them (RFC 7946: longitude before latitude). */
export const geojson: MessageFormat = {
  kind: 'messages',
  name: 'geojson',
  title: 'GeoJSON Feature or FeatureCollection',
  units:
    'coordinates as longitude, latitude, metres; speed in m/s, odometer and accuracy in metres; time as ISO 8601 or milliseconds',
  topics: ['geojson', 'geojson/{device}'],
  recognises: ({ json }) => isRecord(json) && (json.type === 'Feature' || json.type === 'FeatureCollection'),
  pieces({ bytes, json }) {
    if (json === undefined) return flawOf('json', `${bytes.length} bytes that are not JSON`);
    if (isRecord(json) && json.type === 'FeatureCollection') {
      return Array.isArray(json.features) ? json.features : flawOf('shape', 'features: must be an array');
    }
    return Array.isArray(json) ? json : [json];
  },
  deviceOf: (piece) => {
    const properties = isRecord(piece) ? recordOf(piece.properties) : {};
    return properties.deviceId ?? properties.device_id ?? properties.device;
  },
  read(piece) {
    if (!isRecord(piece) || piece.type !== 'Feature') return flawed('shape', 'type: must be Feature');
    const { type, coordinates } = recordOf(piece.geometry);
    if (type !== 'Point') return flawed('shape', 'geometry.type: must be Point, which is where a van is');
    const [lng, lat, altitude]: readonly unknown[] = Array.isArray(coordinates) ? coordinates : [];
    const properties = recordOf(piece.properties);
    const named = namedFields(properties, same);
    const fields: Fields = {
      ...named,
      ts: named.ts ?? msOfAny(properties.measuredAt),
      lng: numberOf(lng),
      lat: numberOf(lat),
      altitude: numberOf(altitude) ?? named.altitude,
      odometer: unlessNegative(properties.odometer),
      door: truthOf(properties.door),
    };
    return readingOf(fields, {
      ts: 'properties.time',
      lat: 'geometry.coordinates[1]',
      lng: 'geometry.coordinates[0]',
    });
  },
};
