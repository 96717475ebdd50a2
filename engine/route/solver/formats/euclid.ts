/** How a format turns the straight line between two points into a whole number. */
export type Rounding = { readonly scale: number; readonly round: (distance: number) => number };

/** DIMACS 2021, for Solomon and Homberger: tenths, cut off. */
export const tenths: Rounding = { scale: 10, round: (distance) => Math.floor(distance + 1e-6) };
/** TSPLIB's EUC_2D: the nearest whole number. */
export const whole: Rounding = { scale: 1, round: Math.round };
/** As good as exact: thousandths, nearest. */
export const thousandths: Rounding = { scale: 1000, round: Math.round };

/** Straight-line distances between all points, row-major, in memory that threads can share. */
export function euclid(
  points: readonly (readonly [number, number])[],
  { scale, round }: Rounding,
): Int32Array {
  const size = points.length;
  const matrix = new Int32Array(new SharedArrayBuffer(4 * size * size));
  const xs = Float64Array.from(points, ([x]) => x);
  const ys = Float64Array.from(points, ([, y]) => y);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const dx = (xs[i] ?? 0) - (xs[j] ?? 0);
      const dy = (ys[i] ?? 0) - (ys[j] ?? 0);
      const distance = round(scale * Math.sqrt(dx * dx + dy * dy));
      matrix[i * size + j] = distance;
      matrix[j * size + i] = distance;
    }
  }
  return matrix;
}
