/** Web Mercator on the unit square: x east from −180°, y south from ≈ 85.05° N. */
export const mercatorX = (lng: number): number => (lng + 180) / 360;

export const mercatorY = (lat: number): number => {
  const sine = Math.sin((Math.min(85.051129, Math.max(-85.051129, lat)) * Math.PI) / 180);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
};

export const lngFromX = (x: number): number => x * 360 - 180;

export const latFromY = (y: number): number => (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;

/** CSS pixels across the whole world at a zoom, with tiles of 512 px (MapLibre's convention). */
export const worldSize = (zoom: number): number => 512 * 2 ** zoom;

/** What a map shows: its centre on the unit square, its zoom, its size in CSS pixels. North is up. */
export type MapView = {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
  readonly width: number;
  readonly height: number;
};

/** [west, south, east, north] in degrees. */
export type Bounds = readonly [number, number, number, number];

export function boundsOf(places: Iterable<readonly [lng: number, lat: number]>): Bounds | undefined {
  let west = Number.POSITIVE_INFINITY;
  let south = Number.POSITIVE_INFINITY;
  let east = Number.NEGATIVE_INFINITY;
  let north = Number.NEGATIVE_INFINITY;
  for (const [lng, lat] of places) {
    west = Math.min(west, lng);
    south = Math.min(south, lat);
    east = Math.max(east, lng);
    north = Math.max(north, lat);
  }
  return west <= east ? [west, south, east, north] : undefined;
}

/** The centre and zoom that show all of `bounds` with `padding` pixels to spare. */
export function viewOfBounds(bounds: Bounds, width: number, height: number, padding: number): MapView {
  const left = mercatorX(bounds[0]);
  const right = mercatorX(bounds[2]);
  const top = mercatorY(bounds[3]);
  const bottom = mercatorY(bounds[1]);
  const across = Math.max(1, width - 2 * padding) / Math.max(1e-9, right - left);
  const down = Math.max(1, height - 2 * padding) / Math.max(1e-9, bottom - top);
  const zoom = Math.min(16, Math.log2(Math.min(across, down) / 512));
  return { x: (left + right) / 2, y: (top + bottom) / 2, zoom, width, height };
}

/** Where a place on the unit square lies on the screen. */
export function screenOf(view: MapView, x: number, y: number): readonly [number, number] {
  const size = worldSize(view.zoom);
  return [(x - view.x) * size + view.width / 2, (y - view.y) * size + view.height / 2];
}
