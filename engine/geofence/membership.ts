import type { Fence } from '../../schemas/fence.ts';
import { fleetPlace } from './fence-grid.ts';
import { containing, type FencePack, packFences } from './fence-pack.ts';

/** Fences that one point can be inside of. */
const HELD_MAX = 4096;

/** Where a vehicle was, for membership. */
export type Sighting = {
  readonly vehicleId: number;
  readonly at: number;
  readonly lng: number;
  readonly lat: number;
};

export type RawTransition = {
  readonly vehicleId: number;
  readonly at: number;
  readonly event: 'enter' | 'exit';
  readonly fence: Fence;
};

/**
 * Plain membership, the definition every other crossing is judged against: of fixes sorted by time,
 * each fix that is inside a fence while its vehicle's previous one was not is an enter (also the very
 * first fix), and the reverse an exit. No filter, no margin, no minimum time.
 *
 * All fences are taken to be of the fixes' fleet. Order: as the fixes; at one fix exits before
 * enters, each in the order of the fences.
 */
export function rawTransitions(
  fixesSortedByTime: Iterable<Sighting>,
  fences: readonly Fence[],
): RawTransition[] {
  return Array.from(fixesSortedByTime, rawMembership(fences)).flat();
}

/**
 * The same for fixes that come one at a time: each call takes the next fix and gives its
 * transitions. Holds what each vehicle is inside of, and nothing else of the past.
 */
export function rawMembership(fences: readonly Fence[]): (sighting: Sighting) => RawTransition[] {
  const pack = packFences(fences.map((fence) => ({ ...fence, fleetId: 0 })));
  const insideByVehicle = new Map<number, readonly number[]>();
  return ({ vehicleId, at, lng, lat }) => {
    const before = insideByVehicle.get(vehicleId) ?? [];
    const now = within(pack, lng, lat);
    const transitions: RawTransition[] = [];
    for (const i of before) {
      if (!now.includes(i)) transitions.push({ vehicleId, at, event: 'exit', fence: fences[i]! });
    }
    for (const i of now) {
      if (!before.includes(i)) transitions.push({ vehicleId, at, event: 'enter', fence: fences[i]! });
    }
    insideByVehicle.set(vehicleId, now);
    return transitions;
  };
}

/** Indexes of the fences that hold the point, ascending. */
function within(pack: FencePack, lng: number, lat: number): number[] {
  const count = containing(pack, fleetPlace(pack.grid, 0), lng, lat, held);
  return Array.from(held.subarray(0, count));
}

const held = new Int32Array(HELD_MAX);
