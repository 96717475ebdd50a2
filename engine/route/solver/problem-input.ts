/**
 * A routing problem as it comes from outside. All quantities are whole numbers in units of the
 * caller's choice (seconds and metres for a real day, tenths for the academic sets); the same unit
 * everywhere. Nothing here is packed: the checker reads this, the search reads `Problem`.
 */
export type ProblemInput = {
  readonly name: string;
  /** Size of the matrices; stops and vehicles name places by row. */
  readonly placeCount: number;
  /** One travel matrix per profile, row-major, from × to. Asymmetric is fine. */
  readonly profiles: readonly Profile[];
  readonly stops: readonly StopInput[];
  readonly shipments?: readonly ShipmentInput[] | undefined;
  readonly vehicles: readonly VehicleInput[];
};

export type Profile = { readonly distance: ArrayLike<number>; readonly duration: ArrayLike<number> };

/** Both ends included. */
export type Window = { readonly from: number; readonly until: number };

/** Starting later than `after` costs `rate` per unit of time; several add up to a convex curve. */
export type Lateness = { readonly after: number; readonly rate: number };

export type VisitInput = {
  readonly place: number;
  readonly service: number;
  /** Service must begin in one of these; none means any time. */
  readonly windows?: readonly Window[] | undefined;
  /** Soft promises, inside the hard windows. */
  readonly lateness?: readonly Lateness[] | undefined;
};

type Requirements = {
  readonly id: string;
  readonly skills?: readonly string[] | undefined;
  /** Only these vehicles may serve it: parcels already on board stay where they are. */
  readonly vehicles?: readonly string[] | undefined;
  /** What it costs to leave it out; absent means it must be served if at all possible. */
  readonly unservedCost?: number | undefined;
  /** Who has it in the running plan, and what it costs to give it to another. */
  readonly home?: { readonly vehicle: string; readonly moveCost: number } | undefined;
};

export type StopInput = VisitInput &
  Requirements & {
    /** On board from the start of the route until here, per dimension. */
    readonly delivery?: readonly number[] | undefined;
    /** On board from here to the end of the route, per dimension. */
    readonly pickup?: readonly number[] | undefined;
  };

/** Picked up at one place and delivered at another, later, by the same vehicle. */
export type ShipmentInput = Requirements & {
  readonly amount: readonly number[];
  readonly pickup: VisitInput;
  readonly delivery: VisitInput;
};

export type BreakInput = { readonly window: Window; readonly duration: number };

export type VehicleInput = {
  readonly id: string;
  readonly profile?: number | undefined;
  /** Absent: the route begins at its first stop (or ends at its last). */
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  readonly capacity: readonly number[];
  readonly shift: Window;
  /** From departure to return, waiting included. */
  readonly durationMax?: number | undefined;
  /** Driving alone. */
  readonly travelTimeMax?: number | undefined;
  readonly distanceMax?: number | undefined;
  readonly stopsMax?: number | undefined;
  readonly skills?: readonly string[] | undefined;
  readonly breaks?: readonly BreakInput[] | undefined;
  readonly costs: VehicleCosts;
};

export type VehicleCosts = {
  /** Once, when the vehicle is used at all. */
  readonly fixed: number;
  readonly perDistance: number;
  /** Per unit of driving time. */
  readonly perTravelTime: number;
  /** Per unit of time from departure to return, waiting and service included. */
  readonly perDuration?: number | undefined;
  /** Dearer hours: what makes an even spread of work cheaper than an uneven one. */
  readonly overtime?: { readonly after: number; readonly rate: number } | undefined;
};
