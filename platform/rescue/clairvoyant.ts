import type { RescueVan } from '../../engine/route/rescue/problem.ts';
import { random } from '../../schemas/random.ts';
import { type DayResult, runDay } from './day.ts';
import { seenVan } from './desk.ts';
import { COMMITTED, type Knowing, ours } from './policies.ts';
import { DEPOT_PLACE, type TownRoute, type TownStop } from './town.ts';
import type { Truth } from './truth.ts';

/** What is left unknown even so: legs that nobody has driven, lunch that moves; seconds kept free. */
const MARGINS = [0, 180, 420] as const;

/**
 * The same moves by somebody who knows every service, leg, lunch and mishap to come: tries them from
 * several hours of the day and with several weights for as long as it may, and keeps the best day. It
 * begins with the days that others made of it, so that nobody who knows less can come out above it.
 */
export function clairvoyantDay(
  routes: readonly TownRoute[],
  truth: Truth,
  {
    milliseconds,
    now,
    seed,
    known,
  }: {
    readonly milliseconds: number;
    readonly now: () => number;
    readonly seed: string;
    readonly known: readonly DayResult[];
  },
): DayResult {
  const chance = random(`${seed}/clairvoyant`);
  const began = now();
  let best = known.reduce<DayResult | undefined>(better, undefined);
  for (let round = 0; round === 0 || now() - began < milliseconds; round++) {
    const margin = MARGINS[round % MARGINS.length]!;
    const lead = round === 0 ? 3 * 3600 : chance.between(1.5, 6) * 3600;
    const tried = runDay(
      routes,
      truth,
      ours({
        knowing: knowing(truth, margin),
        isDue: (late, left) => late > 0.5 && left <= lead,
        params: {
          ...{ helperLateMax: 0.5, helperLateMore: 0 },
          lateStop: round === 0 ? 1800 : chance.between(900, 3600),
          perMove: chance.between(10, 80),
        },
      }),
    );
    best = better(best, tried);
  }
  return best!;
}

/** Fewer late stops; among equals, less late. */
function better(best: DayResult | undefined, other: DayResult): DayResult {
  if (!best || other.late.size < best.late.size) return other;
  return other.late.size === best.late.size && other.lateMinutes < best.lateMinutes ? other : best;
}

function knowing(truth: Truth, margin: number): Knowing {
  return (desk, { due, at }): RescueVan | undefined => {
    const seen = seenVan(desk, due, COMMITTED);
    if (!seen) return undefined;
    const { van, route } = desk;
    const v = van.index;
    const traffic = truth.traffic(v, Math.max(at, route.plannedDeparture) + 3600);
    const byId = new Map<number, TownStop>(route.stops.map((stop) => [stop.id, stop]));
    let before: { x: number; y: number; id: number } = { ...van, id: -1 };
    const stops = seen.stops.map((stop) => {
      const town = byId.get(stop.id)!;
      const leg = truth.drive(v, before, town, at) / truth.traffic(v, at);
      const known = {
        ...stop,
        service: truth.service(v, town) / truth.pace[v]!,
        before: before.id,
        leg,
      };
      before = town;
      return known;
    });
    const { current } = van;
    const isOnTheWay =
      current && current.item !== 'home' && current.item.kind === 'stop' && current.arrival > at;
    const [first] = stops;
    const firstAt = isOnTheWay
      ? current.arrival
      : (current && Number.isFinite(current.done) ? current.done : Math.max(at, van.freeAt)) +
        (first ? first.leg * traffic : 0);
    const meal = van.hasEaten ? undefined : truth.lunch[v];
    const trouble = van.hasMishap ? undefined : truth.mishap[v];
    const pause = (meal?.seconds ?? 0) + (trouble?.seconds ?? 0);
    const from = Math.min(
      meal?.after ?? Number.POSITIVE_INFINITY,
      trouble?.after ?? Number.POSITIVE_INFINITY,
    );
    return {
      ...seen,
      stops,
      firstAt,
      firstVariance: 0,
      finishBy: seen.finishBy - margin,
      depot: DEPOT_PLACE,
      pace: {
        ...{
          slope: traffic,
          more: 0,
          travelDispersion: 0,
          travelVariance: 0,
          serviceVariance: 0,
          patience: 1,
        },
        service: Array.from(seen.pace.service, () => truth.pace[v]!),
        serviceCv2: Array.from(seen.pace.serviceCv2, () => 0),
      },
      fit: { more: 35, perMetre: 0.17 },
      pause: { seconds: pause, from: pause > 0 ? from : 0 },
    };
  };
}
