import type { Notice } from '../schemas/batch.ts';
import type { Behaviour } from '../schemas/behaviour.ts';
import type { Conclusions, Crossing, FixJudgement, Halt, Trip } from '../schemas/event.ts';
import type { BehaviourState } from './behaviour/behaviour.ts';
import type { Stray } from './filter/out-of-sequence.ts';
import type { Standing } from './geofence/crossing.ts';
import type { HaltState } from './trip/halt.ts';
import type { TripState } from './trip/trip.ts';

/** What the fold looks at in a fix. */
export type Observation = {
  readonly at: number;
  readonly key: number;
  readonly deviceId: number;
  readonly lng: number;
  readonly lat: number;
  readonly speed: number | undefined;
  readonly heading: number | undefined;
  readonly accuracy: number | undefined;
  readonly ignition: boolean | undefined;
  readonly door?: boolean | undefined;
  readonly belt?: boolean | undefined;
  /** What the device noticed by itself; mostly nothing. */
  readonly noticed?: readonly Notice[] | undefined;
  readonly flags: number;
};

/** Fixes far from the last good one, that may be the truth after all. */
export type Doubt = {
  readonly count: number;
  /** Instant of the first of them. */
  readonly since: number;
  readonly at: number;
  readonly lng: number;
  readonly lat: number;
};

/**
 * All that is remembered of a vehicle between fixes: small plain JSON, kept as a checkpoint. It is a
 * function of the fixes folded so far and of nothing else.
 */
export type VehicleState = {
  /** Newest fix folded; those that are bad by themselves are not. */
  readonly last: { readonly at: number; readonly key: number } | null;
  readonly good: Observation | null;
  /** The instant from which on the good fixes agree with one another. */
  readonly since: number;
  /** The newest fix, when only the next one can say whether it is good. */
  readonly held: Observation | null;
  readonly doubt: Doubt | null;
  /** Fixes whose count does not fit, if the newest was one. */
  readonly stray?: Stray | null | undefined;
  /** Seconds for each count of the device, at its quickest of late. */
  readonly period?: number | undefined;
  readonly fences: readonly Standing[];
  readonly halt: HaltState | null;
  readonly trip: TripState;
  readonly behaviour: BehaviourState | null;
};

export const emptyState: VehicleState = {
  last: null,
  good: null,
  since: 0,
  held: null,
  doubt: null,
  fences: [],
  halt: null,
  trip: { phase: 'unknown', anchor: null },
  behaviour: null,
};

/** Conclusions as a fold finds them; a later one of the same key replaces the earlier. */
export type Changes = {
  readonly crossings: Crossing[];
  readonly trips: Trip[];
  readonly halts: Halt[];
  readonly judgements: FixJudgement[];
  readonly behaviours: Behaviour[];
};

export const noChanges = (): Changes => ({
  crossings: [],
  trips: [],
  halts: [],
  judgements: [],
  behaviours: [],
});

export const noConclusions: Conclusions = {
  crossings: [],
  trips: [],
  halts: [],
  visits: [],
  judgements: [],
  behaviours: [],
};

/** Whether (at, key) comes before or is the newest fix folded: the one meaning of "late". */
export function isLate({ last }: VehicleState, at: number, key: number): boolean {
  return last !== null && (at < last.at || (at === last.at && key <= last.key));
}
