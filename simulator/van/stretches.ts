import type { Random } from '../../schemas/random.ts';

/** A stretch of time: [from, until), instants. */
export type Stretch = { readonly from: number; readonly until: number };

/** Poisson instants at an hourly rate, drawn as far as they are asked for: how many are over by `at`. */
export function openInstants(perHour: number, from: number, chance: Random): (at: number) => number {
  let count = 0;
  let next = perHour > 0 ? from : Number.POSITIVE_INFINITY;
  const draw = (): number => next + (-Math.log(1 - chance.next()) * 3600) / perHour;
  if (perHour > 0) next = draw();
  return (at) => {
    for (; next <= at; next = draw()) count++;
    return count;
  };
}

/**
 * Stretches that begin at an hourly rate and last from the shortest to the longest, seconds; drawn as
 * far as they are asked for. Instants seldom go back, and never by more than a day.
 */
export function openEpisodes(
  perHour: number,
  from: number,
  chance: Random,
  [shortest, longest]: readonly [number, number],
): (at: number) => Stretch | undefined {
  if (perHour <= 0) return () => undefined;
  const drawn: Stretch[] = [];
  const find = openStretchFinder(drawn);
  let [next, free] = [from, from];
  return (at) => {
    while (next <= at) {
      next += (-Math.log(1 - chance.next()) * 3600) / perHour;
      // Short ones are many and long ones few: uniform in the logarithm.
      const seconds = Math.exp(chance.between(Math.log(shortest), Math.log(longest)));
      if (next < free) continue;
      free = next + seconds;
      drawn.push({ from: next, until: free });
    }
    return find(at);
  };
}

/** The stretch an instant lies in, for instants that seldom go back. */
export function openStretchFinder(stretches: readonly Stretch[]): (at: number) => Stretch | undefined {
  let index = 0;
  return (at) => {
    if (index > 0 && at < stretches[index - 1]!.until) index = 0;
    while (index < stretches.length && stretches[index]!.until <= at) index++;
    const stretch = stretches[index];
    return stretch !== undefined && at >= stretch.from ? stretch : undefined;
  };
}

export function openStretches(stretches: readonly Stretch[]): (at: number) => boolean {
  const find = openStretchFinder(stretches);
  return (at) => find(at) !== undefined;
}
