import type { Position } from '../../schemas/position.ts';
import type { City } from './city.ts';
import { roadClasses } from './graph.ts';
import type { Place } from './paths.ts';

/** Cells of the grid streets are looked up in, metres. */
const CELL = 250;
const STREETS = roadClasses.indexOf('primary');

/** Where a van stands for an address anywhere: the nearest street that one may stop in. */
export function openKerbs({ graph, frame }: City): (position: Position) => Place {
  const cells = new Map<string, number[]>();
  const cellOf = (metres: number): number => Math.floor(metres / CELL);
  for (let edge = 0; edge < graph.edgeCount; edge++) {
    if (graph.roadClass[edge]! < STREETS) continue;
    for (let i = graph.shapeFirst[edge]!; i < graph.shapeFirst[edge + 1]!; i++) {
      const key = `${cellOf(frame.x(graph.shapeLng[i]!))} ${cellOf(frame.y(graph.shapeLat[i]!))}`;
      const edges = cells.get(key) ?? [];
      if (edges.length === 0) cells.set(key, edges);
      if (edges.at(-1) !== edge) edges.push(edge);
    }
  }
  const nearestOn = (edge: number, x: number, y: number) => {
    let best = { away: Number.POSITIVE_INFINITY, offset: 0 };
    let along = 0;
    for (let i = graph.shapeFirst[edge]!; i + 1 < graph.shapeFirst[edge + 1]!; i++) {
      const [ax, ay] = [frame.x(graph.shapeLng[i]!), frame.y(graph.shapeLat[i]!)];
      const [bx, by] = [frame.x(graph.shapeLng[i + 1]!), frame.y(graph.shapeLat[i + 1]!)];
      const length = Math.hypot(bx - ax, by - ay);
      const onto = length === 0 ? 0 : ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length ** 2;
      const share = Math.max(0, Math.min(1, onto));
      const away = Math.hypot(ax + (bx - ax) * share - x, ay + (by - ay) * share - y);
      if (away < best.away) best = { away, offset: along + length * share };
      along += length;
    }
    return best;
  };
  return ({ lng, lat }) => {
    const [x, y] = [frame.x(lng), frame.y(lat)];
    const [column, row] = [cellOf(x), cellOf(y)];
    let best = { away: Number.POSITIVE_INFINITY, place: { edge: 0, offset: 0 } };
    // A ring further than the best so far holds nothing nearer; beyond the town any street will do.
    for (let ring = 0; ring < 80 && (ring - 1) * CELL < best.away; ring++) {
      for (let i = -ring; i <= ring; i++) {
        for (let j = -ring; j <= ring; j++) {
          if (Math.max(Math.abs(i), Math.abs(j)) !== ring) continue;
          for (const edge of cells.get(`${column + i} ${row + j}`) ?? []) {
            const { away, offset } = nearestOn(edge, x, y);
            if (away >= best.away) continue;
            best = { away, place: { edge, offset: Math.min(offset, graph.length[edge]!) } };
          }
        }
      }
    }
    return best.place;
  };
}

/** A place on a street by what driving from it takes: both ends of the street, in the plane. */
export type Kerb = {
  readonly street: number;
  readonly offset: number;
  readonly ends: readonly { readonly x: number; readonly y: number; readonly metres: number }[];
};

export function kerbOf({ graph, frame }: City, { edge, offset }: Place): Kerb {
  const twin = graph.twin[edge]!;
  const isForward = twin < 0 || edge < twin;
  const length = graph.length[edge]!;
  const end = (node: number, metres: number) => ({
    x: frame.x(graph.lng[node]!),
    y: frame.y(graph.lat[node]!),
    metres,
  });
  return {
    street: isForward ? edge : twin,
    offset: isForward ? offset : length - offset,
    ends: [end(graph.from[edge]!, offset), end(graph.to[edge]!, length - offset)],
  };
}

/** About what driving takes where streets run in two directions: along the street, round corners. */
export function kerbMetres(a: Kerb, b: Kerb): number {
  if (a.street === b.street) return Math.abs(a.offset - b.offset);
  let least = Number.POSITIVE_INFINITY;
  for (const p of a.ends) {
    for (const q of b.ends) {
      least = Math.min(least, p.metres + Math.abs(p.x - q.x) + Math.abs(p.y - q.y) + q.metres);
    }
  }
  return least;
}
