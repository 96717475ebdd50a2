/**
 * The most valuable pairing of rows with columns, each used at most once; pairs not worth anything are
 * left out. Exact: the Hungarian method with potentials (Kuhn 1955, in the O(n³) form of Jonker &
 * Volgenant 1987, https://doi.org/10.1007/BF02278710). Gives the column of each row, or −1.
 */
export function assignment(worth: readonly (readonly number[])[], columnCount: number): number[] {
  const rows = worth.length;
  // Columns beyond the real ones stand for "nobody": a row may always stay alone.
  const size = columnCount + rows;
  const cost = (row: number, column: number): number =>
    column < columnCount ? -Math.max(0, worth[row]?.[column] ?? 0) : 0;
  const rowPrice = new Float64Array(rows + 1);
  const price = new Float64Array(size + 1);
  const rowOf = new Int32Array(size + 1);
  const way = new Int32Array(size + 1);
  for (let row = 1; row <= rows; row++) {
    rowOf[0] = row;
    let column = 0;
    const least = new Float64Array(size + 1).fill(Number.POSITIVE_INFINITY);
    const isUsed = new Uint8Array(size + 1);
    do {
      isUsed[column] = 1;
      const from = rowOf[column]!;
      let step = Number.POSITIVE_INFINITY;
      let next = 0;
      for (let j = 1; j <= size; j++) {
        if (isUsed[j] === 1) continue;
        const reduced = cost(from - 1, j - 1) - rowPrice[from]! - price[j]!;
        if (reduced < least[j]!) {
          least[j] = reduced;
          way[j] = column;
        }
        if (least[j]! < step) [step, next] = [least[j]!, j];
      }
      for (let j = 0; j <= size; j++) {
        if (isUsed[j] === 1) {
          rowPrice[rowOf[j]!]! += step;
          price[j]! -= step;
        } else least[j]! -= step;
      }
      column = next;
    } while (rowOf[column] !== 0);
    for (; column !== 0; column = way[column]!) rowOf[column] = rowOf[way[column]!]!;
  }
  const found = new Array<number>(rows).fill(-1);
  for (let j = 1; j <= columnCount; j++) {
    const row = rowOf[j]! - 1;
    if (row >= 0 && (worth[row]?.[j - 1] ?? 0) > 0) found[row] = j - 1;
  }
  return found;
}
