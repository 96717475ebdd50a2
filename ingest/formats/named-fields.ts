import { mpsFromKmh } from '../../schemas/units.ts';
import { countOf, firstOf, msOfAny, numberOf, recordOf, truthOf, unlessNegative } from './coerce.ts';
import type { Fields } from './format.ts';

/** The words that generic JSON uses for the fields of a fix, best first. */
export const words = {
  ts: ['ts', 'timestamp', 'time', 'datetime', 'fixTime', 'gps_time', 'gpsTime', 'utc', 'date'],
  lat: ['lat', 'latitude', 'Latitude', 'y'],
  lng: ['lng', 'lon', 'long', 'longitude', 'Longitude', 'x'],
  speed: ['speed', 'velocity', 'vel', 'spd', 'Speed'],
  heading: ['heading', 'bearing', 'course', 'direction', 'cog', 'azimuth'],
  altitude: ['altitude', 'alt', 'elevation'],
  accuracy: ['accuracy', 'acc', 'horizontalAccuracy'],
  satellites: ['satellites', 'sat', 'sats'],
  ignition: ['ignition', 'ign', 'acc_on', 'engineOn'],
  odometer: ['odometer', 'odo', 'mileage'],
  rpm: ['rpm', 'engineRpm'],
} as const;

/**
 * Fields by their usual names. The odometer and the fuel are left out: nobody agrees on their units,
 * so a mapping has to say them.
 */
export function namedFields(
  values: Record<string, unknown>,
  speedOf: (speed: number) => number = mpsFromKmh,
): Fields {
  const place = { ...recordOf(values.location), ...recordOf(values.position), ...values };
  const pick = (field: keyof typeof words) => firstOf(place, words[field]);
  return {
    ts: msOfAny(pick('ts')),
    lat: numberOf(pick('lat')),
    lng: numberOf(pick('lng')),
    speed: unlessNegative(pick('speed'), speedOf),
    heading: unlessNegative(pick('heading')),
    altitude: numberOf(pick('altitude')),
    accuracy: unlessNegative(pick('accuracy')),
    satellites: countOf(pick('satellites')),
    ignition: truthOf(pick('ignition')),
    rpm: unlessNegative(pick('rpm')),
  };
}
