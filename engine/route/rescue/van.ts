import type { StopVisit } from '../../../schemas/event.ts';
import { distanceOf, type Frame, type Position } from '../../../schemas/position.ts';
import type { Factors } from '../../pace/factors.ts';
import { breakOwed } from '../../pace/projection.ts';
import { CIRCUITY, type RoutePlan } from '../../pace/route-plan.ts';
import { GRACE, type Standing } from '../../pace/standing.ts';
import type { RescueStop, RescueVan } from './problem.ts';

/** What a rescue needs to know of a route beside its plan and its pace. */
export type VanFacts = {
  readonly plan: RoutePlan;
  readonly visits: ReadonlyMap<number, StopVisit>;
  readonly standing: Standing;
  readonly factors: Factors;
  readonly breaksTaken: number;
  readonly position: Position;
  readonly frame: Frame;
  /** The next stops stay, so many: one for who acts at once, more where a person decides first. */
  readonly committed: number;
  readonly packagesOf: (stopId: number) => number;
  readonly capacity: number;
  readonly hoursUntil: number;
  readonly isStuck: boolean;
  readonly mayHelp: boolean;
  /** When a stop is late, where the route's own end is not what counts. */
  readonly dueOf?: ((stopId: number) => number) | undefined;
};

/** A route under way, as rescues are worked out for it. */
export function rescueVan(facts: VanFacts): RescueVan {
  const { plan, visits, standing, factors, frame, position, isStuck } = facts;
  const { pace, projection, progress } = standing;
  const { remaining, aheadCount } = progress;
  const dayEnd = plan.finish + GRACE - plan.returnLeg;
  const stop = (i: number): RescueStop => ({
    id: plan.stopIds[i]!,
    ...{ x: frame.x(plan.lng[i]!), y: frame.y(plan.lat[i]!) },
    ...{ service: plan.service[i]!, kind: plan.kind[i]! },
    ...{ before: i > 0 ? plan.stopIds[i - 1]! : -1, leg: plan.legs[i]! },
    from: plan.windowFrom[i]!,
    due: facts.dueOf?.(plan.stopIds[i]!) ?? Math.min(plan.windowUntil[i]!, dayEnd),
    packages: facts.packagesOf(plan.stopIds[i]!),
    skills: [],
  });
  const stops = Array.from(remaining.subarray(0, aheadCount), stop);
  const now = { at: pace.at, position, hasDeparted: true, breaksTaken: facts.breaksTaken };
  const owed = breakOwed(plan, { ...progress, visits }, now, factors);
  const firstAt = stops.length > 0 ? projection.mean[0]! : pace.at;
  return {
    ...{ id: plan.routeId, at: pace.at, x: frame.x(position.lng), y: frame.y(position.lat), stops },
    committed: isStuck ? 0 : facts.committed,
    firstAt,
    firstVariance: stops.length > 0 ? projection.sd[0]! ** 2 : 0,
    depot: { x: frame.x(plan.depot.lng), y: frame.y(plan.depot.lat) },
    finishBy: plan.finish + GRACE,
    hoursUntil: facts.hoursUntil,
    pace: { ...factors.leg, ...factors },
    fit: legFit(plan),
    // A break that begins before the first stop is in its expected arrival already.
    pause: firstAt >= owed.from ? { seconds: 0, from: owed.from } : owed,
    capacity: facts.capacity,
    skills: [],
    isStuck,
    mayHelp: facts.mayHelp && !isStuck,
  };
}

/** A metre's and a stop's worth of driving can be told from so many legs. */
const LEGS_MIN = 8;

/**
 * Planned seconds of a leg as a line in straight metres, by least squares over the plan's own legs
 * (weights 1/length): a stop costs looking for the door, a metre costs driving.
 */
export function legFit(plan: RoutePlan): RescueVan['fit'] {
  const usual = { more: 0, perMetre: plan.perMetre };
  if (plan.count < LEGS_MIN) return usual;
  let [w, wd, wdd, wt, wdt] = [0, 0, 0, 0, 0];
  for (let i = 0; i <= plan.count; i++) {
    const from = i === 0 ? plan.depot : { lng: plan.lng[i - 1]!, lat: plan.lat[i - 1]! };
    const to = i === plan.count ? plan.depot : { lng: plan.lng[i]!, lat: plan.lat[i]! };
    const metres = distanceOf(from.lng, from.lat, to.lng, to.lat);
    const seconds = i === plan.count ? plan.returnLeg : plan.legs[i]!;
    const weight = 1 / (metres + 100);
    w += weight;
    wd += weight * metres;
    wdd += weight * metres * metres;
    wt += weight * seconds;
    wdt += weight * metres * seconds;
  }
  const determinant = w * wdd - wd * wd;
  if (determinant <= 1e-9) return usual;
  const perMetre = (w * wdt - wd * wt) / determinant;
  const more = (wt - perMetre * wd) / w;
  // Between a motorway and a walk; a plan that says otherwise says nothing.
  return perMetre < CIRCUITY / 35 || perMetre > 1 || more < 0 ? usual : { more, perMetre };
}
