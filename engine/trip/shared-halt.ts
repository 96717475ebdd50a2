import type { Halt, StopVisit } from '../../schemas/event.ts';
import type { RoutePlan } from '../pace/route-plan.ts';

/** A halt and a stop within its reach, by index; what matching them is worth, as a log-likelihood. */
export type Pair = { readonly halt: number; readonly stop: number; readonly worth: number };

type Served = {
  readonly visits: StopVisit[];
  /** For each halt the stops within its reach. */
  readonly byHalt: readonly (readonly Pair[])[];
  readonly isServed: (stop: number) => boolean;
};

/** A halt served another stop as well only if it lasted this long for each, seconds. */
const EACH_SECONDS = 30;
/** What such a match must be worth: at some 50 metres it is worth less. */
const WORTH_MIN = 6;
/** Less sure than a halt of its own, since nobody saw the van move. */
const CONFIDENCE = 0.6;

/**
 * Two doors from one parking place, or a van that moved up too little to be seen: a stop without a visit
 * of its own was served in the halt of its neighbour in the running order, when that lasted long enough for
 * both. The halt's time is shared out by the planned services. Changes `visits`.
 */
export function shareHalts(
  plan: RoutePlan,
  halts: readonly Halt[],
  pairs: readonly Pair[],
  { visits, byHalt, isServed }: Served,
): void {
  const shared = new Set<number>();
  const groups: { readonly halt: Halt; readonly stops: readonly number[] }[] = [];
  for (const { halt, stop } of [...pairs].sort((a, b) => a.halt - b.halt)) {
    const { startedAt, endedAt } = halts[halt]!;
    if (endedAt === undefined) continue;
    const stops = [stop];
    const isOpen = (other: number): boolean =>
      !isServed(other) &&
      !shared.has(other) &&
      (stops.length + 1) * EACH_SECONDS <= endedAt - startedAt &&
      byHalt[halt]!.some((pair) => pair.stop === other && pair.worth >= WORTH_MIN);
    for (let next = stop - 1; isOpen(next); next--) stops.unshift(next);
    for (let next = stop + 1; isOpen(next); next++) stops.push(next);
    if (stops.length === 1) continue;
    for (const other of stops) if (other !== stop) shared.add(other);
    groups.push({ halt: halts[halt]!, stops });
  }
  for (const { halt, stops } of groups) shareOut(plan, halt, stops, visits);
}

function shareOut(plan: RoutePlan, halt: Halt, stops: readonly number[], visits: StopVisit[]): void {
  const ids = stops.map((stop) => plan.stopIds[stop]!);
  const at = visits.findIndex(({ stopId }) => ids.includes(stopId));
  const own = visits[at];
  if (!own) return;
  const seconds = (halt.endedAt ?? halt.startedAt) - halt.startedAt;
  const services = stops.map((stop) => Math.max(1, plan.service[stop]!));
  const total = services.reduce((sum, service) => sum + service, 0);
  let from = halt.startedAt;
  const parts = stops.map((_, i): StopVisit => {
    const arrivedAt = from;
    from = toMs(from + (seconds * services[i]!) / total);
    const isOwn = ids[i] === own.stopId;
    return {
      ...own,
      ...{ stopId: ids[i]!, arrivedAt, departedAt: i === stops.length - 1 ? halt.endedAt : from },
      confidence: isOwn ? own.confidence : Math.min(CONFIDENCE, own.confidence),
    };
  });
  visits.splice(at, 1, ...parts);
}

const toMs = (at: number): number => Math.round(at * 1000) / 1000;
