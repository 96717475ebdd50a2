import { type Experience, HOUR_COLUMNS, hourColumn } from './experience.ts';
import { HOURS } from './hour-of-day.ts';

/** How services (logarithm) and legs (relative) go now, against the day so far. */
export type Drift = { readonly service: number; readonly travel: number };

/** From one hour to the next a fleet's day changes by so much (σ). */
const CHANGE = 0.012 ** 2;
/** Variance of a service's logarithm and of a leg over its plan, cut off where it tells nothing; seconds. */
const SERVICE_NOISE = 0.36;
const LEG_NOISE = 40;

/**
 * By how much the fleet is slower at the end of what was seen than on the average of it: the last state
 * of a local level model (Durbin & Koopman 2012, chapter 2), over the hours of the day. Each route
 * is held against its own mean, so that who is still out late does not look like a slower evening.
 */
export function driftOf(routes: readonly Experience[], clock: Float64Array): Drift {
  clock.fill(0);
  for (const { hours } of routes) {
    let [count, off, planned, actual] = [0, 0, 0, 0];
    for (let at = 0; at < hours.length; at += HOUR_COLUMNS) {
      count += hours[at + hourColumn.count]!;
      off += hours[at + hourColumn.off]!;
      planned += hours[at + hourColumn.planned]!;
      actual += hours[at + hourColumn.actual]!;
    }
    if (count === 0 || planned === 0) continue;
    const [usual, ratio] = [off / count, actual / planned];
    for (let at = 0; at < hours.length; at += HOUR_COLUMNS) {
      const n = hours[at + hourColumn.count]!;
      const p = hours[at + hourColumn.planned]!;
      clock[at + hourColumn.count]! += n;
      clock[at + hourColumn.off]! += hours[at + hourColumn.off]! - n * usual;
      clock[at + hourColumn.planned]! += p * ratio;
      clock[at + hourColumn.actual]! += hours[at + hourColumn.actual]! - p * ratio;
    }
  }
  return {
    service: lastLevel(clock, hourColumn.count, hourColumn.off, SERVICE_NOISE),
    travel: lastLevel(clock, hourColumn.planned, hourColumn.actual, LEG_NOISE),
  };
}

/** The filtered level of the last hour in which anything was seen, less the mean of all hours (0). */
function lastLevel(clock: Float64Array, weightAt: number, sumAt: number, noise: number): number {
  const first = firstHour(clock, weightAt);
  if (first < 0) return 0;
  let [level, variance] = [0, CHANGE];
  for (let k = 0; k < HOURS; k++) {
    const at = ((first + k) % HOURS) * HOUR_COLUMNS;
    const weight = clock[at + weightAt]!;
    if (weight <= 0) continue;
    variance += CHANGE;
    const trust = variance / (variance + noise / weight);
    level += trust * (clock[at + sumAt]! / weight - level);
    variance *= 1 - trust;
  }
  return level;
}

/** The hour a day begins in: the first after the longest stretch without anything. */
function firstHour(clock: Float64Array, weightAt: number): number {
  const seen = (hour: number) => clock[(hour % HOURS) * HOUR_COLUMNS + weightAt]! > 0;
  let [best, longest] = [-1, -1];
  for (let hour = 0; hour < HOURS; hour++) {
    if (!seen(hour)) continue;
    let gap = 0;
    while (gap < HOURS && !seen(hour + HOURS - 1 - gap)) gap++;
    if (gap > longest) [best, longest] = [hour, gap];
  }
  return best;
}

export const newClock = (): Float64Array => new Float64Array(HOURS * HOUR_COLUMNS);
