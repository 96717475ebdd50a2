import { buffer, circle, lineString } from '@turf/turf';
import type { FenceShape } from '../../schemas/fence.ts';
import type { FenceFeatures } from '../api.ts';
import type { FenceRow } from '../queries/places.ts';

type Feature = FenceFeatures['features'][number];

/** A fence as GeoJSON draws it. */
export function fenceFeature({ fenceId, set, name, kind, shape }: FenceRow): Feature {
  return {
    type: 'Feature',
    properties: { fenceId, set, name, kind },
    geometry: { type: 'MultiPolygon', coordinates: outline(shape) },
  };
}

function outline(shape: FenceShape): Feature['geometry']['coordinates'] {
  if (shape.kind === 'polygon') {
    return shape.polygons.map((rings) => rings.map((ring) => ring.map((corner) => [...corner])));
  }
  if (shape.kind === 'circle') {
    const round = circle([...shape.centre], shape.radius, { units: 'meters', steps: 64 });
    return [round.geometry.coordinates];
  }
  const line = lineString(shape.line.map((corner) => [...corner]));
  const around = buffer(line, shape.width / 2, { units: 'meters' });
  if (!around) return [];
  const { geometry } = around;
  return geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
}
