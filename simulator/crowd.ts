import { random } from '../schemas/random.ts';
import type { City } from './city/city.ts';
import { openRouter } from './city/paths.ts';
import { uploads } from './device/radio.ts';
import { openSwarm, type Swarm } from './device/swarm.ts';
import type { DayPlan } from './plan.ts';
import type { LedgerContents } from './publish/ledger-reading.ts';
import type { QueuedVan } from './publish/queue.ts';
import { profileBehind, profileOf } from './scenario/profile.ts';
import type { Scenario } from './scenario/scenario.ts';
import { copiesOf, dayOfCopy, FLEET_ON_AIR_BEFORE, fleetSizes, vanName } from './van/copies.ts';
import type { VanDay } from './van/day.ts';
import { loopOf } from './van/roaming.ts';

/** A shift of more vans than could each have a day made for it. */
export type CrowdInput = {
  readonly scenario: Scenario;
  readonly city: City;
  /** A route for each pattern. */
  readonly plan: DayPlan;
  /** What an earlier run had acknowledged. */
  readonly before: LedgerContents | undefined;
};

/** Whether vans share days: then they are sent nothing down, since one would obey for all. */
export function hasCopies(scenario: Scenario): boolean {
  const { routed, patterns } = fleetSizes(scenario);
  return patterns < routed;
}

/** Days that are asked for again and again. */
export function keptDays(dayOf: (routeIndex: number) => VanDay): (routeIndex: number) => VanDay {
  const kept: VanDay[] = [];
  return (routeIndex) => {
    const day = kept[routeIndex] ?? dayOf(routeIndex);
    kept[routeIndex] = day;
    return day;
  };
}

/** The vans with a route, each on the day of its pattern. */
export function copiedVans(
  { scenario, plan }: CrowdInput,
  dayOf: (routeIndex: number) => VanDay,
): QueuedVan[] {
  return copiesOf(scenario, plan.shiftStart).map((copy) => ({
    device: copy.vehicle,
    notBefore: plan.shiftStart + copy.profile.joins - FLEET_ON_AIR_BEFORE,
    uploads: lazily(() => {
      const day = dayOfCopy(dayOf(copy.pattern), copy, plan.shiftStart);
      return uploads(day, scenario, profileBehind(copy.profile, copy.behind));
    }),
  }));
}

/** Begins with the first thing asked for. */
function lazily<T>(begin: () => Iterator<T>): Iterator<T> {
  let begun: Iterator<T> | undefined;
  return {
    next: () => {
      begun ??= begin();
      return begun.next();
    },
  };
}

/** How many different loops there are for vans without a route. */
const LOOPS = 120;
/** A roaming van is on the air for so long. */
const ROAMING_SECONDS = 12 * 3600;

/** The vans without a route. */
export function swarmOf({ scenario, city, plan, before }: CrowdInput): Swarm | undefined {
  const { routed, roaming } = fleetSizes(scenario);
  if (roaming === 0) return undefined;
  const router = openRouter(city.graph);
  const chance = random(`${scenario.seed}/loops`);
  const loops = Array.from({ length: Math.min(LOOPS, roaming) }, (_, i) =>
    loopOf(city, router, scenario.startHour, chance.fork(String(i))),
  );
  const { seed, intervalSeconds, radio } = scenario;
  const from = plan.shiftStart - FLEET_ON_AIR_BEFORE;
  const names = Array.from({ length: roaming }, (_, i) => vanName(routed + i));
  return openSwarm({
    ...{ seed, intervalSeconds, loops, from, until: from + ROAMING_SECONDS },
    ...{ noise: radio.noise, noiseSeconds: radio.noiseSeconds, missing: radio.missing },
    names,
    profiles:
      scenario.profile.length === 0
        ? undefined
        : names.map((vehicle, i) =>
            profileOf({ ...scenario, vehicle, place: i / roaming, shiftStart: plan.shiftStart }),
          ),
    after: before && ((name) => before.lastByDevice.get(name)),
  });
}
