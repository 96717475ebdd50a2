import type { Position } from './position.ts';

/** A station that vans leave from and return to. */
export type Depot = {
  readonly id: number;
  readonly fleetId: number;
  readonly name: string;
  readonly position: Position;
  /** Metres around `position` that count as being at the depot. */
  readonly radius: number;
};

export type Vehicle = {
  readonly id: number;
  readonly fleetId: number;
  readonly name: string;
};

/** A planned visit. */
export type Stop = {
  readonly id: number;
  readonly routeId: number;
  /** Name of the stop in topics and driver apps; unique within its route. */
  readonly code: string;
  /** 0-based place in the running order. */
  readonly sequence: number;
  readonly position: Position;
  /** Planned instants and seconds. */
  readonly plannedArrival: number;
  readonly service: number;
  readonly packages: number;
  /** The promise to the customer: start of service within [from, until], where there is one. */
  readonly windowFrom?: number | undefined;
  readonly windowUntil?: number | undefined;
};

/** The stops promised by one vehicle on one shift, in running order. */
export type Route = {
  readonly id: number;
  readonly fleetId: number;
  readonly code: string;
  /** YYYY-MM-DD in the depot's time zone. */
  readonly serviceDate: string;
  readonly depotId: number;
  readonly vehicleId: number;
  readonly driverId?: number | undefined;
  readonly plannedDeparture: number;
  readonly plannedReturn: number;
  /** Grows by one whenever the running order changes; proposals name the version they start from. */
  readonly version: number;
  readonly stops: readonly Stop[];
};

/**
 * A plan as it comes from outside (simulator, CSV, API), in names rather than ids; the store gives
 * ids. Writing the same plan again changes nothing.
 */
export type PlanDocument = {
  readonly fleet: string;
  readonly timeZone: string;
  readonly depots: readonly { readonly name: string; readonly position: Position; readonly radius: number }[];
  readonly drivers: readonly { readonly code: string; readonly name: string }[];
  readonly vehicles: readonly {
    readonly name: string;
    /** The device that speaks for the vehicle. */
    readonly device: string;
  }[];
  readonly routes: readonly {
    readonly code: string;
    readonly serviceDate: string;
    readonly depot: string;
    readonly vehicle: string;
    readonly driver?: string | undefined;
    readonly plannedDeparture: number;
    readonly plannedReturn: number;
    readonly stops: readonly Omit<Stop, 'id' | 'routeId' | 'sequence'>[];
  }[];
  /** Areas to import with the plan, as one set. */
  readonly fences: readonly {
    readonly set: string;
    readonly name: string;
    readonly kind: 'area' | 'depot';
    readonly shape: import('./fence.ts').FenceShape;
  }[];
};
