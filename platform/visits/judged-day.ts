import { type Agreement, agreement, type Found, type Wanted } from './agreement.ts';
import { type Concluded, concludedFrom } from './concluded.ts';
import type { Signal, SimulatedDay } from './simulated-day.ts';

/** How a day's conclusions agree with its truth. */
export type JudgedDay = {
  readonly visits: Agreement;
  readonly crossings: Agreement;
  readonly tripStarts: Agreement;
  readonly tripEnds: Agreement;
  /** Crossings that no truth explains and whose opposite lies within a minute: a border that flapped. */
  readonly flaps: number;
};

/** Seconds between a visit and its truth that still are the same visit; where fixes are rare, two of their intervals. */
const VISIT_SECONDS = 60;
/** Trips start and end at the depot's gate, where a van may crawl. */
const TRIP_SECONDS = 60;
/**
 * A crossing may be stamped an interval late; beyond it, what clocks are wrong by (two seconds) and what
 * noise of ten metres takes at walking pace near a border.
 */
const CROSSING_SLACK = 10;
const FLAP_SECONDS = 60;

export const judgedDay = (
  day: SimulatedDay,
  intervalSeconds: number,
  signals: readonly Signal[],
): JudgedDay => judged(day, concludedFrom(day, signals), intervalSeconds);

/** The same of what has been concluded otherwise, from devices that report each so many seconds. */
export function judged(
  day: SimulatedDay,
  concluded: Omit<Concluded, 'halts'>,
  intervalSeconds: number,
): JudgedDay {
  const vehicle = new Map(day.vehicles.map(({ id, name }) => [id, name]));
  const fence = new Map(day.fences.map(({ id, set, name }) => [id, `${set}/${name}`]));
  const stop = new Map(
    day.routes.flatMap(({ code, stops }) => stops.map((one) => [one.id, `${code}/${one.code}`] as const)),
  );
  const wanted: Record<'visit' | 'crossing' | 'tripStart' | 'tripEnd', Wanted[]> = {
    ...{ visit: [], crossing: [], tripStart: [], tripEnd: [] },
  };
  for (const t of day.truth) {
    if (t.type === 'visit')
      wanted.visit.push({ name: `${t.route}/${t.stop}`, at: t.arrivedAt, isSure: true });
    if (t.type === 'crossing') {
      wanted.crossing.push({
        name: `${t.vehicle} ${t.kind} ${t.set}/${t.fence}`,
        at: t.at,
        isSure: t.isSure,
      });
    }
    if (t.type !== 'trip') continue;
    wanted.tripStart.push({ name: t.vehicle, at: t.startedAt, isSure: true });
    wanted.tripEnd.push({ name: t.vehicle, at: t.endedAt, isSure: true });
  }
  const nameOf = (vehicleId: number): string => vehicle.get(vehicleId) ?? '';
  const crossed: Found[] = concluded.crossings
    .filter(({ kind }) => kind !== 'pass')
    .map(({ vehicleId, kind, fenceId, at }) => ({
      name: `${nameOf(vehicleId)} ${kind} ${fence.get(fenceId)}`,
      at,
    }));
  const crossings = agreement(wanted.crossing, crossed, intervalSeconds + CROSSING_SLACK);
  const tripSlack = TRIP_SECONDS + intervalSeconds;
  return {
    visits: agreement(
      wanted.visit,
      concluded.visits.map(({ stopId, arrivedAt }) => ({ name: stop.get(stopId) ?? '', at: arrivedAt })),
      Math.max(VISIT_SECONDS, 2 * intervalSeconds),
    ),
    crossings,
    tripStarts: agreement(
      wanted.tripStart,
      concluded.trips.map(({ vehicleId, startedAt }) => ({ name: nameOf(vehicleId), at: startedAt })),
      tripSlack,
    ),
    tripEnds: agreement(
      wanted.tripEnd,
      concluded.trips.flatMap(({ vehicleId, endedAt }) =>
        endedAt === undefined ? [] : [{ name: nameOf(vehicleId), at: endedAt }],
      ),
      tripSlack,
    ),
    flaps: flapsIn(crossings.invented, crossed),
  };
}

function flapsIn(invented: readonly Found[], crossed: readonly Found[]): number {
  const opposite = (name: string): string =>
    name.includes(' enter ') ? name.replace(' enter ', ' exit ') : name.replace(' exit ', ' enter ');
  return invented.filter(({ name, at }) =>
    crossed.some((other) => other.name === opposite(name) && Math.abs(other.at - at) < FLAP_SECONDS),
  ).length;
}
