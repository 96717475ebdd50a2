import { type BehaviourPolicy, defaultBehaviourPolicy } from '../schemas/behaviour.ts';
import type { Crossing, Halt, Trip } from '../schemas/event.ts';
import type { Depot } from '../schemas/plan.ts';
import { fixFlags } from '../schemas/reasons.ts';
import { behaviourStep } from './behaviour/behaviour.ts';
import { doubted } from './filter/implausible-speed.ts';
import { HELD, judge, judgeHeld } from './filter/judge.ts';
import { periodAfter, strayed } from './filter/out-of-sequence.ts';
import { isReachable } from './filter/step.ts';
import { cross, pendingCrossings } from './geofence/crossing.ts';
import type { FencePack } from './geofence/fence-pack.ts';
import { haltStep } from './trip/halt.ts';
import { tripRow, tripStep } from './trip/trip.ts';
import { type Changes, isLate, noChanges, type Observation, type VehicleState } from './vehicle-state.ts';

/** What a vehicle's fixes are seen against. */
export type FoldWorld = {
  readonly pack: FencePack;
  readonly depots: readonly Depot[];
  /** The default where nothing is said. */
  readonly behaviour?: BehaviourPolicy | undefined;
};

export type Checkpoint = { readonly vehicleId: number; readonly at: number; readonly state: VehicleState };

/** What folds of one vehicle or of many found besides their new states; each fold adds to the lists. */
export type Found = {
  readonly changes: Changes;
  /** States before the first fix of each stretch between checkpoints. */
  readonly checkpoints: Checkpoint[];
  /** Vehicles with fixes that came too late for this fold, and the instant of the oldest of them. */
  readonly late: { readonly vehicleId: number; readonly from: number }[];
};

export const nothingFound = (): Found => ({ changes: noChanges(), checkpoints: [], late: [] });

/** Seconds between checkpoints: what a restart or a late fix has to fold again, at most. */
export const CHECKPOINT_SECONDS = 900;

/** The checkpoint boundary at or before `at`; each vehicle has its own, so that they spread out. */
export function boundaryBefore(vehicleId: number, at: number): number {
  const phase = (vehicleId * 619) % CHECKPOINT_SECONDS;
  return Math.floor((at - phase) / CHECKPOINT_SECONDS) * CHECKPOINT_SECONDS + phase;
}

/**
 * The one derivation of everything from a vehicle's fixes: folds them, sorted by (at, key), into its
 * state, and adds what it finds to `found`. A function of nothing else, so that a fix folded live, after a
 * crash or hours late concludes the same.
 */
export function foldVehicle(
  vehicle: { readonly vehicleId: number; readonly fleetId: number; readonly state: VehicleState },
  fixes: Iterable<Observation>,
  world: FoldWorld,
  found: Found,
): VehicleState {
  const { vehicleId } = vehicle;
  let { state } = vehicle;
  let lateFrom = Number.POSITIVE_INFINITY;
  for (const fix of fixes) {
    // A fix that is bad by itself says nothing, not even how far the vehicle is: one from a clock days
    // ahead would make every true fix late.
    if (fix.flags !== 0) continue;
    if (isLate(state, fix.at, fix.key)) {
      lateFrom = Math.min(lateFrom, fix.at);
      continue;
    }
    if (state.last !== null) {
      const boundary = boundaryBefore(vehicleId, fix.at);
      if (boundary > state.last.at) found.checkpoints.push({ vehicleId, at: boundary, state });
    }
    state = step(state, fix, vehicle, world, found.changes);
  }
  if (lateFrom < Number.POSITIVE_INFINITY) found.late.push({ vehicleId, from: lateFrom });
  return state;
}

function step(
  state: VehicleState,
  fix: Observation,
  vehicle: Owner,
  world: FoldWorld,
  changes: Changes,
): VehicleState {
  const { held, good } = state;
  const settled = held && good ? settle(state, { good, held, fix }, vehicle, world, changes) : state;
  const flags = judge(settled, fix);
  if (flags === 0) return advance(settled, fix, vehicle, world, changes);
  const last = { at: fix.at, key: fix.key };
  if (flags === HELD) return { ...settled, last, held: fix };
  changes.judgements.push({ vehicleId: vehicle.vehicleId, at: fix.at, key: fix.key, flags });
  const doubt = (flags & OUT_OF_REACH) !== 0 ? doubted(settled.doubt, fix) : settled.doubt;
  // The place is wrong; that the ignition was on is not.
  const isOn = settled.halt?.isOff === true && fix.ignition !== false;
  return { ...settled, last, doubt, halt: isOn ? { ...settled.halt, isOff: false } : settled.halt };
}

const OUT_OF_REACH = fixFlags.implausible_speed | fixFlags.sign_flip;

type Owner = { readonly vehicleId: number; readonly fleetId: number };

/** The next fix has come: the one that waited for it is used, or flagged. */
function settle(
  state: VehicleState,
  { good, held, fix }: { readonly good: Observation; readonly held: Observation; readonly fix: Observation },
  vehicle: Owner,
  world: FoldWorld,
  changes: Changes,
): VehicleState {
  const flags = judgeHeld(state, good, held, fix);
  if (flags === 0) return advance(state, held, vehicle, world, changes);
  changes.judgements.push({ vehicleId: vehicle.vehicleId, at: held.at, key: held.key, flags });
  const isStray = (flags & fixFlags.out_of_sequence) !== 0;
  return { ...state, held: null, stray: isStray ? strayed(state.stray, held) : state.stray };
}

/** Uses a good fix. */
function advance(
  state: VehicleState,
  fix: Observation,
  { vehicleId, fleetId }: Owner,
  { pack, depots, behaviour: policy = defaultBehaviourPolicy }: FoldWorld,
  changes: Changes,
): VehicleState {
  const before = state.good;
  const fences = cross(state.fences, { before, fix, vehicleId, fleetId }, pack, changes.crossings);
  const haltsBefore = changes.halts.length;
  const halt = haltStep(state.halt, before, fix, (shown) => changes.halts.push({ vehicleId, ...shown }));
  let haltsEnded = 0;
  for (let i = haltsBefore; i < changes.halts.length; i++) {
    if (changes.halts[i]?.endedAt !== undefined) haltsEnded++;
  }
  const trip = tripStep(state.trip, fix, haltsEnded, { depots }, (shown) =>
    changes.trips.push({ vehicleId, ...shown }),
  );
  // A checkpoint of before there was such a thing holds none.
  const behaviour = behaviourStep(state.behaviour ?? null, before, fix, policy, (shown) =>
    changes.behaviours.push({
      vehicleId,
      fixAt: fix.at,
      fixKey: fix.key,
      policyVersion: policy.version,
      ...shown,
    }),
  );
  const isMoved = before === null || (state.doubt !== null && !isReachable(before, fix));
  const since = isMoved ? (state.doubt?.since ?? fix.at) : (state.since ?? fix.at);
  return {
    last: { at: fix.at, key: fix.key },
    good: fix,
    since,
    held: null,
    doubt: null,
    stray: null,
    period: periodAfter(state.period, before, fix),
    fences,
    halt,
    trip,
    behaviour,
  };
}

/** What a state has already shown and may still change: the open halt and trip. */
export function openConclusions(
  vehicleId: number,
  { halt, trip }: VehicleState,
): { readonly halts: readonly Halt[]; readonly trips: readonly Trip[] } {
  return {
    halts: halt?.shown ? [{ vehicleId, startedAt: halt.startedAt, position: halt.shown }] : [],
    trips: trip.phase === 'away' ? [{ vehicleId, ...tripRow(trip) }] : [],
  };
}

/**
 * What a state may still show under an instant before its next fix: keys of conclusions that are
 * open to being confirmed, or not.
 */
export function pendingKeys({ fences, halt, trip }: VehicleState): {
  readonly crossings: readonly Pick<Crossing, 'fenceId' | 'kind' | 'at'>[];
  readonly halts: readonly number[];
  readonly trips: readonly number[];
} {
  const halts = halt === null ? [] : [halt.startedAt, ...(halt.doubt?.isSlow ? [halt.doubt.startedAt] : [])];
  const trips =
    trip.phase === 'away'
      ? [trip.startedAt]
      : trip.phase === 'home'
        ? trip.leaving === null
          ? []
          : [trip.leaving.at]
        : trip.anchor === null
          ? []
          : [trip.anchor.nearAt];
  return { crossings: pendingCrossings(fences) as Pick<Crossing, 'fenceId' | 'kind' | 'at'>[], halts, trips };
}
