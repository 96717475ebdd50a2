import Flatbush from 'flatbush';
import type { Coordinate, Fence, WeeklyHours } from '../../schemas/fence.ts';
import { distanceOf, METRES_PER_DEGREE } from '../../schemas/position.ts';
import { chainDistance, isInRing, segmentMeetsRing } from './containment.ts';
import {
  type Box,
  buildGrid,
  type FenceGrid,
  fencesAt,
  fencesNear,
  fleetPlace,
  type GridFence,
} from './fence-grid.ts';

/**
 * All fences in one shared buffer, so that a thread gets them without a copy. Little endian (as every
 * machine we run on):
 *
 *   header   Int32Array     10              fences, rings, vertices, bytes of the index; lengths of the grid's arrays; bytes of hours
 *   bounds   Float64Array   4 per fence     west, south, east, north; corridors and circles included
 *   params   Float64Array   5 per fence     radius or half width, enterMargin, exitMargin, minInside, minOutside
 *   coords   Float64Array   2 per vertex    lng, lat; a ring does not repeat its first vertex
 *   facts    Int32Array     3 per fence     fence id, fleet id, kind (index in `kinds`)
 *   starts   Int32Array     fences + 1      fence i owns rings starts[i] … starts[i + 1]
 *   rings    Int32Array     rings + 1       ring r owns vertices rings[r] … rings[r + 1]
 *   heads    Int32Array     4 per fence     whether it is a polygon of one ring, that ring's first vertex and end
 *   places   Int32Array                     by id less that of the first fence: its place, −1 where there is none;
 *                                           empty where ids are few and far between
 *   grid     slots, cells, entries and fleets of `fence-grid.ts`
 *   index    Flatbush over `bounds`, aligned to 8 bytes; absent when there is no fence
 *   hours    UTF-8 JSON: [place, schedule] of the fences that have one
 */
export type FencePack = {
  readonly buffer: SharedArrayBuffer;
  readonly count: number;
  readonly bounds: Float64Array;
  readonly params: Float64Array;
  readonly coords: Float64Array;
  readonly facts: Int32Array;
  readonly starts: Int32Array;
  readonly rings: Int32Array;
  readonly heads: Int32Array;
  readonly places: Int32Array;
  readonly grid: FenceGrid;
  readonly index: Flatbush | undefined;
  /** By place, the hours of fences that are not always there. */
  readonly schedules: ReadonlyMap<number, WeeklyHours>;
};

const kinds = ['circle', 'polygon', 'corridor'] as const;
const CIRCLE = 0;
const POLYGON = 1;
export const FACTS = 3;
export const PARAMS = 5;

export function packFences(fences: readonly Fence[]): FencePack {
  const chains = fences.map((fence) => chainsOf(fence));
  const ringCount = chains.reduce((sum, own) => sum + own.length, 0);
  const vertexCount = chains.reduce((sum, own) => sum + own.reduce((n, chain) => n + chain.length, 0), 0);
  const index =
    fences.length === 0
      ? undefined
      : new Flatbush(fences.length, 16, Float64Array, SharedArrayBuffer as unknown as ArrayBufferConstructor);
  const indexBytes = index?.data.byteLength ?? 0;
  const outlines = fences.map((fence, i) => outlineOf(fence, chains[i] ?? []));
  const grid = buildGrid(outlines);
  const sizes = {
    fences: fences.length,
    rings: ringCount,
    vertices: vertexCount,
    ...{ slots: grid.slots.length, cells: grid.cells.length },
    ...{ entries: grid.entries.length, fleets: grid.fleets.length, places: placesOf(fences) },
  };
  const layout = layoutOf(sizes);
  const hours = new TextEncoder().encode(JSON.stringify(schedulesOf(fences)));
  const buffer = new SharedArrayBuffer(layout.index + indexBytes + hours.length);
  new Int32Array(buffer, 0, HEADER).set([
    ...[sizes.fences, sizes.rings, sizes.vertices, indexBytes],
    ...[sizes.slots, sizes.cells, sizes.entries, sizes.fleets, sizes.places],
    hours.length,
  ]);
  const pack = readViews(buffer);
  pack.places.fill(-1);
  pack.grid.slots.set(grid.slots);
  pack.grid.cells.set(grid.cells);
  pack.grid.entries.set(grid.entries);
  pack.grid.fleets.set(grid.fleets);
  let ring = 0;
  let vertex = 0;
  for (const [i, fence] of fences.entries()) {
    const { policy, shape } = fence;
    const reach = shape.kind === 'circle' ? shape.radius : shape.kind === 'corridor' ? shape.width / 2 : 0;
    if (pack.places.length > 0) pack.places[fence.id - fences[0]!.id] = i;
    pack.facts.set([fence.id, fence.fleetId, kinds.indexOf(shape.kind)], i * FACTS);
    const limits = [policy.enterMargin, policy.exitMargin, policy.minInside, policy.minOutside];
    pack.params.set([reach, ...limits], i * PARAMS);
    pack.starts[i] = ring;
    for (const chain of chains[i] ?? []) {
      pack.rings[ring++] = vertex;
      for (const [lng, lat] of chain) {
        pack.coords[2 * vertex] = lng;
        pack.coords[2 * vertex + 1] = lat;
        vertex++;
      }
    }
    const isOneRing = shape.kind === 'polygon' && chains[i]?.length === 1;
    if (isOneRing) pack.heads.set([1, pack.rings[ring - 1]!, vertex], i * 4);
    const { bounds } = outlines[i]!;
    pack.bounds.set(bounds, 4 * i);
    index?.add(...bounds);
  }
  pack.starts[fences.length] = ring;
  pack.rings[ring] = vertex;
  index?.finish();
  if (index) new Uint8Array(buffer, layout.index).set(new Uint8Array(index.data));
  new Uint8Array(buffer, layout.index + indexBytes).set(hours);
  return viewsOf(buffer);
}

const schedulesOf = (fences: readonly Fence[]): [number, WeeklyHours][] =>
  fences.flatMap(({ policy: { schedule } }, place) =>
    schedule === undefined ? [] : [[place, schedule] satisfies [number, WeeklyHours]],
  );

/** What `hours` holds; nothing until it is filled. */
function readSchedules(buffer: SharedArrayBuffer, at: number, bytes: number): Map<number, WeeklyHours> {
  // A copy: what is shared is not decoded.
  const text = new TextDecoder().decode(new Uint8Array(buffer, at, bytes).slice());
  return new Map(text.startsWith('[') ? (JSON.parse(text) as [number, WeeklyHours][]) : []);
}

/** How many ids lie between the first and the last; 0 where a table of them is not worth it. */
function placesOf(fences: readonly Fence[]): number {
  const span = fences.length === 0 ? 0 : fences[fences.length - 1]!.id - fences[0]!.id + 1;
  return span > 0 && span <= SPARSE * fences.length ? span : 0;
}

const seen = new WeakMap<SharedArrayBuffer, FencePack>();

/** The same pack seen from another thread. */
export function viewsOf(buffer: SharedArrayBuffer): FencePack {
  const known = seen.get(buffer);
  if (known) return known;
  const pack = readViews(buffer);
  seen.set(buffer, pack);
  return pack;
}

const HEADER = 10;

/** Ids may be this many times as many as fences before they are searched for rather than looked up. */
const SPARSE = 16;

function readViews(buffer: SharedArrayBuffer): FencePack {
  const [
    count = 0,
    ringCount = 0,
    vertexCount = 0,
    indexBytes = 0,
    slots = 0,
    cells = 0,
    entries = 0,
    fleets = 0,
    places = 0,
    hourBytes = 0,
  ] = new Int32Array(buffer, 0, HEADER);
  const at = layoutOf({
    fences: count,
    rings: ringCount,
    vertices: vertexCount,
    slots,
    cells,
    entries,
    fleets,
    places,
  });
  return {
    buffer,
    count,
    bounds: new Float64Array(buffer, at.bounds, count * 4),
    params: new Float64Array(buffer, at.params, count * PARAMS),
    coords: new Float64Array(buffer, at.coords, vertexCount * 2),
    facts: new Int32Array(buffer, at.facts, count * FACTS),
    starts: new Int32Array(buffer, at.starts, count + 1),
    rings: new Int32Array(buffer, at.rings, ringCount + 1),
    heads: new Int32Array(buffer, at.heads, count * 4),
    places: new Int32Array(buffer, at.places, places),
    grid: {
      slots: new Int32Array(buffer, at.slots, slots),
      cells: new Int32Array(buffer, at.cells, cells),
      entries: new Int32Array(buffer, at.entries, entries),
      fleets: new Int32Array(buffer, at.fleets, fleets),
    },
    // The index is readable only once it is filled: its first byte is its magic number.
    index:
      indexBytes > 0 && new Uint8Array(buffer, at.index, 1)[0] === 0xfb
        ? Flatbush.from(buffer, at.index)
        : undefined,
    schedules: readSchedules(buffer, at.index + indexBytes, hourBytes),
  };
}

type Sizes = Readonly<
  Record<'fences' | 'rings' | 'vertices' | 'slots' | 'cells' | 'entries' | 'fleets' | 'places', number>
>;

function layoutOf({ fences, rings, vertices, ...grid }: Sizes) {
  const bounds = 4 * HEADER;
  const params = bounds + fences * 32;
  const coords = params + fences * PARAMS * 8;
  const facts = coords + vertices * 16;
  const starts = facts + fences * FACTS * 4;
  const ringStarts = starts + (fences + 1) * 4;
  // Heads and slots never straddle two cache lines.
  const heads = Math.ceil((ringStarts + (rings + 1) * 4) / 32) * 32;
  const slots = Math.ceil((heads + fences * 16) / 32) * 32;
  const cells = slots + grid.slots * 4;
  const entries = cells + grid.cells * 4;
  const fleets = entries + grid.entries * 4;
  const places = fleets + grid.fleets * 4;
  const index = Math.ceil((places + grid.places * 4) / 8) * 8;
  return {
    bounds,
    params,
    coords,
    facts,
    starts,
    rings: ringStarts,
    heads,
    slots,
    cells,
    entries,
    fleets,
    places,
    index,
  };
}

/** A fence as the grid takes it: polygons by their rings, the others by their bounds. */
function outlineOf({ fleetId, shape }: Fence, chains: Coordinate[][]): GridFence {
  const reach = shape.kind === 'circle' ? shape.radius : shape.kind === 'corridor' ? shape.width / 2 : 0;
  const bounds = boundsOf(chains, reach);
  if (shape.kind !== 'polygon') return { fleetId, bounds, rings: [], isInside: () => false };
  const flat = chains.map((ring) => {
    const coords = new Float64Array(2 * ring.length);
    for (const [i, [lng, lat]] of ring.entries()) coords.set([lng, lat], 2 * i);
    return coords;
  });
  const isInside = (lng: number, lat: number): boolean =>
    flat.reduce((inside, ring) => inside !== isInRing(ring, 0, ring.length / 2, lng, lat), false);
  return { fleetId, bounds, rings: chains, isInside };
}

/** A circle is one vertex, a corridor one open chain, a polygon all rings of all its parts. */
function chainsOf({ shape }: Fence): Coordinate[][] {
  if (shape.kind === 'circle') return [[shape.centre]];
  if (shape.kind === 'corridor') return [[...shape.line]];
  return shape.polygons.flatMap((rings) => rings.map((ring) => openRing(ring)));
}

function openRing(ring: readonly Coordinate[]): Coordinate[] {
  const first = ring[0];
  const last = ring.at(-1);
  const isClosed = first && last && ring.length > 1 && first[0] === last[0] && first[1] === last[1];
  return isClosed ? ring.slice(0, -1) : [...ring];
}

function boundsOf(chains: readonly Coordinate[][], reach: number): [number, number, number, number] {
  let west = Number.POSITIVE_INFINITY;
  let south = Number.POSITIVE_INFINITY;
  let east = Number.NEGATIVE_INFINITY;
  let north = Number.NEGATIVE_INFINITY;
  for (const chain of chains) {
    for (const [lng, lat] of chain) {
      west = Math.min(west, lng);
      east = Math.max(east, lng);
      south = Math.min(south, lat);
      north = Math.max(north, lat);
    }
  }
  if (reach === 0) return [west, south, east, north];
  // A hair wider than the reach, so that rounding cannot cut off the rim.
  const dLat = (reach * 1.001) / METRES_PER_DEGREE;
  const widest = Math.min(89, Math.max(Math.abs(south - dLat), Math.abs(north + dLat)));
  const dLng = dLat / Math.cos((widest * Math.PI) / 180);
  return [west - dLng, south - dLat, east + dLng, north + dLat];
}

/** Whether the point is inside fence `i`; holes and parts by even–odd over all rings. */
export function isInside(pack: FencePack, i: number, lng: number, lat: number): boolean {
  const { heads } = pack;
  if (heads[4 * i] === 1) return isInRing(pack.coords, heads[4 * i + 1]!, heads[4 * i + 2]!, lng, lat);
  const kind = pack.facts[i * FACTS + 2]!;
  if (kind !== POLYGON) return depth(pack, i, lng, lat) >= 0;
  let inside = false;
  const end = pack.starts[i + 1]!;
  for (let ring = pack.starts[i]!; ring < end; ring++) {
    if (isInRing(pack.coords, pack.rings[ring]!, pack.rings[ring + 1]!, lng, lat)) inside = !inside;
  }
  return inside;
}

/** Metres from the boundary of fence `i`: positive inside, negative outside. */
export function depth(pack: FencePack, i: number, lng: number, lat: number): number {
  const { coords, rings, params, facts, starts } = pack;
  const kind = facts[i * FACTS + 2]!;
  const first = starts[i]!;
  const reach = params[i * PARAMS]!;
  if (kind === CIRCLE) {
    const vertex = rings[first]!;
    return reach - distanceOf(coords[2 * vertex]!, coords[2 * vertex + 1]!, lng, lat);
  }
  if (kind !== POLYGON) {
    const chain = { from: rings[first]!, to: rings[first + 1]!, isClosed: false };
    return reach - chainDistance(coords, chain, lng, lat);
  }
  let nearest = Number.POSITIVE_INFINITY;
  for (let ring = first; ring < starts[i + 1]!; ring++) {
    const chain = { from: rings[ring]!, to: rings[ring + 1]!, isClosed: true };
    nearest = Math.min(nearest, chainDistance(coords, chain, lng, lat));
  }
  return isInside(pack, i, lng, lat) ? nearest : -nearest;
}

/** Fences whose cells one point can be in, at most; more than that overlap nowhere sensible. */
const AT_ONCE = 4096;
const found = new Int32Array(AT_ONCE);

/**
 * The fences of a fleet that hold a point, ascending, from `out[0]` on; gives their number. The fleet is
 * named by its place (`fleetPlace`), so that a stream of one fleet's fixes looks it up once.
 */
export function containing(
  pack: FencePack,
  place: number,
  lng: number,
  lat: number,
  out: Int32Array,
): number {
  const near = fencesAt(pack.grid, place, lng, lat, found);
  let count = 0;
  for (let k = 0; k < near && count < out.length; k++) {
    const fence = found[k]!;
    if (fence >= 0) out[count++] = fence;
    else if (isInside(pack, -1 - fence, lng, lat)) out[count++] = -1 - fence;
  }
  if (count > 1) out.subarray(0, count).sort();
  return count;
}

export type Line = { readonly ax: number; readonly ay: number; readonly bx: number; readonly by: number };

/** Whether the straight line between two points outside fence `i` touches it. */
export function isTouched(pack: FencePack, i: number, line: Line): boolean {
  const { coords, rings, params, facts, starts } = pack;
  if (facts[i * FACTS + 2] === POLYGON) {
    for (let ring = starts[i]!; ring < starts[i + 1]!; ring++) {
      if (segmentMeetsRing(coords, rings[ring]!, rings[ring + 1]!, line)) return true;
    }
    return false;
  }
  // Circle and corridor: the line comes nearer to a vertex (or crosses an edge) than the reach.
  const ends = new Float64Array([line.ax, line.ay, line.bx, line.by]);
  const from = rings[starts[i]!]!;
  const to = rings[starts[i]! + 1]!;
  for (let vertex = from; vertex < to; vertex++) {
    const segment = { from: 0, to: 2, isClosed: false };
    if (chainDistance(ends, segment, coords[2 * vertex]!, coords[2 * vertex + 1]!) <= params[i * PARAMS]!) {
      return true;
    }
  }
  return to - from > 1 && segmentMeetsRing(coords, from, to, line);
}

/** Where fence `id` stands in a pack whose fences are sorted by id; -1 when it is not there. */
export function indexOf({ facts, count, places }: FencePack, id: number): number {
  if (places.length > 0) return places[id - facts[0]!] ?? -1;
  let low = 0;
  let high = count - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = facts[middle * FACTS]!;
    if (found === id) return middle;
    if (found < id) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** Fences of the fleet that may meet the box, in the order of the pack: all that do, and few others. */
export function candidates({ grid, index, facts }: FencePack, fleetId: number, box: Box): number[] {
  if (!index) return [];
  const near = fencesNear(grid, fleetPlace(grid, fleetId), box);
  if (near) return near;
  const found = index.search(box.west, box.south, box.east, box.north);
  const own = found.filter((i) => facts[i * FACTS + 1] === fleetId);
  return own.length > 1 ? own.sort((a, b) => a - b) : own;
}
