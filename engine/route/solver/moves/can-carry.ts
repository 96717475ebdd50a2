import type { Problem } from '../problem.ts';
import type { Tours } from '../tours.ts';

/**
 * Whether a vehicle may serve the stops `first` … `last` of another tour and has room for them once it has
 * given `given` away (−1 for nothing). For loads that only add up.
 */
export function canCarry(
  problem: Problem,
  { next, load }: Tours,
  vehicle: number,
  first: number,
  last: number,
  given: number,
): boolean {
  const { dimensionCount, vehicleCount, capacity, net, allowed } = problem;
  for (let node = first; ; node = next[node]!) {
    if (allowed[node * vehicleCount + vehicle] === 0) return false;
    if (node === last) break;
  }
  for (let d = 0; d < dimensionCount; d++) {
    let carried = load[vehicle * dimensionCount + d]!;
    if (given >= 0) carried -= Math.abs(net[given * dimensionCount + d]!);
    for (let node = first; ; node = next[node]!) {
      carried += Math.abs(net[node * dimensionCount + d]!);
      if (node === last) break;
    }
    if (carried > capacity[vehicle * dimensionCount + d]!) return false;
  }
  return true;
}
