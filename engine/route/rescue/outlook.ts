import { LEG_MIN } from '../../pace/experience.ts';
import { normalCdf } from '../../pace/normal.ts';
import { apart, type RescueParams, type RescueStop, type RescueVan, ROAD } from './problem.ts';

/** An instant that is not known for sure. */
export type Arrival = { readonly mean: number; readonly variance: number };

/** The meeting as one van sees it: after so many stops, somewhere, with somebody who comes at `other`. */
export type MeetingAhead = {
  readonly after: number;
  readonly x: number;
  readonly y: number;
  /** undefined: only the van's own arrival is asked for. */
  readonly other: Arrival | undefined;
  readonly seconds: number;
};

/** What is expected of the rest of a van's day. */
export type Outlook = {
  /** Weighted sum, seconds. */
  readonly cost: number;
  readonly finish: Arrival;
  /** P(back later than it should). */
  readonly late: number;
  /** Expected number of late stops, and their expected seconds of lateness in all. */
  readonly lateStops: number;
  readonly lateSeconds: number;
  readonly metres: number;
  /** Own arrival at the meeting, and when the hand-over is over. */
  readonly arrival: Arrival | undefined;
  readonly parting: Arrival | undefined;
};

const ROOT_TAU = Math.sqrt(2 * Math.PI);
const density = (z: number): number => Math.exp(-0.5 * z * z) / ROOT_TAU;

/**
 * The later of two independent normal instants, again as a normal one (Clark 1961,
 * https://doi.org/10.1287/opre.9.2.145).
 */
export function laterOf(a: Arrival, b: Arrival): Arrival {
  const spread = Math.sqrt(a.variance + b.variance);
  if (spread < 1e-6) return a.mean >= b.mean ? a : b;
  const alpha = (a.mean - b.mean) / spread;
  const [share, rest] = [normalCdf(alpha), normalCdf(-alpha)];
  // Against b's mean, so that squares of instants do not swallow seconds.
  const delta = a.mean - b.mean;
  const mean = delta * share + spread * density(alpha);
  const square = (delta * delta + a.variance) * share + b.variance * rest + delta * spread * density(alpha);
  return { mean: b.mean + mean, variance: Math.max(0, square - mean * mean) };
}

/** E[max(0, X − due)] of a normal instant, seconds. */
export function expectedLateness(mean: number, sd: number, due: number): number {
  if (sd < 1e-6) return Math.max(0, mean - due);
  const z = (mean - due) / sd;
  return sd * (density(z) + z * normalCdf(z));
}

/** Expected seconds of a leg for this van: the plan's own where `to` follows `from` in it. */
export function legMean(
  { pace: { slope, more }, fit }: RescueVan,
  metres: number,
  from: number,
  to: RescueStop | undefined,
): number {
  const planned = to && to.before >= 0 && to.before === from ? to.leg : fit.more + fit.perMetre * metres;
  const long = Math.max(LEG_MIN, planned);
  return Math.max(slope * long + more, long / 3);
}

/** Beyond so many spreads before it is due a stop is not late. */
const SURE = 4;
/** Spread of a break's length, as a share of it. */
const BREAK_CV = 0.15;

/** A van's clock while its day is walked through. */
type Clock = {
  t: number;
  /** What legs, services and meetings add one by one; the shared part follows from the sums. */
  variance: number;
  travel: number;
  service: number;
  metres: number;
  x: number;
  y: number;
  id: number;
  pause: number;
};

function sharedVariance({ pace }: RescueVan, { travel, service }: Clock): number {
  return travel * travel * pace.travelVariance + service * service * pace.serviceVariance;
}

function drive(van: RescueVan, clock: Clock, x: number, y: number, to: RescueStop | undefined): void {
  const straight = apart(x, y, clock.x, clock.y);
  const seconds = legMean(van, straight, clock.id, to);
  clock.metres += ROAD * straight;
  clock.t += seconds;
  clock.travel += seconds;
  clock.variance += van.pace.travelDispersion * seconds;
  if (clock.pause > 0 && clock.t >= van.pause.from) {
    clock.t += clock.pause;
    clock.variance += (BREAK_CV * clock.pause) ** 2;
    clock.pause = 0;
  }
  clock.x = x;
  clock.y = y;
  clock.id = to ? to.id : -2;
}

function meet(van: RescueVan, clock: Clock, ahead: MeetingAhead): { arrival: Arrival; parting: Arrival } {
  drive(van, clock, ahead.x, ahead.y, undefined);
  const shared = sharedVariance(van, clock);
  const arrival = { mean: clock.t, variance: clock.variance + shared };
  const both = ahead.other ? laterOf(arrival, ahead.other) : arrival;
  // What the meeting adds in spread stays; the shared part goes on growing with the van's own work.
  clock.variance = Math.max(0, both.variance - shared);
  clock.t = both.mean + ahead.seconds;
  return { arrival, parting: { mean: clock.t, variance: both.variance } };
}

/** A van's clock after each count of its own stops served, and what lateness there was up to there. */
export type Track = {
  readonly van: RescueVan;
  readonly clocks: readonly Clock[];
  readonly lateStops: Float64Array;
  readonly lateSeconds: Float64Array;
};

/** Walks a van's own order once, so that orders which begin like it need not. */
export function trackOf(van: RescueVan): Track {
  const { stops } = van;
  const t = stops.length === 0 ? van.firstAt : van.at;
  const clock: Clock = {
    ...{ t, variance: van.firstVariance, travel: 0, service: 0, metres: 0 },
    ...{ x: van.x, y: van.y, id: -2, pause: van.pause.seconds },
  };
  const clocks: Clock[] = [{ ...clock }];
  const late = { stops: 0, seconds: 0 };
  const lateStops = new Float64Array(stops.length + 1);
  const lateSeconds = new Float64Array(stops.length + 1);
  for (const [k, stop] of stops.entries()) {
    if (k === 0) {
      // The arrival at the stop it is driving to is known best.
      clock.t = van.firstAt;
      clock.metres = ROAD * apart(stop.x, stop.y, clock.x, clock.y);
      clock.x = stop.x;
      clock.y = stop.y;
      clock.id = stop.id;
    } else drive(van, clock, stop.x, stop.y, stop);
    serve(van, clock, stop, late);
    clocks.push({ ...clock });
    lateStops[k + 1] = late.stops;
    lateSeconds[k + 1] = late.seconds;
  }
  return { van, clocks, lateStops, lateSeconds };
}

/** Waits for a window, counts lateness, serves. */
function serve(
  van: RescueVan,
  clock: Clock,
  stop: RescueStop,
  late: { stops: number; seconds: number },
): void {
  const { pace } = van;
  if (clock.t < stop.from) clock.t += pace.patience * (stop.from - clock.t);
  const room = stop.due - clock.t;
  // Only what is near its time needs the spread looked at.
  if (room < LOOK_SECONDS) {
    const variance = clock.variance + sharedVariance(van, clock);
    if (room < 0 || room * room < SURE * SURE * variance) {
      const sd = Math.sqrt(variance);
      late.stops += normalCdf(-room / Math.max(sd, 1e-6));
      late.seconds += expectedLateness(clock.t, sd, stop.due);
    }
  }
  const seconds = stop.service * pace.service[stop.kind]!;
  clock.t += seconds;
  clock.service += seconds;
  clock.variance += pace.serviceCv2[stop.kind]! * seconds * seconds;
}

/** No spread of a day is so wide that a stop this far from its time could be late, seconds. */
const LOOK_SECONDS = 4 * 3600;

/**
 * The rest of a van's day along these stops, the first `kept` of which are its own as they are: means
 * and variances add up (legs and services vary independently, the driver's factors for all of them
 * alike); at a meeting the later of the two counts.
 */
export function outlook(
  track: Track,
  stops: readonly RescueStop[],
  params: RescueParams,
  kept: number,
  meeting?: MeetingAhead,
): Outlook {
  const { van } = track;
  if (van.isStuck) return stuckOutlook(van, stops, params, meeting);
  const clock = { ...track.clocks[kept]! };
  const late = { stops: track.lateStops[kept]!, seconds: track.lateSeconds[kept]! };
  let met: { arrival: Arrival; parting: Arrival } | undefined;
  for (let k = kept; k < stops.length; k++) {
    if (meeting !== undefined && meeting.after === k) met = meet(van, clock, meeting);
    const stop = stops[k]!;
    drive(van, clock, stop.x, stop.y, stop);
    serve(van, clock, stop, late);
  }
  if (meeting !== undefined && meeting.after >= stops.length) met = meet(van, clock, meeting);
  drive(van, clock, van.depot.x, van.depot.y, undefined);
  const finish = { mean: clock.t, variance: clock.variance + sharedVariance(van, clock) };
  const sd = Math.max(1e-6, Math.sqrt(finish.variance));
  const cost =
    clock.t -
    van.at +
    params.lateStop * late.stops +
    params.lateSecond * late.seconds +
    params.overtime * expectedLateness(clock.t, sd, van.finishBy);
  return {
    ...{ cost, finish, late: normalCdf((clock.t - van.finishBy) / sd) },
    ...{ lateStops: late.stops, lateSeconds: late.seconds, metres: clock.metres },
    arrival: met?.arrival,
    parting: met?.parting,
  };
}

/** When a van can be at a place after so many of its own stops, from its own work alone. */
export function arrivalAt(
  { van, clocks }: Track,
  after: number,
  place: { readonly x: number; readonly y: number },
): Arrival {
  if (van.isStuck) return { mean: van.at, variance: 0 };
  const clock = { ...clocks[after]! };
  drive(van, clock, place.x, place.y, undefined);
  return { mean: clock.t, variance: clock.variance + sharedVariance(van, clock) };
}

/** What is expected of a van that stays where it is: all of its stops are left undone. */
function stuckOutlook(
  van: RescueVan,
  stops: readonly RescueStop[],
  params: RescueParams,
  meeting: MeetingAhead | undefined,
): Outlook {
  const here = { mean: van.at, variance: 0 };
  const both = meeting?.other ? laterOf(here, meeting.other) : here;
  return {
    cost: params.undone * stops.length,
    ...{ finish: here, late: 1, lateStops: stops.length, lateSeconds: 0, metres: 0 },
    arrival: meeting && here,
    parting: meeting && { mean: both.mean + meeting.seconds, variance: both.variance },
  };
}

/** The rest of a van's day as it is planned now. */
export const expected = (van: RescueVan, params: RescueParams): Outlook =>
  outlook(trackOf(van), van.stops, params, van.isStuck ? 0 : van.stops.length);
