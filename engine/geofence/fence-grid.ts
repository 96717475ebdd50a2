/**
 * Which fences may hold a point, in a few memory accesses however many fences there are. The world is cut
 * into blocks; a block is cut into as many cells as it has fences to tell apart, so that town and country,
 * buildings and counties each get cells of their own size. A cell knows the fences that touch it, and which
 * of them cover it whole: a point in such a cell is inside without a look at the outline.
 *
 *   slots    Int32Array   8 per slot    x, y of a block, its fleet's place, first cell, bits of cells a side; a
 *                                       hash table, empty where the bits are −1
 *   cells    Int32Array                 0: no fence; > 0: one, (fence × 2 + covers whole) + 1; < 0: −1 − first entry
 *   entries  Int32Array                 fence × 4 + covers whole × 2 + last of the cell × 1
 *   fleets   Int32Array   2 per fleet   fleet id, entry of the fences too wide for blocks (−1: none); ascending
 */
export type FenceGrid = {
  readonly slots: Int32Array;
  readonly cells: Int32Array;
  readonly entries: Int32Array;
  readonly fleets: Int32Array;
};

/** What the grid has to know of a fence. */
export type GridFence = {
  readonly fleetId: number;
  readonly bounds: readonly [west: number, south: number, east: number, north: number];
  /** Open rings of [lng, lat]; none where the shape is taken to touch all cells of its bounds. */
  readonly rings: readonly (readonly (readonly [number, number, ...number[]])[])[];
  readonly isInside: (lng: number, lat: number) => boolean;
};

/** Degrees of a block, some fourteen kilometres. */
const BLOCK = 0.128;
/** A fence over more blocks than this is looked at for every fix of its fleet: a country, an ocean. */
const BLOCKS_MAX = 16_384;
/** Cells per fence of a block, and cells of a block's side at most (as bits). */
const CELLS_PER_FENCE = 24;
const BITS_MAX = 9;
/** Degrees by which an outline is taken to be thicker than it is: rounding cannot carry a point over. */
const SLACK = 1e-9;
/** Cells looked at for a box; beyond it the tree is faster. */
const BOX_CELLS = 64;
const SLOT = 8;

export function buildGrid(fences: readonly GridFence[]): FenceGrid {
  const ids = [...new Set(fences.map(({ fleetId }) => fleetId))].sort((a, b) => a - b);
  const placeOf = new Map(ids.map((id, i) => [id, i]));
  const blocks = new Map<number, Block>();
  const wide = new Map<number, number[]>();
  for (const [i, { fleetId, bounds }] of fences.entries()) {
    const place = placeOf.get(fleetId)!;
    const [x0, y0, x1, y1] = bounds.map((edge, k) => Math.floor((edge + (k < 2 ? -SLACK : SLACK)) / BLOCK));
    if ((x1! - x0! + 1) * (y1! - y0! + 1) > BLOCKS_MAX) {
      wide.set(fleetId, [...(wide.get(fleetId) ?? []), i]);
      continue;
    }
    for (let y = y0!; y <= y1!; y++) {
      for (let x = x0!; x <= x1!; x++) {
        const key = (place * 4096 + x + 2048) * 4096 + y + 2048;
        const block = blocks.get(key);
        if (block) block.fences.push(i);
        else blocks.set(key, { x, y, place, fences: [i] });
      }
    }
  }
  const list = listOf();
  const fleets = Int32Array.from(
    ids.flatMap((id) => [id, wide.has(id) ? list.add(wide.get(id)!.map((fence) => 4 * fence)) : -1]),
  );
  let slotCount = 4;
  while (slotCount < 2 * blocks.size) slotCount *= 2;
  const slots = new Int32Array(SLOT * slotCount);
  for (let s = 0; s < slotCount; s++) slots[SLOT * s + 4] = -1;
  const parts: Int32Array[] = [];
  let first = 0;
  for (const block of blocks.values()) {
    const bits = Math.min(BITS_MAX, Math.ceil(Math.log2(CELLS_PER_FENCE * block.fences.length) / 2));
    const cells = cellsOf(block, fences, bits, list.add);
    let s = hash(block.x, block.y, block.place) & (slotCount - 1);
    while (slots[SLOT * s + 4] !== -1) s = (s + 1) & (slotCount - 1);
    slots.set([block.x, block.y, block.place, first, bits], SLOT * s);
    parts.push(cells);
    first += cells.length;
  }
  const cells = new Int32Array(first);
  let at = 0;
  for (const part of parts) {
    cells.set(part, at);
    at += part.length;
  }
  return { slots, cells, entries: list.taken(), fleets };
}

type Block = { readonly x: number; readonly y: number; readonly place: number; readonly fences: number[] };

/** A growing list of lists; each is marked where it ends. */
function listOf() {
  let all = new Int32Array(1024);
  let count = 0;
  return {
    add(entries: readonly number[]): number {
      while (count + entries.length > all.length) {
        const longer = new Int32Array(all.length * 2);
        longer.set(all);
        all = longer;
      }
      const first = count;
      for (const entry of entries) all[count++] = entry;
      all[count - 1]! |= 1;
      return first;
    },
    taken: () => all.slice(0, count),
  };
}

function cellsOf(
  { x, y, fences: own }: Block,
  fences: readonly GridFence[],
  bits: number,
  addList: (entries: readonly number[]) => number,
): Int32Array {
  const side = 1 << bits;
  const held: (number[] | undefined)[] = new Array(side * side);
  for (const i of own) {
    cover(fences[i]!, { x: x * side, y: y * side, side }, (cell, isWhole) => {
      const entry = 4 * i + (isWhole ? 2 : 0);
      const others = held[cell];
      if (others) others.push(entry);
      else held[cell] = [entry];
    });
  }
  const cells = new Int32Array(side * side);
  for (let cell = 0; cell < cells.length; cell++) {
    const entries = held[cell];
    if (!entries) continue;
    cells[cell] = entries.length === 1 ? (entries[0]! >> 1) + 1 : -1 - addList(entries);
  }
  return cells;
}

/** Calls back for each cell of a block that the fence touches, with whether it covers it whole. */
function cover(
  { bounds, rings, isInside }: GridFence,
  block: { readonly x: number; readonly y: number; readonly side: number },
  add: (cell: number, isWhole: boolean) => void,
): void {
  const { side } = block;
  const size = BLOCK / side;
  const x0 = Math.max(block.x, Math.floor((bounds[0] - SLACK) / size));
  const y0 = Math.max(block.y, Math.floor((bounds[1] - SLACK) / size));
  const wide = Math.min(block.x + side - 1, Math.floor((bounds[2] + SLACK) / size)) - x0 + 1;
  const high = Math.min(block.y + side - 1, Math.floor((bounds[3] + SLACK) / size)) - y0 + 1;
  if (wide <= 0 || high <= 0) return;
  const touched = new Uint8Array(wide * high);
  if (rings.length === 0) touched.fill(1);
  for (const ring of rings) {
    let before = ring[ring.length - 1]!;
    for (const vertex of ring) {
      touch(touched, { x0, y0, wide, high, size }, before, vertex);
      before = vertex;
    }
  }
  for (let y = 0; y < high; y++) {
    // Between two cells that the outline touches, all are inside or none is.
    let isWhole: boolean | undefined;
    for (let x = 0; x < wide; x++) {
      const cell = (y0 + y - block.y) * side + x0 + x - block.x;
      if (touched[y * wide + x] === 1) {
        add(cell, false);
        isWhole = undefined;
        continue;
      }
      isWhole ??= isInside((x0 + x + 0.5) * size, (y0 + y + 0.5) * size);
      if (isWhole) add(cell, true);
    }
  }
}

type Window = {
  readonly x0: number;
  readonly y0: number;
  readonly wide: number;
  readonly high: number;
  readonly size: number;
};

/** Marks the cells that an edge touches: column by column, from its lowest to its highest point there. */
function touch(
  touched: Uint8Array,
  { x0, y0, wide, high, size }: Window,
  from: readonly [number, number, ...number[]],
  to: readonly [number, number, ...number[]],
): void {
  const [a, b] = from[0] <= to[0] ? [from, to] : [to, from];
  const first = Math.max(0, Math.floor((a[0] - SLACK) / size) - x0);
  const last = Math.min(wide - 1, Math.floor((b[0] + SLACK) / size) - x0);
  const slope = b[0] > a[0] ? (b[1] - a[1]) / (b[0] - a[0]) : 0;
  const isSteep = b[0] - a[0] < SLACK;
  for (let x = first; x <= last; x++) {
    const left = Math.max(a[0], (x0 + x) * size - SLACK);
    const right = Math.min(b[0], (x0 + x + 1) * size + SLACK);
    const y1 = isSteep ? a[1] : a[1] + slope * (left - a[0]);
    const y2 = isSteep ? b[1] : a[1] + slope * (right - a[0]);
    const low = Math.max(0, Math.floor((Math.min(y1, y2) - SLACK) / size) - y0);
    const top = Math.min(high - 1, Math.floor((Math.max(y1, y2) + SLACK) / size) - y0);
    for (let y = low; y <= top; y++) touched[y * wide + x] = 1;
  }
}

function hash(x: number, y: number, place: number): number {
  let h = Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca6b) ^ Math.imul(place, 0xc2b2ae35);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

/** Where a block's slot begins, or −1. */
function slotOf(slots: Int32Array, x: number, y: number, place: number): number {
  const mask = slots.length / SLOT - 1;
  for (let s = hash(x, y, place) & mask; ; s = (s + 1) & mask) {
    const at = SLOT * s;
    if (slots[at + 4] === -1) return -1;
    if (slots[at] === x && slots[at + 1] === y && slots[at + 2] === place) return at;
  }
}

/** A fleet's place in the grid, or −1. */
export function fleetPlace({ fleets }: FenceGrid, fleetId: number): number {
  let low = 0;
  let high = (fleets.length >> 1) - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = fleets[2 * middle]!;
    if (found === fleetId) return middle;
    if (found < fleetId) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/**
 * Fences whose cell holds the point, from `out[0]` on; gives their number. Those that cover the cell whole
 * stand as they are, the others (which the outline decides) as −1 − fence.
 */
export function fencesAt(grid: FenceGrid, place: number, lng: number, lat: number, out: Int32Array): number {
  if (place < 0) return 0;
  const { slots, cells, entries, fleets } = grid;
  const [u, v] = [lng / BLOCK, lat / BLOCK];
  const [x, y] = [Math.floor(u), Math.floor(v)];
  let count = 0;
  const slot = slotOf(slots, x, y, place);
  if (slot >= 0) {
    const bits = slots[slot + 4]!;
    const side = 1 << bits;
    const cell = (Math.floor((v - y) * side) << bits) + Math.floor((u - x) * side);
    const word = cells[slots[slot + 3]! + cell]!;
    if (word > 0) out[count++] = (word - 1) & 1 ? (word - 1) >> 1 : -1 - ((word - 1) >> 1);
    else if (word < 0) count = copied(entries, -1 - word, out, count);
  }
  const wide = fleets[2 * place + 1]!;
  return wide < 0 ? count : copied(entries, wide, out, count);
}

function copied(entries: Int32Array, first: number, out: Int32Array, from: number): number {
  let count = from;
  for (let e = first; count < out.length; e++) {
    const entry = entries[e]!;
    out[count++] = entry & 2 ? entry >> 2 : -1 - (entry >> 2);
    if (entry & 1) break;
  }
  return count;
}

export type Box = {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
};

/** Fences that touch a cell which the box touches, ascending; undefined when the box is too big for that. */
export function fencesNear(grid: FenceGrid, place: number, box: Box): number[] | undefined {
  const found: number[] = [];
  if (place < 0) return found;
  const { slots, cells, entries, fleets } = grid;
  const [u0, v0, u1, v1] = [box.west / BLOCK, box.south / BLOCK, box.east / BLOCK, box.north / BLOCK];
  let looked = 0;
  for (let y = Math.floor(v0); y <= v1; y++) {
    for (let x = Math.floor(u0); x <= u1; x++) {
      const slot = slotOf(slots, x, y, place);
      if (++looked > BOX_CELLS) return undefined;
      if (slot < 0) continue;
      const bits = slots[slot + 4]!;
      const side = 1 << bits;
      const left = Math.floor(Math.max(0, u0 - x) * side);
      const right = Math.min(side - 1, Math.floor((u1 - x) * side));
      const top = Math.min(side - 1, Math.floor((v1 - y) * side));
      for (let row = Math.floor(Math.max(0, v0 - y) * side); row <= top; row++) {
        looked += right - left + 1;
        if (looked > BOX_CELLS) return undefined;
        for (let column = left; column <= right; column++) {
          const word = cells[slots[slot + 3]! + (row << bits) + column]!;
          if (word > 0) addOnce(found, (word - 1) >> 1);
          else if (word < 0) addAll(found, entries, -1 - word);
        }
      }
    }
  }
  if (fleets[2 * place + 1]! >= 0) addAll(found, entries, fleets[2 * place + 1]!);
  return found.length > 1 ? found.sort((a, b) => a - b) : found;
}

function addAll(found: number[], entries: Int32Array, first: number): void {
  for (let e = first; ; e++) {
    addOnce(found, entries[e]! >> 2);
    if (entries[e]! & 1) return;
  }
}

function addOnce(found: number[], fence: number): void {
  if (!found.includes(fence)) found.push(fence);
}
