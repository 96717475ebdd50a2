import type { Random } from '../../schemas/random.ts';

/** A stretch of time: [from, until), instants. */
export type Stretch = { readonly from: number; readonly until: number };

/** Poisson instants at an hourly rate. */
export function instants(perHour: number, from: number, until: number, chance: Random): number[] {
  const found: number[] = [];
  if (perHour <= 0) return found;
  for (let at = from; ; ) {
    at += (-Math.log(1 - chance.next()) * 3600) / perHour;
    if (at >= until) return found;
    found.push(at);
  }
}

/** Stretches that begin at an hourly rate and last from the shortest to the longest, seconds. */
export function episodes(
  perHour: number,
  from: number,
  until: number,
  chance: Random,
  [shortest, longest]: readonly [number, number],
): Stretch[] {
  let free = from;
  return instants(perHour, from, until, chance).flatMap((at) => {
    // Short ones are many and long ones few: uniform in the logarithm.
    const seconds = Math.exp(chance.between(Math.log(shortest), Math.log(longest)));
    if (at < free) return [];
    free = at + seconds;
    return [{ from: at, until: at + seconds }];
  });
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
