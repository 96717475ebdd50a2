import { kinks, polygon } from '@turf/turf';
import type { Coordinate, FenceShape, PolygonRings } from '../../schemas/fence.ts';

/** Turf needs mutable rings; it does not write to them. */
type Rings = [number, number][][];

/**
 * Why a shape is no fence, with the remedy; undefined when it is one. A ring may touch itself at a
 * vertex (real boundaries do) but not cross itself: there inside and outside swap unseen.
 */
export function fenceProblem(shape: FenceShape): string | undefined {
  switch (shape.kind) {
    case 'circle':
      if (!(shape.radius > 0 && shape.radius <= 1_000_000)) {
        return `radius ${shape.radius} is not between 0 and 1,000,000 metres`;
      }
      return coordinateProblem(shape.centre);
    case 'corridor':
      if (!(shape.width > 0 && shape.width <= 100_000)) {
        return `width ${shape.width} is not between 0 and 100,000 metres`;
      }
      if (shape.line.length < 2) return 'a corridor needs a line of at least 2 positions';
      return firstProblem(shape.line, coordinateProblem);
    case 'polygon':
      if (shape.polygons.length === 0) return 'it has no polygon; give it at least one ring';
      return firstProblem(shape.polygons, polygonProblem);
  }
}

function polygonProblem(rings: PolygonRings, index: number): string | undefined {
  if (rings.length === 0) return `polygon ${index + 1} has no ring; give it an outline`;
  const problem = firstProblem(rings, ringProblem);
  return problem ?? firstProblem(rings, crossingProblem);
}

function ringProblem(ring: readonly Coordinate[], index: number): string | undefined {
  const name = index === 0 ? 'the outline' : `hole ${index}`;
  const outside = firstProblem(ring, coordinateProblem);
  if (outside !== undefined) return `${name}: ${outside}`;
  const [first, last] = [ring[0], ring.at(-1)];
  if (ring.length < 4 || first === undefined || last === undefined) {
    return `${name} has ${ring.length} positions; a closed ring needs at least 4`;
  }
  if (first[0] !== last[0] || first[1] !== last[1]) {
    return `${name} is not closed: repeat its first position [${first[0]}, ${first[1]}] at the end`;
  }
  return undefined;
}

function crossingProblem(ring: readonly Coordinate[], index: number): string | undefined {
  const vertices = new Set(ring.map(([lng, lat]) => `${lng},${lat}`));
  const points = kinks(polygon([ring.map(([lng, lat]) => [lng, lat])] as Rings)).features;
  const crossing = points.map((point) => point.geometry.coordinates).find((c) => !vertices.has(c.join(',')));
  if (crossing === undefined) return undefined;
  const [lng = 0, lat = 0] = crossing;
  const name = index === 0 ? 'the outline' : `hole ${index}`;
  return `${name} crosses itself near [${lng.toFixed(6)}, ${lat.toFixed(6)}]; redraw it or split it there`;
}

/** Also used for the positions of depots and stops. */
export function coordinateProblem(coordinate: Coordinate): string | undefined {
  const [lng, lat] = coordinate;
  if (!Number.isFinite(lng) || !Number.isFinite(lat)) return `[${lng}, ${lat}] is not a position`;
  if (Math.abs(lat) <= 90 && Math.abs(lng) <= 180) return undefined;
  const swapped = Math.abs(lng) <= 90 && Math.abs(lat) <= 180;
  const remedy = swapped ? 'longitude comes first; swap the two' : 'longitude is within ±180, latitude ±90';
  return `[${lng}, ${lat}] is not on Earth; ${remedy}`;
}

function firstProblem<T>(
  items: readonly T[],
  problem: (item: T, index: number) => string | undefined,
): string | undefined {
  for (const [index, item] of items.entries()) {
    const found = problem(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}
