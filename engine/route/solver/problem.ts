import type { BreakInput, ProblemInput } from './problem-input.ts';

/** Later than any instant of a problem; sums of a few of these stay below 2^31. */
export const HORIZON = 2 ** 29;

/** What a node is: a stop by itself, or one end of a shipment. */
export const SINGLE = 0;
export const PICKUP = 1;
export const DELIVERY = 2;

/**
 * A problem packed for the search; never changed after `pack`.
 *
 * Nodes are numbered: stops 0 … n−1 (a shipment is two, its pickup first), then for each of V vehicles its
 * departure n+v, then its return n+V+v. Times count from `origin`.
 *
 *   place, open, close, service   Int32   1 per node     hull of the hard windows, for O(1) tests
 *   windows                       Int32   2 per window   from, until; node i owns windowsFrom[i] … windowsFrom[i + 1]
 *   lateness                      Float64 2 per step     after, rate; likewise latenessFrom
 *   net, onBoard                  Int32   D per node     change of load here; load brought from the depot for it
 *   cost, time                    Int32   size² per class, row-major from × to; costInto, timeInto are transposed,
 *                                         so that both legs of an insertion read one row each
 *   allowed                       Uint8   V per stop     whether the vehicle may serve it
 */
export type Problem = {
  readonly input: ProblemInput;
  readonly stopCount: number;
  readonly vehicleCount: number;
  readonly nodeCount: number;
  readonly dimensionCount: number;
  readonly origin: number;
  /** Rows of the packed matrices: places, and a nowhere at distance 0 if some route is open. */
  readonly size: number;
  readonly place: Int32Array;
  readonly open: Int32Array;
  readonly close: Int32Array;
  readonly service: Int32Array;
  readonly windowsFrom: Int32Array;
  readonly windows: Int32Array;
  readonly latenessFrom: Int32Array;
  readonly lateness: Float64Array;
  readonly net: Int32Array;
  readonly onBoard: Int32Array;
  readonly kind: Uint8Array;
  /** The other end of a shipment, or −1. */
  readonly mate: Int32Array;
  /** Index into `input.stops`, then `input.shipments`. */
  readonly taskOf: Int32Array;
  readonly unservedCost: Float64Array;
  readonly home: Int32Array;
  readonly moveCost: Float64Array;
  readonly allowed: Uint8Array;
  readonly capacity: Int32Array;
  readonly fixedCost: Float64Array;
  readonly perDuration: Float64Array;
  readonly durationMax: Int32Array;
  readonly overtimeAfter: Int32Array;
  readonly overtimeRate: Float64Array;
  readonly stopsMax: Int32Array;
  readonly distanceMax: Int32Array;
  readonly travelTimeMax: Int32Array;
  readonly breaks: readonly (readonly BreakInput[])[];
  /** Vehicles that nothing tells apart share a type, so that one empty one is tried for all. */
  readonly typeOf: Int32Array;
  readonly typeCount: number;
  /** Offsets of the vehicle's class in the matrices. */
  readonly costBase: Int32Array;
  readonly timeBase: Int32Array;
  readonly cost: Int32Array;
  readonly costInto: Int32Array;
  readonly time: Int32Array;
  readonly timeInto: Int32Array;
  /** Distances of profiles, at timeBase; empty when no vehicle limits its distance. */
  readonly distance: Int32Array;
  readonly traits: Traits;
};

/** What a problem asks for beyond the plain case; the search takes the cheapest sufficient path. */
export type Traits = {
  /** Some route's length in time is limited or paid for. */
  readonly hasDuration: boolean;
  /** Timing needs more than one window a stop: several windows, soft promises, breaks, limits. */
  readonly isRich: boolean;
  /** Load can rise and fall along a route, so its sum alone does not decide. */
  readonly hasMixedLoad: boolean;
  readonly hasShipments: boolean;
  /** Not every vehicle may serve every stop, or it costs to move one. */
  readonly isSelective: boolean;
};

/** Thrown by `pack`: the problem makes no sense, and why. */
export class UnsoundProblem extends Error {
  readonly complaints: readonly string[];

  constructor(sentences: readonly string[]) {
    super(sentences.join('; '));
    this.name = 'UnsoundProblem';
    this.complaints = sentences;
  }
}
