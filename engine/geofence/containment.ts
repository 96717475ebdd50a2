import { METRES_PER_DEGREE } from '../../schemas/position.ts';

/**
 * Kernels on packed rings. A ring is vertices `from` … `to` of `coords` (lng, lat by turns); it does
 * not repeat its first vertex.
 */

/**
 * Whether the point is inside one ring, by even–odd ray casting:
 * https://wrfranklin.org/Research/Short_Notes/pnpoly.html (boundary points as that page says).
 */
export function isInRing(coords: Float64Array, from: number, to: number, lng: number, lat: number): boolean {
  let inside = false;
  for (let i = from, j = to - 1; i < to; j = i++) {
    const ax = coords[2 * i]!;
    const ay = coords[2 * i + 1]!;
    const bx = coords[2 * j]!;
    const by = coords[2 * j + 1]!;
    // From the lower end whichever way the ring runs: two areas with a common border round alike, so that
    // every point of it belongs to one of them.
    if (ay > lat) {
      if (by <= lat && lng < ((ax - bx) * (lat - by)) / (ay - by) + bx) inside = !inside;
    } else if (by > lat && lng < ((bx - ax) * (lat - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** Metres from the point to a chain of edges; `isClosed` adds the edge from the last to the first. */
export function chainDistance(
  coords: Float64Array,
  { from, to, isClosed }: { from: number; to: number; isClosed: boolean },
  lng: number,
  lat: number,
): number {
  // A plane that touches the sphere at the point: fences are small against the Earth's curvature.
  const perLng = METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180);
  let best = Number.POSITIVE_INFINITY;
  let ax = (coords[2 * (isClosed ? to - 1 : from)]! - lng) * perLng;
  let ay = (coords[2 * (isClosed ? to - 1 : from) + 1]! - lat) * METRES_PER_DEGREE;
  for (let i = isClosed ? from : from + 1; i < to; i++) {
    const bx = (coords[2 * i]! - lng) * perLng;
    const by = (coords[2 * i + 1]! - lat) * METRES_PER_DEGREE;
    best = Math.min(best, squaredToSegment(ax, ay, bx, by));
    ax = bx;
    ay = by;
  }
  return Math.sqrt(best);
}

/** Squared distance from the origin to the segment a–b. */
function squaredToSegment(ax: number, ay: number, bx: number, by: number): number {
  const dx = bx - ax;
  const dy = by - ay;
  const length = dx * dx + dy * dy;
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / length));
  const x = ax + share * dx;
  const y = ay + share * dy;
  return x * x + y * y;
}

/** Whether the straight line between two points (degrees) meets an edge of the ring. */
export function segmentMeetsRing(
  coords: Float64Array,
  from: number,
  to: number,
  line: { readonly ax: number; readonly ay: number; readonly bx: number; readonly by: number },
): boolean {
  const { ax, ay, bx, by } = line;
  for (let i = from, j = to - 1; i < to; j = i++) {
    const cx = coords[2 * j]!;
    const cy = coords[2 * j + 1]!;
    const dx = coords[2 * i]!;
    const dy = coords[2 * i + 1]!;
    const c = side(ax, ay, bx, by, cx, cy);
    const d = side(ax, ay, bx, by, dx, dy);
    if (c > 0 === d > 0) continue;
    if (side(cx, cy, dx, dy, ax, ay) > 0 !== side(cx, cy, dx, dy, bx, by) > 0) return true;
  }
  return false;
}

/** Twice the signed area of a, b, c: positive when c lies left of the line from a to b. */
function side(ax: number, ay: number, bx: number, by: number, cx: number, cy: number): number {
  return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
}
