/** The part of GeoJSON that the map uses. */
export type LngLat = [number, number];

export type Geometry =
  | { type: 'Point'; coordinates: LngLat }
  | { type: 'LineString'; coordinates: LngLat[] }
  | { type: 'MultiLineString'; coordinates: LngLat[][] }
  | { type: 'Polygon'; coordinates: LngLat[][] }
  | { type: 'MultiPolygon'; coordinates: LngLat[][][] };

export type Feature = {
  type: 'Feature';
  properties: Record<string, string | number | boolean | null>;
  geometry: Geometry;
};

export type FeatureCollection = { type: 'FeatureCollection'; features: Feature[] };

export const noFeatures: FeatureCollection = { type: 'FeatureCollection', features: [] };

export const feature = (
  geometry: Geometry,
  properties: Record<string, string | number | boolean | null> = {},
): Feature => ({ type: 'Feature', properties, geometry });

/** Every vertex of a collection. */
export function* vertices({ features }: FeatureCollection): Generator<LngLat> {
  for (const { geometry } of features) {
    if (geometry.type === 'Point') yield geometry.coordinates;
    else yield* flat(geometry.coordinates);
  }
}

function* flat(coordinates: LngLat[] | LngLat[][] | LngLat[][][]): Generator<LngLat> {
  for (const part of coordinates) {
    if (typeof part[0] === 'number') yield part as LngLat;
    else yield* flat(part as LngLat[] | LngLat[][]);
  }
}
