import type { City, Ring } from './city.ts';
import { type Graph, roadClasses } from './graph.ts';
import { turnAngle } from './paths.ts';

/** GeoJSON for a map: streets as lines (`class`), water and parks as polygons (`kind`). */
export type Basemap = {
  readonly type: 'FeatureCollection';
  readonly features: readonly BasemapFeature[];
};

type BasemapFeature =
  | {
      readonly type: 'Feature';
      readonly properties: { readonly kind: 'water' | 'park' };
      readonly geometry: { readonly type: 'Polygon'; readonly coordinates: readonly Ring[] };
    }
  | {
      readonly type: 'Feature';
      readonly properties: { readonly class: string };
      readonly geometry: { readonly type: 'LineString'; readonly coordinates: readonly Coordinate[] };
    };

type Coordinate = readonly [number, number];

/** Pieces of street are joined where they go straight on, so there are a few hundred long lines. */
export function basemap(city: City): Basemap {
  const area =
    (kind: 'water' | 'park') =>
    (ring: Ring): BasemapFeature => ({
      type: 'Feature',
      properties: { kind },
      geometry: { type: 'Polygon', coordinates: [ring] },
    });
  return {
    type: 'FeatureCollection',
    features: [...city.water.map(area('water')), ...city.parks.map(area('park')), ...streets(city.graph)],
  };
}

/** Degrees by which a street may bend and still be the same line. */
const STRAIGHT = 30;

function streets(graph: Graph): BasemapFeature[] {
  const drawn = new Uint8Array(graph.edgeCount);
  const features: BasemapFeature[] = [];
  // Small roads first, so that wide ones are drawn above them.
  for (let roadClass = roadClasses.length - 1; roadClass >= 0; roadClass--) {
    for (let edge = 0; edge < graph.edgeCount; edge++) {
      if (graph.roadClass[edge] !== roadClass || drawn[edge]) continue;
      const coordinates: Coordinate[] = [];
      for (let next = edge; next >= 0; next = straightOn(graph, next, drawn)) {
        mark(graph, next, drawn);
        const skip = coordinates.length > 0 ? 1 : 0;
        for (let i = graph.shapeFirst[next]! + skip; i < graph.shapeFirst[next + 1]!; i++) {
          coordinates.push([round(graph.shapeLng[i]!), round(graph.shapeLat[i]!)]);
        }
      }
      const properties = { class: roadClasses[roadClass]! };
      features.push({ type: 'Feature', properties, geometry: { type: 'LineString', coordinates } });
    }
  }
  return features;
}

function mark(graph: Graph, edge: number, drawn: Uint8Array): void {
  drawn[edge] = 1;
  const twin = graph.twin[edge]!;
  if (twin >= 0) drawn[twin] = 1;
}

function straightOn(graph: Graph, edge: number, drawn: Uint8Array): number {
  const node = graph.to[edge]!;
  let [best, least] = [-1, STRAIGHT];
  for (let next = graph.firstEdge[node]!; next < graph.firstEdge[node + 1]!; next++) {
    if (drawn[next] || graph.roadClass[next] !== graph.roadClass[edge]) continue;
    const bend = Math.abs(turnAngle(graph, edge, next));
    if (bend < least) [best, least] = [next, bend];
  }
  return best;
}

const round = (degrees: number): number => Math.round(degrees * 1e6) / 1e6;
