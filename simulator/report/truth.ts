import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { asError, Fault } from '../../schemas/fault.ts';
import type { City } from '../city/city.ts';
import type { DayPlan } from '../plan.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { type CrossingTruth, crossingsOf, openCrossings } from '../van/crossings.ts';
import type { TrueSkip, VanDay } from '../van/day.ts';
import { placeDisruptions, type TrueDisruption } from '../van/disruptions.ts';
import type { TrueHandover } from '../van/meetings.ts';
import { disruptionsOf } from '../van/random-disruptions.ts';
import type { Stretch } from '../van/stretches.ts';
import type { Deed } from '../van/temper.ts';
import { openTrackReader, type Track } from '../van/track.ts';

/** What an ideal engine would conclude from where the vans really were; a line of the file each. */
export type TruthRecord =
  | ({ readonly type: 'crossing' } & CrossingTruth)
  | VisitTruth
  | TripTruth
  | ({ readonly type: 'disruption' } & TrueDisruption)
  | ({ readonly type: 'handover' } & TrueHandover)
  | ({ readonly type: 'skipped'; readonly vehicle: string } & TrueSkip)
  | BehaviourTruth
  | {
      readonly type: 'run';
      readonly scenario: string;
      readonly seed: string;
      readonly fleet: string;
      readonly intervalSeconds: number;
      readonly shiftStart: number;
    };

export type VisitTruth = {
  readonly type: 'visit';
  readonly vehicle: string;
  readonly route: string;
  readonly stop: string;
  readonly arrivedAt: number;
  readonly departedAt: number;
  readonly outcome: 'served' | 'failed';
  readonly reason?: string | undefined;
};

/** What a driver did; `value` is g, m/s, or seconds of standing with the engine on. */
export type BehaviourTruth = {
  readonly type: 'behaviour';
  readonly vehicle: string;
  readonly kind: Deed['kind'] | 'unbelted' | 'idling' | 'parking_sequence';
  readonly from: number;
  readonly until: number;
  readonly value: number;
};

/** From crossing the depot's circle outwards to crossing it inwards; two where a van was called out again. */
export type TripTruth = {
  readonly type: 'trip';
  readonly vehicle: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Metres driven. */
  readonly distance: number;
};

export type TruthInput = {
  readonly days: Iterable<VanDay>;
  readonly plan: DayPlan;
  readonly city: City;
  readonly scenario: Scenario;
};

export function truthOf({ days, plan, city, scenario }: TruthInput): TruthRecord[] {
  const lookup = openCrossings(plan.document.fences, city.frame);
  const depots = new Map(plan.routes.map(({ code, depotIndex }) => [code, plan.depots[depotIndex]!.name]));
  const run: TruthRecord = {
    type: 'run',
    scenario: scenario.name,
    seed: scenario.seed,
    fleet: scenario.fleet,
    intervalSeconds: scenario.intervalSeconds,
    shiftStart: plan.shiftStart,
  };
  const places = placeDisruptions(disruptionsOf(scenario, city, plan), plan.shiftStart);
  const records: TruthRecord[] = [run, ...places.map((one) => ({ type: 'disruption' as const, ...one }))];
  for (const day of days) {
    const { vehicle, route } = day;
    const crossings = crossingsOf(day, lookup, scenario.intervalSeconds);
    records.push(
      ...crossings.map((one) => ({ type: 'crossing' as const, ...one })),
      ...day.visits.map((one) => ({ type: 'visit' as const, vehicle, route, ...one })),
      ...tripsOf(day, crossings, depots.get(route) ?? ''),
      ...day.disruptions.map((one) => ({ type: 'disruption' as const, ...one })),
      ...day.handovers.map((one) => ({ type: 'handover' as const, ...one })),
      ...behaviourOf(day),
      ...day.skipped.map((one) => ({ type: 'skipped' as const, vehicle, ...one })),
    );
  }
  return records;
}

/** Standing with the engine on for so long is idling, seconds. */
const IDLING_SECONDS = 60;

function behaviourOf(day: VanDay): BehaviourTruth[] {
  const { vehicle, deeds, unbelted, doorOpen, engineOff, track, onAirFrom } = day;
  const lasting = ({ from, until }: Stretch) => ({ from, until, value: until - from });
  const seenFrom = onAirFrom ?? track.t[0]!;
  const idle = standing(track)
    .flatMap((stretch) => without(stretch, engineOff))
    .filter(({ from, until }) => until - from >= IDLING_SECONDS && from >= seenFrom);
  // The door comes after the engine: where that was on all the while, it was the wrong way round.
  const wrong = doorOpen.filter(
    (open) =>
      open.from >= seenFrom && !engineOff.some((off) => off.from < open.until && off.until > open.from),
  );
  return [
    ...deeds,
    ...unbelted.map((stretch) => ({ kind: 'unbelted' as const, ...lasting(stretch) })),
    ...idle.map((stretch) => ({ kind: 'idling' as const, ...lasting(stretch) })),
    ...wrong.map((stretch) => ({ kind: 'parking_sequence' as const, ...lasting(stretch) })),
  ].map((one) => ({ type: 'behaviour', vehicle, ...one }));
}

/** Where the wheels do not turn. */
function standing({ t, v }: Track): Stretch[] {
  const stretches: Stretch[] = [];
  for (let i = 0; i + 1 < t.length; i++) {
    if (v[i] !== 0 || v[i + 1] !== 0) continue;
    const before = stretches.at(-1);
    const [from, until] = [t[i]!, t[i + 1]!];
    if (before !== undefined && from - before.until < 1e-6)
      stretches[stretches.length - 1] = { from: before.from, until };
    else stretches.push({ from, until });
  }
  return stretches;
}

/** What of a stretch lies outside of others. */
function without(stretch: Stretch, others: readonly Stretch[]): Stretch[] {
  let left = [stretch];
  for (const other of others) {
    if (other.until <= stretch.from || other.from >= stretch.until) continue;
    left = left.flatMap(({ from, until }) =>
      [
        { from, until: Math.min(until, other.from) },
        { from: Math.max(from, other.until), until },
      ].filter((piece) => piece.until > piece.from),
    );
  }
  return left;
}

function tripsOf(day: VanDay, crossings: readonly CrossingTruth[], depot: string): TripTruth[] {
  const atDepot = crossings.filter(({ set, fence }) => set === 'depots' && fence === depot);
  const where = openTrackReader(day.track);
  return day.outings.map(({ leftAt, returnedAt }, i) => {
    const until = day.outings[i + 1]?.leftAt ?? Number.POSITIVE_INFINITY;
    const own = atDepot.filter(({ at }) => (i === 0 || at >= leftAt) && at < until);
    const distance = where(returnedAt).driven - where(leftAt).driven;
    return {
      type: 'trip',
      vehicle: day.vehicle,
      startedAt: own.find(({ kind }) => kind === 'exit')?.at ?? leftAt,
      endedAt: own.findLast(({ kind }) => kind === 'enter')?.at ?? returnedAt,
      distance: Math.round(distance),
    };
  });
}

/** A written truth with what is true of some vans by now in place of what was. */
export function renewTruth(path: string, renewed: readonly TruthRecord[]): void {
  const names = new Set(renewed.flatMap((record) => ('vehicle' in record ? (record.vehicle ?? []) : [])));
  const isOf = (record: TruthRecord): boolean =>
    (record.type === 'handover' && names.has(record.taker)) ||
    ('vehicle' in record && record.vehicle !== undefined && names.has(record.vehicle));
  const kept = readTruth(path).filter((record) => !isOf(record));
  writeTruth(path, [...kept, ...renewed.filter(isOf)]);
}

/** One JSON object a line; packed when the name ends in .gz. */
export function writeTruth(path: string, records: readonly TruthRecord[]): void {
  const text = `${records.map((record) => JSON.stringify(record)).join('\n')}\n`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, path.endsWith('.gz') ? gzipSync(text) : text);
  } catch (thrown) {
    throw new Fault('data/unusable', `cannot write the truth to ${path}: ${asError(thrown).message}`);
  }
}

export function readTruth(path: string): TruthRecord[] {
  try {
    const bytes = readFileSync(path);
    const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line): TruthRecord => JSON.parse(line));
  } catch (thrown) {
    throw new Fault('input/invalid', `cannot read the truth ${path}: ${asError(thrown).message}`);
  }
}
