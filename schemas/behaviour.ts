import { mpsFromKmh } from './units.ts';

/**
 * Kinds of driving behaviour. The place in the list is what a packed batch holds, so it only grows; the first
 * three are what devices say of themselves under the same names.
 */
export const behaviourKinds = [
  'harsh_braking',
  'harsh_acceleration',
  'harsh_cornering',
  'speeding',
  'unbelted',
  'idling',
  'parking_sequence',
] as const;
export type BehaviourKind = (typeof behaviourKinds)[number];

/** What a device notices by its own accelerometer; others of its events conclude nothing. */
export const noticedKinds = behaviourKinds.slice(0, 3);

/**
 * Something a driver did, as observed. Key: vehicleId, fix, kind, startedAt: it is concluded once, when the fix
 * that ends it has come, and belongs to that fix.
 */
export type Behaviour = {
  readonly vehicleId: number;
  readonly kind: BehaviourKind;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Identity of the fix that decided it. */
  readonly fixAt: number;
  readonly fixKey: number;
  /** The worst: g where it was harsh, m/s of speeding and of driving unbelted, seconds of the others. Undefined where the device did not say. */
  readonly value?: number | undefined;
  /** What it was held against, in the same unit. */
  readonly limit: number;
  /** Metres driven meanwhile, from speeds. */
  readonly distance: number;
  /** Said by the device, or seen in its fixes. */
  readonly source: 'device' | 'fixes';
  /** Version of the fleet's policy. */
  readonly policyVersion: number;
};

/** Thresholds, m/s, g, seconds. Data of a fleet, with a version that every conclusion names. */
export type BehaviourPolicy = {
  readonly version: number;
  readonly brakingG: number;
  readonly accelerationG: number;
  readonly corneringG: number;
  /** Fixes further apart say nothing of braking and pulling away, or of a corner. */
  readonly brakingInterval: number;
  readonly corneringInterval: number;
  /** Of the fleet; null: none. */
  readonly speedLimit: number | null;
  readonly speedingSeconds: number;
  readonly unbeltedSpeed: number;
  readonly idlingSeconds: number;
};

/**
 * Braking, cornering, speeding and belt as eDriving's Mentor has them (support.edriving.com: 0.41 g; 0.5 g; 60 s; 6 mph),
 * pulling away as AWS's guidance has it (0.3 g). The limit of the fleet and the minute of idling are ours.
 */
export const defaultBehaviourPolicy: BehaviourPolicy = {
  version: 1,
  brakingG: 0.41,
  accelerationG: 0.3,
  corneringG: 0.5,
  brakingInterval: 5.5,
  corneringInterval: 2.5,
  speedLimit: mpsFromKmh(105),
  speedingSeconds: 60,
  unbeltedSpeed: mpsFromKmh(9.7),
  idlingSeconds: 60,
};

/** From this speed on speeding is so much more than the limit, below it such a share more (eDriving). */
const SLOW_ROAD = mpsFromKmh(65);
const SLOW_SHARE = 1.2;
const FAST_MORE = mpsFromKmh(15);

/** m/s from which on it is speeding. */
export const speedingFrom = (limit: number): number =>
  limit < SLOW_ROAD ? limit * SLOW_SHARE : limit + FAST_MORE;
