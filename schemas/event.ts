import type { Behaviour } from './behaviour.ts';
import type { Position } from './position.ts';
import type { RescueDetail } from './rescue.ts';

/**
 * What the engine concludes. Every conclusion has a natural key (given with each type), so deriving
 * it again from the same fixes gives the same row. Instants are event time.
 */

/** Key: vehicleId, fenceId, at, kind. */
export type Crossing = {
  readonly vehicleId: number;
  readonly fenceId: number;
  readonly kind: 'enter' | 'exit' | 'pass';
  /** Instant of the first fix on the new side (of the later fix, for a pass). */
  readonly at: number;
  /** Seconds inside, on an exit. */
  readonly dwell?: number | undefined;
};

/** From leaving the depot (or first movement) to returning (or last). Key: vehicleId, startedAt. */
export type Trip = {
  readonly vehicleId: number;
  readonly startedAt: number;
  /** Undefined while under way. */
  readonly endedAt?: number | undefined;
  readonly start: Position;
  readonly end: Position;
  /** Metres, computed from good fixes. */
  readonly distance: number;
  readonly haltCount: number;
};

/** A stretch without movement, as observed. Key: vehicleId, startedAt. */
export type Halt = {
  readonly vehicleId: number;
  readonly startedAt: number;
  readonly endedAt?: number | undefined;
  readonly position: Position;
};

/**
 * A planned stop served. Key: stopId (one row per stop; revisits widen `departedAt`).
 * `evidence` says what it rests on.
 */
export type StopVisit = {
  readonly stopId: number;
  readonly routeId: number;
  readonly vehicleId: number;
  readonly arrivedAt: number;
  readonly departedAt?: number | undefined;
  /** 0–1. */
  readonly confidence: number;
  readonly evidence: 'halt' | 'app';
  readonly outcome: 'served' | 'failed';
  readonly isOutOfSequence: boolean;
};

/** A stored fix that its neighbours disprove; bits of `fixFlags`. Key: vehicleId, at, key. */
export type FixJudgement = {
  readonly vehicleId: number;
  readonly at: number;
  readonly key: number;
  readonly flags: number;
};

/** Everything derived from one vehicle's fixes over a stretch of event time. */
export type Conclusions = {
  readonly crossings: readonly Crossing[];
  readonly trips: readonly Trip[];
  readonly halts: readonly Halt[];
  readonly visits: readonly StopVisit[];
  readonly judgements: readonly FixJudgement[];
  readonly behaviours: readonly Behaviour[];
};

export type PaceStatus = 'not_started' | 'on_pace' | 'behind' | 'at_risk' | 'ahead' | 'finished';

/** Where a route stands against its plan at `at`. Key: routeId, at. */
export type Pace = {
  readonly routeId: number;
  readonly vehicleId: number;
  readonly at: number;
  readonly status: PaceStatus;
  readonly stopsTotal: number;
  readonly stopsDone: number;
  /** Stops the plan expects to be done by `at`; fractional between two planned departures. */
  readonly stopsExpected: number;
  /** Expected minus done; negative when ahead. */
  readonly stopsBehind: number;
  readonly secondsBehind: number;
  /** Stops per hour since departure, and what it takes to return as planned. */
  readonly rate: number;
  readonly rateNeeded: number;
  readonly finishPlanned: number;
  /** Half of such routes finish by p50, nine tenths by p90. */
  readonly finishP50: number;
  readonly finishP90: number;
  /** P(return later than planned + grace). */
  readonly lateProbability: number;
  readonly nextStopId?: number | undefined;
  /** What was learned of past days when it was projected, by version; 0: nothing. */
  readonly learnedVersion?: number | undefined;
};

/** One remaining stop's expected arrival. */
export type StopEta = {
  readonly stopId: number;
  readonly p50: number;
  readonly p90: number;
};

export type Severity = 'info' | 'warning' | 'critical';

/** Key: cause. A cause is open at most once. */
export type Alert = {
  readonly id: number;
  readonly fleetId: number;
  readonly cause: string;
  readonly kind: 'at_risk';
  readonly severity: Severity;
  readonly vehicleId?: number | undefined;
  readonly routeId?: number | undefined;
  /** One sentence, with the numbers. */
  readonly message: string;
  /** The written rule that raised it. */
  readonly rule: string;
  readonly raisedAt: number;
  readonly resolvedAt?: number | undefined;
};

/** A changed running order of one route, not yet adopted. */
export type Proposal = {
  readonly routeId: number;
  readonly fromVersion: number;
  readonly createdAt: number;
  /** Remaining stops in the proposed order. */
  readonly stopIds: readonly number[];
  /** Seconds of finish and of window lateness, before and after. */
  readonly costBefore: number;
  readonly costAfter: number;
  readonly explanation: string;
  /** Another order of one route, unless told otherwise. */
  readonly kind?: 'order' | 'rescue' | undefined;
  /** Of a rescue: what is proposed, and the first helper's route with its version. */
  readonly detail?: RescueDetail | undefined;
  readonly helperRouteId?: number | undefined;
  readonly helperVersion?: number | undefined;
};
