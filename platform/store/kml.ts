import { buffer, circle, lineString } from '@turf/turf';
import type { Coordinate } from '../../schemas/fence.ts';
import type { NewFence } from '../../schemas/fence-desk.ts';

/** Corners of what KML has no word for: a circle. */
const CORNERS = 64;

/** Fences as KML 2.2 (OGC 07-147r2): a folder a set, a placemark a fence; circles and corridors as their outlines. */
export function kmlOf(fences: readonly NewFence[]): string {
  const sets = new Map<string, NewFence[]>();
  for (const fence of fences) {
    const others = sets.get(fence.set);
    if (others) others.push(fence);
    else sets.set(fence.set, [fence]);
  }
  const folders = [...sets].map(([set, own]) => {
    const placemarks = own.map(
      (fence) => `<Placemark><name>${escaped(fence.name)}</name>${geometryOf(fence)}</Placemark>`,
    );
    return `<Folder><name>${escaped(set)}</name>\n${placemarks.join('\n')}\n</Folder>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>',
    ...folders,
    '</Document></kml>\n',
  ].join('\n');
}

type Rings = readonly (readonly (readonly number[])[])[];

function geometryOf({ shape }: NewFence): string {
  if (shape.kind === 'polygon') return polygons(shape.polygons);
  if (shape.kind === 'circle') {
    const round = circle([...shape.centre], shape.radius, { units: 'meters', steps: CORNERS });
    return polygons([round.geometry.coordinates]);
  }
  const line = lineString(shape.line.map((corner: Coordinate) => [...corner]));
  const around = buffer(line, shape.width / 2, { units: 'meters' })?.geometry;
  if (!around) return '';
  return polygons(around.type === 'Polygon' ? [around.coordinates] : around.coordinates);
}

function polygons(parts: readonly Rings[]): string {
  const written = parts.map(([outline = [], ...holes]) => {
    const inner = holes.map((hole) => `<innerBoundaryIs>${ringOf(hole)}</innerBoundaryIs>`).join('');
    return `<Polygon><outerBoundaryIs>${ringOf(outline)}</outerBoundaryIs>${inner}</Polygon>`;
  });
  return written.length === 1 ? written[0]! : `<MultiGeometry>${written.join('')}</MultiGeometry>`;
}

const ringOf = (ring: readonly (readonly number[])[]): string =>
  `<LinearRing><coordinates>${ring.map(([lng, lat]) => `${lng},${lat}`).join(' ')}</coordinates></LinearRing>`;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
