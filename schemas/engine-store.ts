import type { FixColumns } from './batch.ts';
import type { BehaviourPolicy } from './behaviour.ts';
import type { Alert, Conclusions, Halt, Pace, Proposal, StopVisit } from './event.ts';
import type { Fence } from './fence.ts';
import type { Depot, Route, Vehicle } from './plan.ts';

/** A fleet as the engine needs it. */
export type FleetFacts = { readonly id: number; readonly name: string; readonly timeZone: string };

/** What there is besides vehicles, routes and fences: changes seldom. */
export type World = {
  readonly fleets: readonly FleetFacts[];
  readonly depots: readonly Depot[];
  /** By fleet; a fleet without one has the default. */
  readonly behaviourPolicies: ReadonlyMap<number, BehaviourPolicy>;
};

/** Texts that differ once something of the kind has changed: fleets, depots; vehicles; fences; routes, stops. */
export type WorldVersion = {
  readonly world: string;
  readonly vehicles: string;
  readonly fences: string;
  readonly routes: string;
  /** Of what people ordered to be derived again. */
  readonly orders: string;
};

/** How far the engine is, per source: the last batch whose results are committed. */
export type Cursor = ReadonlyMap<number, number>;

/** What a driver's app said, with the vehicle it speaks for. */
export type StoredReport = {
  readonly vehicleId: number;
  readonly at: number;
  readonly stopCode: string;
  readonly kind: 'arrived' | 'delivered' | 'failed' | 'departed';
};

/** Consecutive batches after a cursor. */
export type Gulp = {
  readonly cursor: Cursor;
  readonly batches: readonly FixColumns[];
  readonly reports: readonly StoredReport[];
  /** Whether the log holds more. */
  readonly hasMore: boolean;
};

/** A vehicle's derivation state before its first fix at or after `at`; opaque to the store. */
export type StoredCheckpoint = { readonly vehicleId: number; readonly at: number; readonly state: unknown };

/** From when on a vehicle has to be derived again. */
export type Rederivation = { readonly vehicleId: number; readonly from: number };

/** What the tables say of a route, for a start. */
export type RouteStanding = {
  readonly routeId: number;
  readonly visits: readonly StopVisit[];
  readonly pace: Pace | undefined;
  readonly alert: Alert | undefined;
  readonly proposal: StoredProposal | undefined;
};

export type StoredProposal = Proposal & { readonly proposalId: number; readonly fleetId: number };

/** A rescue that waits for a person; stale when a route of it is at another version, or a stop of it served. */
export type OpenRescue = {
  readonly proposalId: number;
  readonly routeId: number;
  readonly fleetId: number;
  readonly createdAt: number;
  readonly isStale: boolean;
};

/** What past days taught about a fleet's pace; opaque to the store. */
export type StoredLearned = {
  readonly fleetId: number;
  /** The newest day that is in it, YYYY-MM-DD. */
  readonly serviceDate: string;
  readonly version: number;
  readonly learnedAt: number;
  readonly routeCount: number;
  readonly visitCount: number;
  readonly data: unknown;
};

/** What stands between vans and their plans: written by people, read once a minute. */
export type Troubles = {
  /** Vehicles that a person took out of service. */
  readonly outOfService: readonly number[];
  /** Routes with a hand-over that was agreed and is not over. */
  readonly meetings: readonly number[];
  readonly rescues: readonly OpenRescue[];
};

/** Rows that late data disproves. */
export type Retractions = Conclusions;

/** All results of one step of the engine: one transaction. */
export type EngineWork = {
  /** The new cursor; undefined when no batch was taken. */
  readonly cursor: Cursor | undefined;
  readonly fleetOf: (vehicleId: number) => number;
  readonly upserts: Conclusions;
  readonly retractions: Retractions;
  readonly checkpoints: readonly StoredCheckpoint[];
  /** Vehicles to derive again, kept with the earliest instant; written before `rederived`. */
  readonly rederivations: readonly Rederivation[];
  /** Vehicles derived again from there: their order is struck off, and older checkpoints after `from` with it. */
  readonly rederived: readonly Rederivation[];
  readonly paces: readonly (Pace & { readonly fleetId: number })[];
  readonly raised: readonly Omit<Alert, 'id'>[];
  readonly resolved: readonly { readonly id: number; readonly at: number }[];
  readonly proposed: readonly (Proposal & { readonly fleetId: number })[];
  readonly superseded: readonly { readonly proposalId: number; readonly at: number }[];
};

/** What the store gave numbers to; in the order of the work. */
export type Committed = {
  readonly alerts: readonly Alert[];
  readonly proposals: readonly StoredProposal[];
};

/** A vehicle and an instant. */
export type VehicleInstant = { readonly vehicleId: number; readonly at: number };

/**
 * All that the engine reads and writes. The log comes by cursor, and the cursor is committed with the
 * results, so whatever dies goes on where it was, with nothing missing and nothing twice.
 */
export type EngineStore = {
  readonly readWorldVersion: () => Promise<WorldVersion>;
  readonly readWorld: () => Promise<World>;
  readonly readVehicles: () => Promise<Vehicle[]>;
  /** All fences that are not deleted, sorted by id. */
  readonly readFences: () => Promise<Fence[]>;
  /** Routes of the newest days: all of them, and those whose version is not the known one (route id → version). */
  readonly readRouteIds: (
    known: ReadonlyMap<number, number>,
  ) => Promise<{ readonly current: readonly number[]; readonly ids: readonly number[] }>;
  readonly readRoutes: (ids: readonly number[]) => Promise<Route[]>;
  readonly readCursor: () => Promise<Cursor>;
  /** The next batches: at most about `fixCountMax` fixes, but at least one batch when there is one. */
  readonly readBatches: (cursor: Cursor, fixCountMax: number) => Promise<Gulp>;
  /** Each vehicle's newest checkpoint at or before the instant. */
  readonly readCheckpoints: (asks: readonly VehicleInstant[]) => Promise<StoredCheckpoint[]>;
  /** What the fold looks at in each vehicle's stored fixes from the instant on, of batches within the cursor, sorted by (vehicle, at, key). */
  readonly readFixes: (asks: readonly VehicleInstant[], cursor: Cursor) => Promise<FixColumns>;
  /** Standing halts that were not over by the instant. */
  readonly readHalts: (asks: readonly VehicleInstant[]) => Promise<Halt[]>;
  readonly readReports: (asks: readonly VehicleInstant[]) => Promise<StoredReport[]>;
  /** Each vehicle's standing conclusions (no visits) stamped at or after the instant; halts not over by it. */
  readonly readConclusions: (asks: readonly VehicleInstant[]) => Promise<Conclusions>;
  readonly readRouteStandings: (routeIds: readonly number[]) => Promise<RouteStanding[]>;
  /** The newest of each fleet. */
  readonly readLearned: () => Promise<Pick<StoredLearned, 'fleetId' | 'serviceDate' | 'data'>[]>;
  /** Writing a day again changes nothing. */
  readonly writeLearned: (learned: StoredLearned) => Promise<void>;
  readonly readTroubles: () => Promise<Troubles>;
  readonly readRederivations: () => Promise<Rederivation[]>;
  readonly commit: (work: EngineWork) => Promise<Committed>;
  /**
   * Resolves when batches may be there that came since the last reading, after `timeoutMs` at the latest,
   * or on abort; but, unless aborted, not before `leastMs`.
   */
  readonly wait: (timeoutMs: number, signal: AbortSignal, leastMs?: number) => Promise<void>;
};
