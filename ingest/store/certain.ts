import type { Fix } from '../../schemas/fix.ts';
import { fixFlags } from '../../schemas/reasons.ts';

/** Fixes and their places in the batch. */
export type Placed = { readonly fixes: readonly Fix[]; readonly places: readonly number[] };

/**
 * Parts the fixes of a batch into those that are certain to be new and those that may be there
 * already. A fix newer than all that is known of its vehicle repeats nothing, and most fixes are
 * such. What is known may be wrong, when somebody else writes fixes of the vehicle: then the table
 * says so, by its key.
 */
export function byCertainty(
  fixes: readonly Fix[],
  newestAt: (vehicleId: number) => number | undefined,
): { readonly certain: Placed; readonly doubtful: Placed } {
  const certain = { fixes: [] as Fix[], places: [] as number[] };
  const doubtful = { fixes: [] as Fix[], places: [] as number[] };
  const newest = new Map<number, number>();
  for (const [n, fix] of fixes.entries()) {
    const { vehicleId, at } = fix;
    const before = newest.get(vehicleId) ?? newestAt(vehicleId) ?? Number.NEGATIVE_INFINITY;
    // Instants of clocks that are ahead are not remembered as the newest, so they prove nothing.
    const isCertain = at > before && (fix.flags & fixFlags.clock_future) === 0;
    const part = isCertain ? certain : doubtful;
    part.fixes.push(fix);
    part.places.push(n);
    if (at > before) newest.set(vehicleId, at);
  }
  return { certain, doubtful };
}
