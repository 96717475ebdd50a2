import { LEG_MIN } from '../../engine/pace/experience.ts';
import { type RoutePlan, routePlan } from '../../engine/pace/route-plan.ts';
import { dwell, normalShare, quantile } from '../../simulator/report/quantiles.ts';
import { PLANNED_EFFORT } from '../../simulator/van/driver.ts';
import { driftAt, type Hidden, type RouteDay } from './fleet-days.ts';

/** What a forecaster expects who knows the simulator's hidden state, but not its dice. */
export type Floor = {
  /** At an instant on the road, after `done` stops. */
  readonly finish: (
    routeIndex: number,
    done: number,
    now: number,
  ) => {
    readonly mean: number;
    readonly sd: number;
    /** At the next stops of the running order, as many as are asked for below. */
    readonly arrivals: readonly number[];
  };
};

/** Arrivals are looked at so many stops ahead. */
export const AHEAD = 10;

/** Equally likely standard normal values: their mean stands for the integral. */
const NODES = Array.from({ length: 64 }, (_, i) => inverse((i + 0.5) / 64));

/**
 * Services follow from the driver's own pace and the effort behind the plan (integrated over the
 * dice); legs from the plan times what driving styles, and jams that have begun, make of it, by least
 * squares in hindsight over all routes of the day; lunch is known, and so is what stands in the way just
 * now, and for how long. What goes wrong later is dice.
 */
export function floorOf(days: readonly RouteDay[]): Floor {
  const plans = days.map(({ route, depot }) => routePlan(route, depot));
  const travel = travelModel(days, plans);
  const curve = serviceCurve();
  return {
    finish(routeIndex, done, now) {
      const day = days[routeIndex]!;
      const plan = plans[routeIndex]!;
      const { hidden, visits, route, lunchLeg } = day;
      const first = route.stops[0]!.id;
      let at = visits[done - 1]!.departedAt;
      let variance = 0;
      let lunch = hidden.lunch.seconds > 0 && (lunchLeg < 0 || lunchLeg >= done);
      for (const { leg, knownFrom, seconds } of hidden.pauses) {
        if (leg === done && knownFrom <= now) at += seconds;
      }
      const drive = (seconds: number, slowness: number): void => {
        at += travel.leg(routeIndex, seconds, slowness) * driftAt(hidden.travel, at);
        variance += travel.dispersion * seconds;
      };
      const arrivals: number[] = [];
      const served = new Set(visits.slice(0, done).map(({ stopId }) => stopId - first));
      for (let i = 0; i < plan.count; i++) {
        if (served.has(i)) continue;
        if (lunch && at > hidden.lunch.after) {
          at += hidden.lunch.seconds;
          lunch = false;
        }
        drive(plan.legs[i]!, slownessAt(hidden, i, at, now));
        if (arrivals.length < AHEAD) arrivals.push(at);
        const { mean, sd } = curve(hidden.effort[i]!);
        const factor = hidden.pace * driftAt(hidden.service, at);
        at += mean * factor;
        variance += (sd * factor) ** 2;
      }
      at += travel.home(routeIndex, plan.returnLeg) * driftAt(hidden.travel, at);
      variance += travel.dispersion * plan.returnLeg;
      return { mean: at, sd: Math.sqrt(variance), arrivals };
    },
  };
}

/** How many times as slow a stop's streets are at an instant, as far as it is settled `now`. */
const slownessAt = ({ jams }: Hidden, stopIndex: number, at: number, now: number): number =>
  jams.reduce(
    (most, { from, until, slowness, stops }) =>
      from <= now && at >= from && at < until && stops.includes(stopIndex) ? Math.max(most, slowness) : most,
    1,
  );

/** Mean and spread of a service by the effort behind its plan, looked up. */
function serviceCurve(): (effort: number) => { mean: number; sd: number } {
  const left = Math.sqrt(1 - PLANNED_EFFORT ** 2);
  const table = Array.from({ length: 161 }, (_, k) => {
    const effort = (k - 80) / 20;
    const values = NODES.map((z) => quantile(dwell, normalShare(PLANNED_EFFORT * effort + left * z)));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    return { mean, sd };
  });
  return (effort) => table[Math.max(0, Math.min(160, Math.round(effort * 20) + 80))]!;
}

/** A leg is so much per stop and its plan times what the driver's style makes of it; weights 1/planned. */
function travelModel(days: readonly RouteDay[], plans: readonly RoutePlan[]) {
  const traits = days.map(({ hidden: { style } }) => [
    1,
    style.speedFactor,
    style.acceleration,
    style.braking,
  ]);
  const x: number[][] = [];
  const y: number[] = [];
  const swerves: { r: number; planned: number; seconds: number }[] = [];
  for (const [r, day] of days.entries()) {
    const first = day.route.stops[0]!.id;
    for (const [k, visit] of day.visits.entries()) {
      const before = day.visits[k - 1];
      if (!before || k === day.lunchLeg || day.hidden.pauses.some(({ leg }) => leg === k)) continue;
      if (before.stopId !== visit.stopId - 1) {
        const planned = Math.max(LEG_MIN, plans[r]!.legs[visit.stopId - first]!);
        swerves.push({ r, planned, seconds: visit.arrivedAt - before.departedAt });
        continue;
      }
      const planned = Math.max(LEG_MIN, plans[r]!.legs[visit.stopId - first]!);
      const driven = (visit.arrivedAt - before.departedAt) / driftAt(day.hidden.travel, visit.arrivedAt);
      const root = Math.sqrt(planned);
      const slowness = slownessAt(day.hidden, visit.stopId - first, before.departedAt, Infinity);
      x.push([1 / root, ...traits[r]!.map((trait) => trait * root), (slowness - 1) * root]);
      y.push(driven / root);
    }
  }
  const [more = 0, ...weights] = leastSquares(x, y);
  const slope = (r: number, slowness = 1) =>
    [...traits[r]!, slowness - 1].reduce((sum, trait, i) => sum + trait * weights[i]!, 0);
  const dispersion =
    x.reduce((sum, row, n) => {
      const expected = row.reduce((inner, value, i) => inner + value * [more, ...weights][i]!, 0);
      return sum + (y[n]! - expected) ** 2;
    }, 0) / x.length;
  // What the other order of some stops costs, spread over all legs.
  const detour = swerves.reduce(
    (sum, { r, planned, seconds }) => sum + seconds - more - slope(r) * planned,
    0,
  );
  const extra = more + detour / (x.length + swerves.length);
  const leg = (r: number, planned: number, slowness: number) =>
    Math.max(5, extra + slope(r, slowness) * Math.max(LEG_MIN, planned));
  // Ways home are no search for a door: what they take of their plan, for the style they were driven in.
  let [homePlanned, homeDriven] = [0, 0];
  for (const [r, { visits, returnedAt, hidden }] of days.entries()) {
    homePlanned += plans[r]!.returnLeg * slope(r);
    homeDriven += (returnedAt - visits.at(-1)!.departedAt) / driftAt(hidden.travel, returnedAt);
  }
  const home = (r: number, planned: number) => (planned * slope(r) * homeDriven) / homePlanned;
  return { leg, home, dispersion };
}

/** Normal equations by Gaussian elimination, a little ridge against a flat column. */
function leastSquares(x: readonly (readonly number[])[], y: readonly number[]): number[] {
  const n = x[0]!.length;
  const a = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n + 1 }, (_, j) =>
      x.reduce((sum, row, r) => sum + row[i]! * (j < n ? row[j]! : y[r]!), i === j ? 1e-6 : 0),
    ),
  );
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      if (k === i) continue;
      const share = a[k]![i]! / a[i]![i]!;
      for (let j = i; j <= n; j++) a[k]![j]! -= share * a[i]![j]!;
    }
  }
  return a.map((row, i) => row[n]! / row[i]!);
}

/** Standard normal quantile by bisection of its share. */
function inverse(share: number): number {
  let [low, high] = [-8, 8];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
