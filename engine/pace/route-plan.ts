import type { Route, Stop } from '../../schemas/plan.ts';
import { distance, type Position } from '../../schemas/position.ts';
import { noSpeeds, type Speeds, streetFactors } from './speeds.ts';
import { stopKind } from './stop-kind.ts';

/** A route's plan as columns, index = place in the running order. Instants and seconds. */
export type RoutePlan = {
  readonly routeId: number;
  readonly vehicleId: number;
  readonly driverId: number | undefined;
  readonly count: number;
  readonly stopIds: Float64Array;
  /** Place in the running order by id of the stop. */
  readonly indexOf: ReadonlyMap<number, number>;
  /** Names of the stops in driver apps. */
  readonly codes: readonly string[];
  readonly lng: Float64Array;
  readonly lat: Float64Array;
  /** Planned seconds at the stop, as much longer as past days were at that hour. */
  readonly service: Float64Array;
  /** Travel to stop i from the one before it (from the depot, for i = 0), as much longer as past days were there and then. */
  readonly legs: Float64Array;
  /** What of `service` and `legs` was learned from past days. */
  readonly serviceFactor: Float64Array;
  readonly hourFactor: Float64Array;
  readonly areaFactor: Float64Array;
  readonly arrivals: Float64Array;
  /** −∞ and +∞ where the stop has no window. */
  readonly windowFrom: Float64Array;
  readonly windowUntil: Float64Array;
  /** Planned end of service of the first, second, … stop, ascending: what the plan expects done by when. */
  readonly doneBy: Float64Array;
  readonly returnLeg: number;
  /** Class of each stop by its planned service. */
  readonly kind: Uint8Array;
  /** Breaks the plan leaves room for (not part of any leg): when they are due, and how long. */
  readonly breaks: readonly { readonly at: number; readonly seconds: number }[];
  readonly departure: number;
  readonly finish: number;
  readonly depot: Position;
  /** Seconds a straight metre takes on this route, by its own plan. */
  readonly perMetre: number;
  /** The same of the drive from and to the station, which looks for no door. */
  readonly stemPerMetre: number;
};

/** Roads over straight lines: the median of delivery legs. */
export const CIRCUITY = 1.3;
/** Where a plan tells no speed: 25 km/h on roads, seconds per straight metre. */
const PER_METRE_DEFAULT = CIRCUITY / 7;

/** A station nearer than this to the last stop tells no speed of drives to it, metres. */
const STEM_METRES = 500;

/** A planned leg this much longer than its distance explains holds a break, seconds. */
const BREAK_MIN = 900;
/** A return leg beyond this multiple of what its distance explains, and so much more, holds slack. */
const RETURN_SHARE = 1.5;
const RETURN_MORE = 300;

/**
 * The plan of a route. Legs come from the planned times; where the running order is no longer the
 * planned one, a new pair of neighbours gets the straight line at the plan's own pace.
 */
export function routePlan(route: Route, depot: Position, speeds: Speeds = noSpeeds): RoutePlan {
  const { stops } = route;
  const count = stops.length;
  const planned = [...stops].sort((a, b) => a.plannedArrival - b.plannedArrival || a.id - b.id);
  const legTo = new Map<number, { from: number | null; seconds: number }>();
  const gaps: number[] = [];
  let metres = 0;
  let seconds = 0;
  for (const [i, stop] of planned.entries()) {
    const before = planned[i - 1];
    const left = before ? before.plannedArrival + before.service : route.plannedDeparture;
    const travel = Math.max(0, stop.plannedArrival - left);
    gaps.push(travel);
    legTo.set(stop.id, { from: before?.id ?? null, seconds: travel });
    metres += distance(before?.position ?? depot, stop.position);
    seconds += travel;
  }
  const rough = metres > 100 && seconds > 0 ? seconds / metres : PER_METRE_DEFAULT;
  const breaks: { at: number; seconds: number }[] = [];
  for (const [i, stop] of planned.entries()) {
    const before = planned[i - 1];
    const rest = gaps[i]! - distance(before?.position ?? depot, stop.position) * rough;
    // A wait for a promised window is no break: the projection waits by itself.
    const isWait = stop.windowFrom !== undefined && Math.abs(stop.windowFrom - stop.plannedArrival) < 60;
    if (!before || rest < BREAK_MIN || isWait) continue;
    // Breaks are given in whole minutes; what is left over is the drive.
    const pause = Math.min(gaps[i]!, Math.round(rest / 300) * 300);
    breaks.push({ at: before.plannedArrival + before.service, seconds: pause });
    legTo.set(stop.id, { from: before.id, seconds: gaps[i]! - pause });
    seconds -= pause;
  }
  const perMetre = metres > 100 && seconds > 0 ? seconds / metres : PER_METRE_DEFAULT;
  const last = planned.at(-1);
  const returnLeg = returnDrive(route, planned, depot, { first: gaps[0] ?? 0, perMetre });
  const metresHome = last ? distance(last.position, depot) : 0;
  const stemPerMetre = metresHome > STEM_METRES && returnLeg > 0 ? returnLeg / metresHome : perMetre;
  const streets = stops.map(({ plannedArrival, position }) =>
    streetFactors(speeds, plannedArrival, position),
  );
  const column = (value: (i: number) => number) => Float64Array.from({ length: count }, (_, i) => value(i));
  return {
    routeId: route.id,
    vehicleId: route.vehicleId,
    driverId: route.driverId,
    count,
    stopIds: column((i) => stops[i]!.id),
    indexOf: new Map(stops.map(({ id }, i) => [id, i])),
    codes: stops.map(({ code }) => code),
    lng: column((i) => stops[i]!.position.lng),
    lat: column((i) => stops[i]!.position.lat),
    service: column((i) => stops[i]!.service * streets[i]!.service),
    legs: column((i) => {
      const before = stops[i - 1];
      const leg = legTo.get(stops[i]!.id)!;
      const { hour, area } = streets[i]!;
      if (leg.from === (before?.id ?? null)) return leg.seconds * hour * area;
      return distance(before?.position ?? depot, stops[i]!.position) * perMetre * hour * area;
    }),
    serviceFactor: column((i) => streets[i]!.service),
    hourFactor: column((i) => streets[i]!.hour),
    areaFactor: column((i) => streets[i]!.area),
    arrivals: column((i) => stops[i]!.plannedArrival),
    windowFrom: column((i) => stops[i]!.windowFrom ?? Number.NEGATIVE_INFINITY),
    windowUntil: column((i) => stops[i]!.windowUntil ?? Number.POSITIVE_INFINITY),
    doneBy: column((i) => planned[i]!.plannedArrival + planned[i]!.service),
    kind: Uint8Array.from(stops, ({ service }) => stopKind(service)),
    breaks,
    returnLeg:
      stops.at(-1)?.id === last?.id || !stops.length
        ? returnLeg
        : distance(stops.at(-1)!.position, depot) * stemPerMetre,
    departure: route.plannedDeparture,
    finish: route.plannedReturn,
    depot,
    ...{ perMetre, stemPerMetre },
  };
}

/** The drive home: a plan that leaves room at its end does not mean it to be driven. */
function returnDrive(
  { plannedDeparture, plannedReturn }: Route,
  planned: readonly Stop[],
  depot: Position,
  { first, perMetre }: { first: number; perMetre: number },
): number {
  const [out, last] = [planned[0], planned.at(-1)];
  if (!out || !last) return Math.max(0, plannedReturn - plannedDeparture);
  const left = Math.max(0, plannedReturn - last.plannedArrival - last.service);
  const metresOut = distance(depot, out.position);
  // The way out tells how fast the way home is: it is not crept along looking for doors.
  const speed = metresOut > 500 && first > 0 ? Math.min(perMetre, first / metresOut) : perMetre;
  const drive = distance(last.position, depot) * speed;
  return left > RETURN_SHARE * drive + RETURN_MORE ? drive : left;
}

/** Stops the plan expects to be done by `at`; fractional between two planned departures. */
export function stopsExpected({ doneBy, departure, count }: RoutePlan, at: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (doneBy[middle]! <= at) low = middle + 1;
    else high = middle;
  }
  if (low === count || at <= departure) return low;
  const from = low === 0 ? departure : doneBy[low - 1]!;
  const until = doneBy[low]!;
  return low + (until > from ? Math.min(1, Math.max(0, (at - from) / (until - from))) : 0);
}
