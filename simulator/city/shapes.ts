import type { FenceShape } from '../../schemas/fence.ts';
import type { Frame } from '../../schemas/position.ts';

/**
 * The simulator's own plane geometry, written apart from the engine's so that one can be held
 * against the other. Metres in the city's frame.
 */
export type Area = {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
  /** Metres to the border: negative inside, positive outside. */
  readonly signedDistance: (x: number, y: number) => number;
};

export function areaOf(shape: FenceShape, frame: Frame): Area {
  if (shape.kind === 'circle') {
    const [cx, cy] = [frame.x(shape.centre[0]), frame.y(shape.centre[1])];
    const { radius } = shape;
    return {
      west: cx - radius,
      south: cy - radius,
      east: cx + radius,
      north: cy + radius,
      signedDistance: (x, y) => Math.hypot(x - cx, y - cy) - radius,
    };
  }
  if (shape.kind === 'corridor') {
    const line = shape.line.map(([lng, lat]) => [frame.x(lng), frame.y(lat)] as const);
    return {
      ...boxOf(line, shape.width / 2),
      signedDistance: (x, y) => distanceToLine(line, x, y) - shape.width / 2,
    };
  }
  const rings = shape.polygons.flatMap((polygon) =>
    polygon.map((ring) => ring.map(([lng, lat]) => [frame.x(lng), frame.y(lat)] as const)),
  );
  return {
    ...boxOf(rings.flat(), 0),
    signedDistance: (x, y) => {
      let distance = Number.POSITIVE_INFINITY;
      let inside = false;
      for (const ring of rings) {
        distance = Math.min(distance, distanceToLine(ring, x, y));
        if (isInRing(ring, x, y)) inside = !inside;
      }
      return inside ? -distance : distance;
    },
  };
}

type Line = readonly (readonly [number, number])[];

function boxOf(points: Line, margin: number) {
  let [west, south, east, north] = [
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ];
  for (const [x, y] of points) {
    [west, east] = [Math.min(west, x), Math.max(east, x)];
    [south, north] = [Math.min(south, y), Math.max(north, y)];
  }
  return { west: west - margin, south: south - margin, east: east + margin, north: north + margin };
}

function distanceToLine(line: Line, x: number, y: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i + 1 < line.length; i++) {
    const [ax, ay] = line[i]!;
    const [bx, by] = line[i + 1]!;
    const [dx, dy] = [bx - ax, by - ay];
    const squared = dx * dx + dy * dy;
    const share = squared === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / squared));
    const [ex, ey] = [x - ax - share * dx, y - ay - share * dy];
    least = Math.min(least, ex * ex + ey * ey);
  }
  return Math.sqrt(least);
}

/** Even–odd rule (https://wrfranklin.org/Research/Short_Notes/pnpoly.html). */
function isInRing(ring: Line, x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [ax, ay] = ring[i]!;
    const [bx, by] = ring[j]!;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** Which areas can matter at a place: those whose box, widened by `margin`, holds it. */
export function openLookup(areas: readonly Area[], margin: number) {
  const cell = 500;
  const cells = new Map<string, number[]>();
  const key = (column: number, row: number) => `${column},${row}`;
  for (const [index, area] of areas.entries()) {
    const [west, east] = [Math.floor((area.west - margin) / cell), Math.floor((area.east + margin) / cell)];
    const [south, north] = [
      Math.floor((area.south - margin) / cell),
      Math.floor((area.north + margin) / cell),
    ];
    for (let column = west; column <= east; column++) {
      for (let row = south; row <= north; row++) {
        const list = cells.get(key(column, row));
        if (list === undefined) cells.set(key(column, row), [index]);
        else list.push(index);
      }
    }
  }
  const none: readonly number[] = [];
  return (x: number, y: number): readonly number[] =>
    cells.get(key(Math.floor(x / cell), Math.floor(y / cell))) ?? none;
}
