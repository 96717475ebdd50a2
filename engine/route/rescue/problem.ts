/**
 * Rescue: parcels lie in the late van, so moving a stop costs a meeting. One giver, one helper, one
 * contiguous piece of the giver's remaining stops, one place and time at which both vans meet.
 * Seconds, instants, metres in a plane that touches the fleet's ground.
 */

/** A remaining stop, as the planner promised it. */
export type RescueStop = {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  /** Planned seconds, and their class (pace learns each class by itself). */
  readonly service: number;
  readonly kind: number;
  /** The stop that comes before it in the plan, and the planned seconds of that leg; −1 when unknown. */
  readonly before: number;
  readonly leg: number;
  /** Service cannot begin earlier: −∞ where there is no window. */
  readonly from: number;
  /** Begun later than this it is late: its window, or the day's end, whichever comes first. */
  readonly due: number;
  readonly packages: number;
  readonly skills: readonly string[];
};

/** How a van's legs and services are expected to come out, and how surely. */
export type RescuePace = {
  /** Expected seconds of a leg: planned × slope + more. */
  readonly slope: number;
  readonly more: number;
  /** Variance of one leg over its mean, seconds; relative variance all its legs share. */
  readonly travelDispersion: number;
  readonly travelVariance: number;
  /** Per class of stop: expected over planned seconds; relative variance of one. */
  readonly service: ArrayLike<number>;
  readonly serviceCv2: ArrayLike<number>;
  readonly serviceVariance: number;
  /** Share of drivers who wait for a window to open. */
  readonly patience: number;
};

/** A van under way (or broken down), and what it still has to do. */
export type RescueVan = {
  /** Its route: what proposals name. */
  readonly id: number;
  readonly at: number;
  readonly x: number;
  readonly y: number;
  /** In running order. Those passed over are not among them. */
  readonly stops: readonly RescueStop[];
  /** The next stops stay: the driver is on the way to them, or serves one. */
  readonly committed: number;
  /** Expected arrival at the first stop (free to go, when there is none), and its variance. */
  readonly firstAt: number;
  readonly firstVariance: number;
  readonly depot: { readonly x: number; readonly y: number };
  /** Back later than this is late; later than `hoursUntil` is not allowed. */
  readonly finishBy: number;
  readonly hoursUntil: number;
  readonly pace: RescuePace;
  /** Planned seconds of a leg of so many straight metres that the plan does not tell. */
  readonly fit: { readonly more: number; readonly perMetre: number };
  /** The break still to come. */
  readonly pause: { readonly seconds: number; readonly from: number };
  /** Packages it can carry; what it has on board follows from its stops. */
  readonly capacity: number;
  readonly skills: readonly string[];
  /** Broken down: it stays where it is and serves nothing. */
  readonly isStuck: boolean;
  /** Whether it may be asked to help: not when it is to meet somebody already. */
  readonly mayHelp: boolean;
};

/** Where and when two vans meet, in their running orders. */
export type Meeting = {
  readonly x: number;
  readonly y: number;
  readonly kind: 'giver_stop' | 'helper_stop' | 'between' | 'giver_place';
  /** So many of its (remaining) stops each van serves before the meeting. */
  readonly giverAfter: number;
  readonly helperAfter: number;
};

/** One way to help: plain data; everything about it can be worked out again from the two vans. */
export type RescueMove = {
  readonly giverId: number;
  readonly helperId: number;
  /** The piece that changes vans: giver's stops from … until (indexes, until not included). */
  readonly from: number;
  readonly until: number;
  readonly meeting: Meeting;
  /** All stops of the helper in the new running order. */
  readonly helperStops: readonly RescueStop[];
};

export type RescueParams = {
  /** What a stop that will be late for sure is worth in seconds of van time, and each second of it. */
  readonly lateStop: number;
  readonly lateSecond: number;
  /** A second of return beyond `finishBy`. */
  readonly overtime: number;
  /** A stop nobody serves. */
  readonly undone: number;
  /** Each rescue disturbs two drivers, each moved stop a little more; seconds. */
  readonly perRescue: number;
  readonly perMove: number;
  /** Seconds of a hand-over: fixed, and for each stop moved. */
  readonly handover: number;
  readonly handoverPerStop: number;
  /** The helper's own P(late) may become this much, or grow by so much. */
  readonly helperLateMax: number;
  readonly helperLateMore: number;
  /** Most stops moved at once; most helpers looked at for one giver. */
  readonly piecesMax: number;
  readonly helpersMax: number;
  /** Straight metres beyond which nobody is asked. */
  readonly reach: number;
};

export const rescueParams: RescueParams = {
  lateStop: 1800,
  lateSecond: 0.25,
  overtime: 1,
  undone: 5_400,
  perRescue: 300,
  perMove: 60,
  handover: 120,
  handoverPerStop: 4,
  helperLateMax: 0.01,
  helperLateMore: 0.003,
  piecesMax: 60,
  helpersMax: 8,
  reach: 12_000,
};

/** Roads over straight lines, as everywhere in pace. */
export const ROAD = 1.3;

export const handoverSeconds = ({ handover, handoverPerStop }: RescueParams, count: number): number =>
  handover + handoverPerStop * count;

/** Straight metres; Math.hypot guards against overflow that metres do not know, at five times the price. */
export const apart = (aX: number, aY: number, bX: number, bY: number): number =>
  Math.sqrt((aX - bX) * (aX - bX) + (aY - bY) * (aY - bY));

/** So many of its next stops no rescue may touch. */
export const keeps = ({ isStuck, committed, stops }: RescueVan): number =>
  isStuck ? 0 : Math.min(committed, stops.length);
