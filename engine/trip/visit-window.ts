import type { RoutePlan } from '../pace/route-plan.ts';

/** A halt this far from a stop cannot have served it, metres: the driver walks 51 m at p99. */
export const REACH = 75;
/** A route's halts are those from this long before its planned departure … */
const EARLY_SECONDS = 2 * 3600;
/** … to this long after its planned return. */
const OVERRUN_SECONDS = 8 * 3600;

/** The stretch of event time in which a route's stops can be served. */
export function visitWindow({ departure, finish }: Pick<RoutePlan, 'departure' | 'finish'>): {
  from: number;
  until: number;
} {
  return { from: departure - EARLY_SECONDS, until: finish + OVERRUN_SECONDS };
}
