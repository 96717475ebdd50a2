/**
 * Which fences may hold a point, in a few memory accesses however many fences there are: a hashed grid of
 * several cell sizes. Each fence lies in the level whose cells it covers a few of, so a building and a county
 * both cost some dozen entries. A cell knows the fences that touch it, and which of them cover it whole: a
 * point in such a cell is inside without a look at the outline.
 *
 *   slots    Int32Array   4 per slot    x and y of the cell, tag (fleet's place × LEVELS + level), first entry; −1: empty
 *   entries  Int32Array                 fence × 4 + covers whole × 2 + last of the cell × 1
 *   fleets   Int32Array   2 per fleet   fleet id, bits of the levels it uses; ascending
 */
export type FenceGrid = {
  readonly slots: Int32Array;
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

const LEVELS = 8;
/** Degrees of a cell of level 0, some fifty metres; each level has cells four times as wide. */
const FINEST = 0.0005;
/** Cells a fence may be wide and high before it goes to the next level. */
const WIDE = 8;
/** Degrees by which an outline is taken to be thicker than it is: rounding cannot carry a point over. */
const SLACK = 1e-9;
/** Cells looked at for a box; beyond it the tree is faster. */
const BOX_CELLS = 24;

const sizes = Float64Array.from({ length: LEVELS }, (_, level) => FINEST * 4 ** level);

export function buildGrid(fences: readonly GridFence[]): FenceGrid {
  const ids = [...new Set(fences.map(({ fleetId }) => fleetId))].sort((a, b) => a - b);
  const placeOf = new Map(ids.map((id, i) => [id, i]));
  const fleets = Int32Array.from(ids.flatMap((id) => [id, 0]));
  let rows = new Int32Array(1024);
  let n = 0;
  const add = (x: number, y: number, tag: number, entry: number): void => {
    if (n + 4 > rows.length) {
      const wider = new Int32Array(rows.length * 2);
      wider.set(rows);
      rows = wider;
    }
    rows[n] = x;
    rows[n + 1] = y;
    rows[n + 2] = tag;
    rows[n + 3] = entry;
    n += 4;
  };
  for (const [i, fence] of fences.entries()) {
    const level = levelOf(fence.bounds);
    const place = placeOf.get(fence.fleetId)!;
    fleets[2 * place + 1]! |= 1 << level;
    cover(fence, sizes[level]!, (x, y, isWhole) =>
      add(x, y, place * LEVELS + level, 4 * i + (isWhole ? 2 : 0)),
    );
  }
  return { fleets, ...hashed(rows, n / 4) };
}

function levelOf([west, south, east, north]: GridFence['bounds']): number {
  const widest = Math.max(east - west, north - south);
  let level = 0;
  while (level < LEVELS - 1 && widest > WIDE * sizes[level]!) level++;
  return level;
}

/** Calls back for each cell that the fence touches, with whether it covers it whole. */
function cover(
  { bounds, rings, isInside }: GridFence,
  size: number,
  add: (x: number, y: number, isWhole: boolean) => void,
): void {
  const x0 = Math.floor((bounds[0] - SLACK) / size);
  const y0 = Math.floor((bounds[1] - SLACK) / size);
  const wide = Math.floor((bounds[2] + SLACK) / size) - x0 + 1;
  const high = Math.floor((bounds[3] + SLACK) / size) - y0 + 1;
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
      if (touched[y * wide + x] === 1) {
        add(x0 + x, y0 + y, false);
        isWhole = undefined;
        continue;
      }
      isWhole ??= isInside((x0 + x + 0.5) * size, (y0 + y + 0.5) * size);
      if (isWhole) add(x0 + x, y0 + y, true);
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

/** Rows of x, y, tag, entry as a hash table with open addressing; neighbours share cells, so it is half empty at most. */
function hashed(rows: Int32Array, count: number): Omit<FenceGrid, 'fleets'> {
  let slotCount = 4;
  while (slotCount < 1.3 * count) slotCount *= 2;
  const slots = new Int32Array(4 * slotCount);
  for (let s = 0; s < slotCount; s++) slots[4 * s + 3] = -1;
  const slotOf = new Int32Array(count);
  const counts = new Int32Array(slotCount);
  for (let r = 0; r < count; r++) {
    const [x, y, tag] = [rows[4 * r]!, rows[4 * r + 1]!, rows[4 * r + 2]!];
    let s = hash(x, y, tag) & (slotCount - 1);
    while (
      slots[4 * s + 3] !== -1 &&
      !(slots[4 * s] === x && slots[4 * s + 1] === y && slots[4 * s + 2] === tag)
    ) {
      s = (s + 1) & (slotCount - 1);
    }
    slots[4 * s] = x;
    slots[4 * s + 1] = y;
    slots[4 * s + 2] = tag;
    slots[4 * s + 3] = 0;
    slotOf[r] = s;
    counts[s]!++;
  }
  let next = 0;
  for (let s = 0; s < slotCount; s++) {
    if (counts[s] === 0) continue;
    slots[4 * s + 3] = next;
    next += counts[s]!;
  }
  const entries = new Int32Array(count);
  const left = counts.slice();
  for (let r = 0; r < count; r++) {
    const s = slotOf[r]!;
    const place = slots[4 * s + 3]! + counts[s]! - left[s]!;
    entries[place] = rows[4 * r + 3]! + (--left[s]! === 0 ? 1 : 0);
  }
  return { slots, entries };
}

function hash(x: number, y: number, tag: number): number {
  let h = Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca6b) ^ Math.imul(tag, 0xc2b2ae35);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

/** First entry of a cell, or −1. */
function entryOf({ slots }: FenceGrid, x: number, y: number, tag: number): number {
  const mask = (slots.length >> 2) - 1;
  for (let s = hash(x, y, tag) & mask; ; s = (s + 1) & mask) {
    const first = slots[4 * s + 3]!;
    if (first === -1) return -1;
    if (slots[4 * s] === x && slots[4 * s + 1] === y && slots[4 * s + 2] === tag) return first;
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
  const { fleets, entries } = grid;
  let count = 0;
  for (let levels = fleets[2 * place + 1]!; levels !== 0; levels &= levels - 1) {
    const level = 31 - Math.clz32(levels & -levels);
    const size = sizes[level]!;
    let e = entryOf(grid, Math.floor(lng / size), Math.floor(lat / size), place * LEVELS + level);
    if (e < 0) continue;
    for (; count < out.length; e++) {
      const entry = entries[e]!;
      out[count++] = entry & 2 ? entry >> 2 : -1 - (entry >> 2);
      if (entry & 1) break;
    }
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
  const { fleets, entries } = grid;
  let cells = 0;
  for (let levels = fleets[2 * place + 1]!; levels !== 0; levels &= levels - 1) {
    const level = 31 - Math.clz32(levels & -levels);
    const size = sizes[level]!;
    const x1 = Math.floor(box.east / size);
    const y1 = Math.floor(box.north / size);
    const [x0, y0] = [Math.floor(box.west / size), Math.floor(box.south / size)];
    cells += (x1 - x0 + 1) * (y1 - y0 + 1);
    if (cells > BOX_CELLS) return undefined;
    for (let x = x0; x <= x1; x++) {
      for (let y = y0; y <= y1; y++) {
        let e = entryOf(grid, x, y, place * LEVELS + level);
        if (e < 0) continue;
        for (; ; e++) {
          const fence = entries[e]! >> 2;
          if (!found.includes(fence)) found.push(fence);
          if (entries[e]! & 1) break;
        }
      }
    }
  }
  return found.length > 1 ? found.sort((a, b) => a - b) : found;
}
