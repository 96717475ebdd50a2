import type { Halt, StopVisit } from '../../schemas/event.ts';
import { distanceOf, type Position } from '../../schemas/position.ts';
import type { RoutePlan } from '../pace/route-plan.ts';
import { REACH, visitWindow } from './visit-window.ts';

/** What a driver's app said about a stop of a route. */
export type Report = {
  readonly vehicleId: number;
  readonly at: number;
  readonly stopCode: string;
  readonly kind: 'arrived' | 'delivered' | 'failed' | 'departed';
};

/** A report is about the halt it falls into, with this much slack for the driver's walk, seconds. */
const REPORT_SLACK = 120;

/** A halt that ended this long before the driver said to have arrived is another stop's, seconds. */
const ENDED_BEFORE = 45;

export type ReportedVisit = { readonly visit: StopVisit; readonly halt: number | undefined };

/** What an app said of one stop, and the halt it is about. */
type Told = {
  readonly stop: number;
  readonly halt: number | undefined;
  readonly arrived: number | undefined;
  readonly done: number;
  readonly departed: number | undefined;
  readonly isFailed: boolean;
};

/** Visits the driver's app told of, by index of their stop. */
export function reportedVisits(
  plan: RoutePlan,
  halts: readonly Halt[],
  reports: Iterable<Report>,
): Map<number, ReportedVisit> {
  const byCode = reportsByCode(plan, reports);
  const visits = new Map<number, ReportedVisit>();
  if (byCode.size === 0) return visits;
  const told: Told[] = [];
  for (const [stop, code] of plan.codes.entries()) {
    const said = byCode.get(code);
    const done = said?.filter(({ kind }) => kind !== 'departed').at(-1);
    if (!said || !done) continue;
    const arrived = said.find(({ kind }) => kind === 'arrived')?.at;
    const near = haltOf(halts, done.at, { lng: plan.lng[stop]!, lat: plan.lat[stop]! });
    const isOver = (halts[near]?.endedAt ?? Number.POSITIVE_INFINITY) < (arrived ?? done.at) - ENDED_BEFORE;
    told.push({
      ...{ stop, halt: near < 0 || isOver ? undefined : near, arrived, done: done.at },
      departed: said.findLast(({ kind }) => kind === 'departed')?.at,
      isFailed: said.some(({ kind }) => kind === 'failed'),
    });
  }
  for (const { own, arrivedAt, departedAt } of timed(told, halts)) {
    const visit: StopVisit = {
      stopId: plan.stopIds[own.stop]!,
      routeId: plan.routeId,
      vehicleId: plan.vehicleId,
      arrivedAt,
      departedAt: departedAt === undefined ? undefined : Math.max(arrivedAt, departedAt),
      confidence: 0.99,
      evidence: 'app',
      outcome: own.isFailed ? 'failed' : 'served',
      isOutOfSequence: false,
    };
    visits.set(own.stop, { visit, halt: own.halt });
  }
  return markOutOfSequence(visits);
}

function reportsByCode(plan: RoutePlan, reports: Iterable<Report>): Map<string, Report[]> {
  const { from, until } = visitWindow(plan);
  const byCode = new Map<string, Report[]>();
  for (const report of [...reports].sort((a, b) => a.at - b.at || (a.kind < b.kind ? -1 : 1))) {
    if (report.at < from || report.at > until) continue;
    const others = byCode.get(report.stopCode);
    if (others) others.push(report);
    else byCode.set(report.stopCode, [report]);
  }
  return byCode;
}

/**
 * When the told stops were served. The wheels are surer than thumbs: the app says which stop, the halt when.
 * Where several were served in one halt, it says when the first began and the last ended; the app the rest.
 */
function* timed(told: readonly Told[], halts: readonly Halt[]) {
  const byHalt = new Map<number, Told[]>();
  for (const own of told) {
    const { halt, arrived, done, departed } = own;
    const others = halt === undefined ? undefined : byHalt.get(halt);
    if (halt === undefined) yield { own, arrivedAt: arrived ?? done, departedAt: departed ?? done };
    else if (others) others.push(own);
    else byHalt.set(halt, [own]);
  }
  for (const [halt, group] of byHalt) {
    const { startedAt, endedAt } = halts[halt]!;
    group.sort((a, b) => a.done - b.done || a.stop - b.stop);
    for (const [i, own] of group.entries()) {
      const [before, after] = [group[i - 1], group[i + 1]];
      const arrivedAt = before ? (own.arrived ?? before.departed ?? before.done) : startedAt;
      const departedAt = after ? (own.departed ?? after.arrived ?? own.done) : endedAt;
      yield { own, arrivedAt, departedAt };
    }
  }
}

/** The halt a report at `at` is about: the one it falls into, else the nearest in time; −1 when none is. */
function haltOf(halts: readonly Halt[], at: number, { lng, lat }: Position): number {
  let low = 0;
  let high = halts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (halts[middle]!.startedAt < at + REPORT_SLACK) low = middle + 1;
    else high = middle;
  }
  let best = -1;
  let bestOff = REPORT_SLACK;
  // Halts do not overlap, so once one ended too early all before it did.
  for (let i = low - 1; i >= 0; i--) {
    const { startedAt, endedAt, position } = halts[i]!;
    if ((endedAt ?? at) < at - REPORT_SLACK) break;
    const off = Math.max(0, startedAt - at, at - (endedAt ?? at));
    if (off >= bestOff || distanceOf(position.lng, position.lat, lng, lat) > 2 * REACH) continue;
    best = i;
    bestOff = off;
  }
  return best;
}

/** A reported stop is out of sequence when a later one of the running order was reported before it. */
function markOutOfSequence(visits: Map<number, ReportedVisit>): Map<number, ReportedVisit> {
  const stops = [...visits.keys()].sort((a, b) => a - b);
  let earliestAfter = Number.POSITIVE_INFINITY;
  for (const stop of stops.reverse()) {
    const found = visits.get(stop)!;
    if (found.visit.arrivedAt > earliestAfter) {
      visits.set(stop, { ...found, visit: { ...found.visit, isOutOfSequence: true } });
    }
    earliestAfter = Math.min(earliestAfter, found.visit.arrivedAt);
  }
  return visits;
}
