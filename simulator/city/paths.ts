import { distanceOf } from '../../schemas/position.ts';
import { type Graph, roadClasses } from './graph.ts';

/** A place on the road: `offset` metres from the start of a directed edge. */
export type Place = { readonly edge: number; readonly offset: number };

/** A way to drive: the first edge from `from.offset` on, the last one up to `to.offset`. */
export type Path = {
  readonly edges: readonly number[];
  readonly from: Place;
  readonly to: Place;
  /** Seconds on empty roads, with turns. */
  readonly seconds: number;
  readonly metres: number;
  /** It begins with turning round where the van stands; `from` then lies on the other direction. */
  readonly isTurned: boolean;
};

/** `closed` streets are driven only where there is no other way. */
export type Router = (from: Place, to: Place, closed?: ReadonlySet<number>) => Path;

/** Seconds that a turn costs: across the oncoming traffic more than with it, turning round most. */
const LEFT = 6;
const RIGHT = 3;
const TURN_ROUND = 60;
const TURN_ROUND_AT_DEAD_END = 20;
/** In the middle of a quiet street, from the kerb: tolerated where going round the block takes longer. */
const TURN_ROUND_IN_STREET = 16;
/** Seconds of detour that driving through a closed street is worth. */
const CLOSED = 3600;
/** No road is faster: what makes the straight line a lower bound, m/s. */
const SPEED_MAX = 36;

/**
 * Fastest paths by A* over edges rather than nodes, since what a turn costs depends on both of them.
 * The place may be reached from either direction of its street. Scratch columns are reused from call
 * to call and told apart by a generation number, so a short path costs no more than it visits.
 */
export function openRouter(graph: Graph): Router {
  const cost = new Float64Array(graph.edgeCount);
  const before = new Int32Array(graph.edgeCount);
  const touched = new Uint32Array(graph.edgeCount);
  const done = new Uint32Array(graph.edgeCount);
  const heap = openHeap(graph.edgeCount);
  let generation = 0;

  return (from, to, closed) => {
    const twin = graph.twin[to.edge]!;
    const twinOffset = twin < 0 ? 0 : graph.length[twin]! - to.offset;
    const offsetOn = (edge: number) => (edge === to.edge ? to.offset : edge === twin ? twinOffset : -1);
    const along = (start: Place, isTurned: boolean): Path | undefined => {
      const offset = offsetOn(start.edge);
      if (offset < start.offset) return undefined;
      const metres = offset - start.offset;
      const seconds = metres / graph.speed[start.edge]! + (isTurned ? TURN_ROUND_IN_STREET : 0);
      return {
        edges: [start.edge],
        from: start,
        to: { edge: start.edge, offset },
        seconds,
        metres,
        isTurned,
      };
    };
    const back = turnedRound(graph, from);
    const direct = along(from, false) ?? (back && along(back, true));
    if (direct !== undefined) return direct;
    generation++;
    heap.clear();
    const goal = graph.to[to.edge]!;
    const [goalLng, goalLat] = [graph.lng[goal]!, graph.lat[goal]!];
    // The place itself lies up to a street's length from the node that stands for it.
    const reach = graph.length[to.edge]!;
    const bound = (edge: number): number => {
      const node = graph.to[edge]!;
      const straight = distanceOf(graph.lng[node]!, graph.lat[node]!, goalLng, goalLat);
      return Math.max(0, straight - reach) / SPEED_MAX;
    };
    const begin = ({ edge, offset }: Place, seconds: number): void => {
      cost[edge] = seconds + (graph.length[edge]! - offset) / graph.speed[edge]!;
      before[edge] = -1;
      touched[edge] = generation;
      heap.push(edge, cost[edge]! + bound(edge));
    };
    begin(from, 0);
    if (back !== undefined) begin(back, TURN_ROUND_IN_STREET);
    // Arrivals are kept apart from passing through: a street can be left by its end and come back to.
    let best = Number.POSITIVE_INFINITY;
    let lastEdge = -1;
    let lastBefore = -1;
    while (heap.size() > 0 && heap.least() < best) {
      const edge = heap.pop();
      if (done[edge] === generation) continue;
      done[edge] = generation;
      const node = graph.to[edge]!;
      for (let next = graph.firstEdge[node]!; next < graph.firstEdge[node + 1]!; next++) {
        const barred = closed?.has(next) && offsetOn(next) < 0 ? CLOSED : 0;
        const turned = cost[edge]! + turnCost(graph, edge, next) + barred;
        const arrival = offsetOn(next);
        if (arrival >= 0 && turned + arrival / graph.speed[next]! < best) {
          best = turned + arrival / graph.speed[next]!;
          lastEdge = next;
          lastBefore = edge;
        }
        if (done[next] === generation) continue;
        const through = turned + graph.length[next]! / graph.speed[next]!;
        if (touched[next] === generation && cost[next]! <= through) continue;
        touched[next] = generation;
        cost[next] = through;
        before[next] = edge;
        heap.push(next, through + bound(next));
      }
    }
    if (lastEdge < 0) throw new RangeError(`no way from edge ${from.edge} to edge ${to.edge}`);
    const edges = [lastEdge];
    for (let edge = lastBefore; edge !== -1; edge = before[edge]!) edges.push(edge);
    edges.reverse();
    const arrival = offsetOn(lastEdge);
    const isTurned = back !== undefined && edges[0] === back.edge && edges[0] !== from.edge;
    const start = isTurned ? back : from;
    let metres = arrival - start.offset;
    for (let i = 0; i < edges.length - 1; i++) metres += graph.length[edges[i]!]!;
    return { edges, from: start, to: { edge: lastEdge, offset: arrival }, seconds: best, metres, isTurned };
  };
}

/** The same place for who turns round there; undefined in one-way streets and on main roads. */
function turnedRound(graph: Graph, { edge, offset }: Place): Place | undefined {
  const twin = graph.twin[edge]!;
  if (twin < 0 || graph.roadClass[edge]! < TERTIARY) return undefined;
  return { edge: twin, offset: graph.length[edge]! - offset };
}

const TERTIARY = roadClasses.indexOf('tertiary');

/** Degrees turned from one edge into the next, −180…180; positive is to the right. */
export function turnAngle(graph: Graph, edge: number, next: number): number {
  const turned = graph.headingOut[next]! - graph.headingIn[edge]!;
  return ((((turned + 180) % 360) + 360) % 360) - 180;
}

function turnCost(graph: Graph, edge: number, next: number): number {
  if (graph.twin[edge] === next) {
    const node = graph.to[edge]!;
    const isDeadEnd = graph.firstEdge[node + 1]! - graph.firstEdge[node]! === 1;
    return isDeadEnd ? TURN_ROUND_AT_DEAD_END : TURN_ROUND;
  }
  const angle = turnAngle(graph, edge, next);
  if (angle < -40) return LEFT;
  return angle > 40 ? RIGHT : 0;
}

/** A binary heap of (item, key) in two growing columns; an item may be in it more than once. */
function openHeap(capacity: number) {
  let items = new Uint32Array(Math.max(16, capacity));
  let keys = new Float64Array(Math.max(16, capacity));
  let size = 0;
  const push = (item: number, key: number): void => {
    if (size === items.length) {
      const [biggerItems, biggerKeys] = [new Uint32Array(size * 2), new Float64Array(size * 2)];
      biggerItems.set(items);
      biggerKeys.set(keys);
      [items, keys] = [biggerItems, biggerKeys];
    }
    let at = size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (keys[parent]! <= key) break;
      items[at] = items[parent]!;
      keys[at] = keys[parent]!;
      at = parent;
    }
    items[at] = item;
    keys[at] = key;
  };
  const pop = (): number => {
    const top = items[0]!;
    const item = items[--size]!;
    const key = keys[size]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && keys[child + 1]! < keys[child]!) child++;
      if (keys[child]! >= key) break;
      items[at] = items[child]!;
      keys[at] = keys[child]!;
      at = child;
    }
    items[at] = item;
    keys[at] = key;
    return top;
  };
  const clear = (): void => {
    size = 0;
  };
  return { push, pop, clear, size: () => size, least: () => keys[0] ?? Number.POSITIVE_INFINITY };
}
