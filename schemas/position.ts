import { degreesFromRadians, radiansFromDegrees } from './units.ts';

/** WGS 84, degrees. Longitude before latitude wherever the two stand side by side. */
export type Position = { readonly lng: number; readonly lat: number };

/** Mean Earth radius (IUGG R1), metres. */
export const EARTH_RADIUS = 6_371_008.8;

/** Metres of one degree of latitude on that sphere. */
export const METRES_PER_DEGREE = (EARTH_RADIUS * Math.PI) / 180;

/**
 * Great-circle distance in metres (haversine,
 * https://www.movable-type.co.uk/scripts/latlong.html).
 */
export function distance(a: Position, b: Position): number {
  return distanceOf(a.lng, a.lat, b.lng, b.lat);
}

/** `distance` on bare numbers, for loops that hold columns rather than objects. */
export function distanceOf(aLng: number, aLat: number, bLng: number, bLat: number): number {
  const sinLat = Math.sin(radiansFromDegrees(bLat - aLat) / 2);
  const sinLng = Math.sin(radiansFromDegrees(bLng - aLng) / 2);
  const cos = Math.cos(radiansFromDegrees(aLat)) * Math.cos(radiansFromDegrees(bLat));
  const h = sinLat * sinLat + cos * sinLng * sinLng;
  return 2 * EARTH_RADIUS * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** Initial bearing from a to b, degrees clockwise from north in [0, 360). */
export function bearing(a: Position, b: Position): number {
  const east = Math.sin(radiansFromDegrees(b.lng - a.lng)) * Math.cos(radiansFromDegrees(b.lat));
  const north =
    Math.cos(radiansFromDegrees(a.lat)) * Math.sin(radiansFromDegrees(b.lat)) -
    Math.sin(radiansFromDegrees(a.lat)) *
      Math.cos(radiansFromDegrees(b.lat)) *
      Math.cos(radiansFromDegrees(b.lng - a.lng));
  return (degreesFromRadians(Math.atan2(east, north)) + 360) % 360;
}

/**
 * A plane that touches the sphere at `origin`: x metres east, y metres north. Good to 0.1 % within
 * 50 km of the origin away from the poles.
 */
export type Frame = {
  readonly origin: Position;
  readonly x: (lng: number) => number;
  readonly y: (lat: number) => number;
  readonly position: (x: number, y: number) => Position;
};

export function frame(origin: Position): Frame {
  const perLng = METRES_PER_DEGREE * Math.cos(radiansFromDegrees(origin.lat));
  return {
    origin,
    x: (lng) => (lng - origin.lng) * perLng,
    y: (lat) => (lat - origin.lat) * METRES_PER_DEGREE,
    position: (x, y) => ({ lng: origin.lng + x / perLng, lat: origin.lat + y / METRES_PER_DEGREE }),
  };
}
