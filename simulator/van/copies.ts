import type { PlanDocument } from '../../schemas/plan.ts';
import type { DayPlan } from '../plan.ts';
import { profileOf, type VanProfile } from '../scenario/profile.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { VanDay } from './day.ts';

/**
 * Who drives in a large fleet: vans with a route, each on a day of its own or, where the scenario says
 * how many `patterns` there are, minutes behind another one on the same day; and vans that roam.
 */
export type FleetSizes = {
  readonly routed: number;
  readonly roaming: number;
  /** Different days among the routed ones. */
  readonly patterns: number;
};

export function fleetSizes({ vans, roaming, patterns }: Scenario): FleetSizes {
  const roamers = Math.min(vans - 1, Math.round(vans * roaming));
  const routed = vans - roamers;
  return { routed, roaming: roamers, patterns: patterns === 0 ? routed : Math.min(patterns, routed) };
}

/** One van with a route: drives the day of a pattern, `behind` seconds later. */
export type VanCopy = {
  readonly vehicle: string;
  /** Index of its route in the plan of patterns. */
  readonly pattern: number;
  readonly behind: number;
  readonly profile: VanProfile;
};

export const vanName = (index: number): string => `van-${String(index + 1).padStart(3, '0')}`;

/**
 * Copies leave evenly between two load-out waves, so that departures have no gaps; where vans join one
 * after another, each leaves as much later as it joins.
 */
export function copiesOf(scenario: Scenario, shiftStart: number): VanCopy[] {
  const { routed, patterns } = fleetSizes(scenario);
  const copies = Math.ceil(routed / patterns);
  return Array.from({ length: routed }, (_, index) => {
    const vehicle = vanName(index);
    const profile = profileOf({ ...scenario, vehicle, place: index / routed, shiftStart });
    const behind = Math.round((Math.floor(index / patterns) * scenario.waveMinutes * 60) / copies);
    return { vehicle, profile, pattern: index % patterns, behind: behind + profile.joins };
  });
}

/** Seconds before the shift starts at which all vans of a fleet of copies are on the air. */
export const FLEET_ON_AIR_BEFORE = 60;

/**
 * The day of a copy in the time of its pattern: it stands in the yard, engine off, from when the fleet
 * is on the air, however late it leaves.
 */
export function dayOfCopy(day: VanDay, copy: VanCopy, shiftStart: number): VanDay {
  const { vehicle, behind, profile } = copy;
  const onAirFrom = shiftStart + profile.joins - FLEET_ON_AIR_BEFORE - behind;
  const [parked, ...rest] = day.engineOff;
  const engineOff =
    parked === undefined ? [] : [{ ...parked, from: Math.min(parked.from, onAirFrom) }, ...rest];
  return { ...day, vehicle, engineOff, onAirFrom };
}

/** Routes of one portion of a plan: what a database takes at once without holding all of it. */
const ROUTES_AT_ONCE = 250;
const VEHICLES_AT_ONCE = 20_000;

/** The plan of the whole fleet in portions; a fleet without copies is one portion. */
export function* planPortions(scenario: Scenario, plan: DayPlan): Generator<PlanDocument> {
  const { document } = plan;
  const { routed, roaming, patterns } = fleetSizes(scenario);
  if (roaming === 0 && patterns === routed) {
    yield document;
    return;
  }
  const copies = copiesOf(scenario, plan.shiftStart);
  for (let first = 0; first < copies.length; first += ROUTES_AT_ONCE) {
    yield portion(document, copies.slice(first, first + ROUTES_AT_ONCE));
  }
  for (let first = 0; first < roaming; first += VEHICLES_AT_ONCE) {
    const vehicles = Array.from({ length: Math.min(VEHICLES_AT_ONCE, roaming - first) }, (_, i) => {
      const name = vanName(routed + first + i);
      return { name, device: name };
    });
    yield { ...document, drivers: [], vehicles, routes: [] };
  }
}

function portion(document: PlanDocument, copies: readonly VanCopy[]): PlanDocument {
  const routes = copies.map(({ vehicle, pattern, behind }) => {
    const route = document.routes[pattern]!;
    const number = vehicle.slice('van-'.length);
    return {
      ...route,
      code: `R${number}`,
      vehicle,
      driver: `D${number}`,
      plannedDeparture: route.plannedDeparture + behind,
      plannedReturn: route.plannedReturn + behind,
      stops: route.stops.map((stop) => ({
        ...stop,
        plannedArrival: stop.plannedArrival + behind,
        ...(stop.windowFrom != null && { windowFrom: stop.windowFrom + behind }),
        ...(stop.windowUntil != null && { windowUntil: stop.windowUntil + behind }),
      })),
    };
  });
  const drivers = copies.map(({ vehicle, pattern }) => ({
    ...document.drivers[pattern]!,
    code: `D${vehicle.slice('van-'.length)}`,
  }));
  const vehicles = copies.map(({ vehicle }) => ({ name: vehicle, device: vehicle }));
  return { ...document, drivers, vehicles, routes };
}
