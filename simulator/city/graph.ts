import { bearing, distanceOf } from '../../schemas/position.ts';

/** From fast to slow; the index is what `Graph.roadClass` holds. */
export const roadClasses = [
  'motorway',
  'motorway_link',
  'trunk',
  'primary',
  'secondary',
  'tertiary',
  'residential',
  'service',
] as const;
export type RoadClass = (typeof roadClasses)[number];

/**
 * A directed road graph in columns. Edges stand sorted by the node they leave, so the edges out of
 * node n are firstEdge[n] … firstEdge[n + 1] − 1.
 *
 *   node   lng, lat        Float64  degrees
 *   edge   from, to        Uint32   nodes
 *          length          Float64  metres
 *          speed           Float32  m/s on an empty road
 *          roadClass       Uint8    index into roadClasses
 *          twin            Int32    the same street driven the other way, −1 where it is one-way
 *          headingOut, headingIn    Float32  degrees, at the start and at the end
 *   shape  points of edge e, both ends included: shapeFirst[e] … shapeFirst[e + 1] − 1
 */
export type Graph = {
  readonly nodeCount: number;
  readonly edgeCount: number;
  readonly lng: Float64Array;
  readonly lat: Float64Array;
  readonly firstEdge: Uint32Array;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly length: Float64Array;
  readonly speed: Float32Array;
  readonly roadClass: Uint8Array;
  readonly twin: Int32Array;
  readonly headingOut: Float32Array;
  readonly headingIn: Float32Array;
  readonly shapeFirst: Uint32Array;
  readonly shapeLng: Float64Array;
  readonly shapeLat: Float64Array;
};

/** One drivable direction of one piece of street, by node index; shape is lng, lat, lng, lat, … */
export type Road = {
  readonly from: number;
  readonly to: number;
  readonly roadClass: RoadClass;
  readonly speed: number;
  readonly shape: readonly number[];
};

export type Nodes = { readonly lng: readonly number[]; readonly lat: readonly number[] };

/** The largest strongly connected part of the given roads: from anywhere in it to anywhere in it. */
export function graphOf(nodes: Nodes, roads: readonly Road[]): Graph {
  const component = largestComponent(nodes.lng.length, roads);
  const renumbered = new Int32Array(nodes.lng.length).fill(-1);
  let nodeCount = 0;
  for (let node = 0; node < component.length; node++) if (component[node]) renumbered[node] = nodeCount++;
  const kept = roads
    .filter((road) => component[road.from] && component[road.to] && road.from !== road.to)
    .sort((a, b) => a.from - b.from || a.to - b.to);
  const lng = new Float64Array(nodeCount);
  const lat = new Float64Array(nodeCount);
  for (let node = 0; node < renumbered.length; node++) {
    const at = renumbered[node]!;
    if (at < 0) continue;
    lng[at] = nodes.lng[node]!;
    lat[at] = nodes.lat[node]!;
  }
  return { nodeCount, edgeCount: kept.length, lng, lat, ...edgeColumns(kept, renumbered, nodeCount) };
}

function edgeColumns(roads: readonly Road[], renumbered: Int32Array, nodeCount: number) {
  const count = roads.length;
  const columns = {
    firstEdge: new Uint32Array(nodeCount + 1),
    from: new Uint32Array(count),
    to: new Uint32Array(count),
    length: new Float64Array(count),
    speed: new Float32Array(count),
    roadClass: new Uint8Array(count),
    twin: new Int32Array(count).fill(-1),
    headingOut: new Float32Array(count),
    headingIn: new Float32Array(count),
    shapeFirst: new Uint32Array(count + 1),
  };
  const pointCount = roads.reduce((sum, road) => sum + road.shape.length / 2, 0);
  const shapeLng = new Float64Array(pointCount);
  const shapeLat = new Float64Array(pointCount);
  const edgeByEnds = new Map<number, number>();
  let point = 0;
  for (const [edge, road] of roads.entries()) {
    const from = renumbered[road.from]!;
    const to = renumbered[road.to]!;
    columns.from[edge] = from;
    columns.to[edge] = to;
    columns.speed[edge] = road.speed;
    columns.roadClass[edge] = roadClasses.indexOf(road.roadClass);
    columns.firstEdge[from + 1]!++;
    columns.shapeFirst[edge] = point;
    for (let i = 0; i < road.shape.length; i += 2) {
      shapeLng[point] = road.shape[i]!;
      shapeLat[point] = road.shape[i + 1]!;
      if (i > 0) {
        columns.length[edge]! += distanceOf(
          shapeLng[point - 1]!,
          shapeLat[point - 1]!,
          shapeLng[point]!,
          shapeLat[point]!,
        );
      }
      point++;
    }
    const at = (i: number) => ({ lng: shapeLng[i]!, lat: shapeLat[i]! });
    const first = columns.shapeFirst[edge]!;
    columns.headingOut[edge] = bearing(at(first), at(first + 1));
    columns.headingIn[edge] = bearing(at(point - 2), at(point - 1));
    const twin = edgeByEnds.get(to * nodeCount + from);
    if (twin !== undefined && columns.twin[twin] === -1) {
      columns.twin[edge] = twin;
      columns.twin[twin] = edge;
    }
    edgeByEnds.set(from * nodeCount + to, edge);
  }
  columns.shapeFirst[count] = point;
  for (let node = 0; node < nodeCount; node++) columns.firstEdge[node + 1]! += columns.firstEdge[node]!;
  return { ...columns, shapeLng, shapeLat };
}

/** A point `offset` metres along an edge, with the heading there. */
export function pointOn(graph: Graph, edge: number, offset: number) {
  const first = graph.shapeFirst[edge]!;
  const last = graph.shapeFirst[edge + 1]! - 1;
  let left = Math.max(0, offset);
  for (let i = first; i < last; i++) {
    const a = { lng: graph.shapeLng[i]!, lat: graph.shapeLat[i]! };
    const b = { lng: graph.shapeLng[i + 1]!, lat: graph.shapeLat[i + 1]! };
    const piece = distanceOf(a.lng, a.lat, b.lng, b.lat);
    if (left <= piece || i === last - 1) {
      const share = piece === 0 ? 0 : Math.min(1, left / piece);
      return {
        lng: a.lng + (b.lng - a.lng) * share,
        lat: a.lat + (b.lat - a.lat) * share,
        heading: bearing(a, b),
      };
    }
    left -= piece;
  }
  return { lng: graph.shapeLng[last]!, lat: graph.shapeLat[last]!, heading: graph.headingIn[edge]! };
}

/**
 * Marks the nodes of the largest strongly connected component (Kosaraju's two passes, without
 * recursion: https://en.wikipedia.org/wiki/Kosaraju%27s_algorithm).
 */
function largestComponent(nodeCount: number, roads: readonly Road[]): Uint8Array {
  const ahead = adjacency(nodeCount, roads, (road) => [road.from, road.to]);
  const behind = adjacency(nodeCount, roads, (road) => [road.to, road.from]);
  const order = finishingOrder(nodeCount, ahead);
  const label = new Int32Array(nodeCount).fill(-1);
  const sizes: number[] = [];
  const stack: number[] = [];
  for (let i = nodeCount - 1; i >= 0; i--) {
    const root = order[i]!;
    if (label[root] !== -1) continue;
    const component = sizes.push(0) - 1;
    stack.push(root);
    label[root] = component;
    while (stack.length > 0) {
      const node = stack.pop()!;
      sizes[component]!++;
      for (let k = behind.first[node]!; k < behind.first[node + 1]!; k++) {
        const next = behind.to[k]!;
        if (label[next] !== -1) continue;
        label[next] = component;
        stack.push(next);
      }
    }
  }
  let largest = 0;
  for (let i = 1; i < sizes.length; i++) if (sizes[i]! > sizes[largest]!) largest = i;
  return Uint8Array.from(label, (component) => (component === largest ? 1 : 0));
}

type Adjacency = { readonly first: Uint32Array; readonly to: Uint32Array };

function adjacency(
  nodeCount: number,
  roads: readonly Road[],
  ends: (road: Road) => readonly [number, number],
): Adjacency {
  const first = new Uint32Array(nodeCount + 1);
  for (const road of roads) first[ends(road)[0] + 1]!++;
  for (let node = 0; node < nodeCount; node++) first[node + 1]! += first[node]!;
  const next = first.slice();
  const to = new Uint32Array(roads.length);
  for (const road of roads) {
    const [a, b] = ends(road);
    to[next[a]!++] = b;
  }
  return { first, to };
}

function finishingOrder(nodeCount: number, { first, to }: Adjacency): Uint32Array {
  const order = new Uint32Array(nodeCount);
  const cursor = first.slice();
  const seen = new Uint8Array(nodeCount);
  let finished = 0;
  const stack: number[] = [];
  for (let root = 0; root < nodeCount; root++) {
    if (seen[root]) continue;
    seen[root] = 1;
    stack.push(root);
    while (stack.length > 0) {
      const node = stack[stack.length - 1]!;
      if (cursor[node]! < first[node + 1]!) {
        const next = to[cursor[node]!++]!;
        if (!seen[next]) {
          seen[next] = 1;
          stack.push(next);
        }
      } else {
        order[finished++] = node;
        stack.pop();
      }
    }
  }
  return order;
}
