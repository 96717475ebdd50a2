/** Points in a plane, metres, in columns. */
export type Points = { readonly x: Float64Array; readonly y: Float64Array };

/**
 * Splits points into compact groups of the wanted sizes: halves the list of groups and cuts the
 * points across their longer side accordingly. Returns the members of each group.
 */
export function territories(points: Points, sizes: readonly number[]): number[][] {
  const groups: number[][] = [];
  const cut = (members: number[], wanted: readonly number[]): void => {
    if (wanted.length === 1) {
      groups.push(members);
      return;
    }
    const half = wanted.length >> 1;
    const count = wanted.slice(0, half).reduce((sum, size) => sum + size, 0);
    const axis = extent(members, points.x) > extent(members, points.y) ? points.x : points.y;
    members.sort((a, b) => axis[a]! - axis[b]! || a - b);
    cut(members.slice(0, count), wanted.slice(0, half));
    cut(members.slice(count), wanted.slice(half));
  };
  cut(
    Array.from(points.x, (_, i) => i),
    sizes,
  );
  return groups;
}

function extent(members: readonly number[], axis: Float64Array): number {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const i of members) {
    least = Math.min(least, axis[i]!);
    most = Math.max(most, axis[i]!);
  }
  return most - least;
}

/**
 * A short round trip from the first member through all others: nearest neighbour first, then 2-opt
 * and moves of single points until nothing improves (Croes 1958; https://en.wikipedia.org/wiki/2-opt).
 * `metres` must be the same both ways. Returns the others in order.
 */
export function sequence<T>(members: readonly T[], metres: (a: T, b: T) => number): T[] {
  const count = members.length;
  const matrix = new Float64Array(count * count);
  for (let a = 0; a < count; a++) {
    for (let b = 0; b < a; b++) {
      matrix[a * count + b] = metres(members[a]!, members[b]!);
      matrix[b * count + a] = matrix[a * count + b]!;
    }
  }
  const order = nearestNeighbour(matrix, count);
  for (let pass = 0; pass < 30; pass++) {
    const reversed = reversals(order, matrix, count);
    const moved = moves(order, matrix, count);
    if (!reversed && !moved) break;
  }
  return Array.from(order.subarray(1), (i) => members[i]!);
}

function nearestNeighbour(matrix: Float64Array, count: number): Uint16Array {
  const order = new Uint16Array(count);
  const used = new Uint8Array(count);
  used[0] = 1;
  for (let i = 1; i < count; i++) {
    const here = order[i - 1]!;
    let best = -1;
    for (let next = 1; next < count; next++) {
      if (used[next]) continue;
      if (best < 0 || matrix[here * count + next]! < matrix[here * count + best]!) best = next;
    }
    order[i] = best;
    used[best] = 1;
  }
  return order;
}

/** 2-opt: turns a stretch round wherever that shortens the tour. Place 0 is home and stays. */
function reversals(order: Uint16Array, matrix: Float64Array, count: number): boolean {
  let improved = false;
  for (let i = 0; i < count - 1; i++) {
    for (let k = i + 2; k < count; k++) {
      const a = order[i]!;
      const b = order[i + 1]!;
      const c = order[k]!;
      const d = order[k + 1 < count ? k + 1 : 0]!;
      const gain =
        matrix[a * count + b]! + matrix[c * count + d]! - matrix[a * count + c]! - matrix[b * count + d]!;
      if (gain <= 1e-6) continue;
      order.subarray(i + 1, k + 1).reverse();
      improved = true;
    }
  }
  return improved;
}

/** Takes one place out and puts it in where it costs least. */
function moves(order: Uint16Array, matrix: Float64Array, count: number): boolean {
  let improved = false;
  const at = (i: number) => order[i < count ? i : 0]!;
  for (let i = 1; i < count; i++) {
    const [before, here, after] = [order[i - 1]!, order[i]!, at(i + 1)];
    const removed =
      matrix[before * count + here]! + matrix[here * count + after]! - matrix[before * count + after]!;
    let [bestGain, bestAt] = [1e-6, -1];
    for (let k = 0; k < count; k++) {
      if (k === i || k === i - 1) continue;
      const [a, b] = [order[k]!, at(k + 1)];
      const gain = removed - (matrix[a * count + here]! + matrix[here * count + b]! - matrix[a * count + b]!);
      if (gain > bestGain) [bestGain, bestAt] = [gain, k];
    }
    if (bestAt < 0) continue;
    if (bestAt > i) order.copyWithin(i, i + 1, bestAt + 1);
    else order.copyWithin(bestAt + 2, bestAt + 1, i);
    order[bestAt > i ? bestAt : bestAt + 1] = here;
    improved = true;
  }
  return improved;
}
