import type { Notices } from '../../schemas/batch.ts';
import { type BehaviourPolicy, defaultBehaviourPolicy } from '../../schemas/behaviour.ts';
import type { Depot } from '../../schemas/plan.ts';
import { type FoldWorld, type Found, foldVehicle, nothingFound } from '../fold.ts';
import { viewsOf } from '../geofence/fence-pack.ts';
import type { Observation, VehicleState } from '../vehicle-state.ts';

/**
 * What the fold needs of fixes, as columns; NaN is "not known", ignition 2 is. Measured values have
 * the resolution of the table, so that a fix from the log and the same fix from the table agree.
 */
export type ObservationColumns = {
  readonly at: Float64Array;
  readonly key: Float64Array;
  readonly deviceId: Float64Array;
  readonly lng: Float64Array;
  readonly lat: Float64Array;
  readonly speed: Float32Array;
  readonly heading: Float32Array;
  readonly accuracy: Float32Array;
  readonly flags: Float64Array;
  readonly ignition: Uint8Array;
  readonly door: Uint8Array;
  readonly belt: Uint8Array;
  /** By the index of its fix. */
  readonly notices: Notices;
};

export type FoldJob = {
  readonly pack: SharedArrayBuffer;
  readonly depots: readonly Depot[];
  readonly behaviourPolicies: ReadonlyMap<number, BehaviourPolicy>;
  /** Vehicle v owns fixes from … until of the columns, sorted by (at, key). */
  readonly vehicles: readonly {
    readonly vehicleId: number;
    readonly fleetId: number;
    readonly state: VehicleState;
    readonly from: number;
    readonly until: number;
  }[];
  readonly columns: ObservationColumns;
};

/** New states, in the order of the vehicles, and what was found on the way. */
export type FoldedMany = Found & { readonly states: readonly VehicleState[] };

/**
 * Folds many vehicles' fixes. States come and go with the job, so a thread that dies takes nothing
 * with it and its job can simply be done again.
 */
export function foldVehicles({ pack, depots, behaviourPolicies, vehicles, columns }: FoldJob): FoldedMany {
  const views = viewsOf(pack);
  const depotsByFleet = new Map<number, Depot[]>();
  for (const depot of depots) {
    const others = depotsByFleet.get(depot.fleetId);
    if (others) others.push(depot);
    else depotsByFleet.set(depot.fleetId, [depot]);
  }
  const found = nothingFound();
  const worlds = new Map<number, FoldWorld>();
  const states = vehicles.map((vehicle) => {
    let world = worlds.get(vehicle.fleetId);
    if (!world) {
      world = {
        pack: views,
        depots: depotsByFleet.get(vehicle.fleetId) ?? [],
        behaviour: behaviourPolicies.get(vehicle.fleetId) ?? defaultBehaviourPolicy,
      };
      worlds.set(vehicle.fleetId, world);
    }
    const fixes: Observation[] = [];
    for (let i = vehicle.from; i < vehicle.until; i++) fixes.push(observationAt(columns, i));
    return foldVehicle(vehicle, fixes, world, found);
  });
  return { states, ...found };
}

const known = (value: number): boolean | undefined => (value === 2 ? undefined : value === 1);

function observationAt(columns: ObservationColumns, i: number): Observation {
  const speed = columns.speed[i]!;
  const heading = columns.heading[i]!;
  const accuracy = columns.accuracy[i]!;
  const ignition = columns.ignition[i]!;
  return {
    at: columns.at[i]!,
    key: columns.key[i]!,
    deviceId: columns.deviceId[i]!,
    lng: columns.lng[i]!,
    lat: columns.lat[i]!,
    speed: Number.isNaN(speed) ? undefined : speed,
    heading: Number.isNaN(heading) ? undefined : heading,
    accuracy: Number.isNaN(accuracy) ? undefined : accuracy,
    ignition: known(ignition),
    door: known(columns.door[i]!),
    belt: known(columns.belt[i]!),
    noticed: columns.notices.size === 0 ? undefined : columns.notices.get(i),
    flags: columns.flags[i]!,
  };
}
