import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { asError, Fault } from '../../schemas/fault.ts';
import type { City } from '../city/city.ts';
import type { DayPlan } from '../plan.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { type CrossingTruth, crossingsOf, openCrossings } from '../van/crossings.ts';
import { placeDisruptions, type TrueDisruption } from '../van/disruptions.ts';
import type { VanDay } from '../van/van.ts';

/** What an ideal engine would conclude from where the vans really were; a line of the file each. */
export type TruthRecord =
  | ({ readonly type: 'crossing' } & CrossingTruth)
  | VisitTruth
  | TripTruth
  | ({ readonly type: 'disruption' } & TrueDisruption)
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
};

/** From crossing the depot's circle outwards to crossing it inwards. */
export type TripTruth = {
  readonly type: 'trip';
  readonly vehicle: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Metres driven. */
  readonly distance: number;
};

export type TruthInput = {
  /** In the order of the plan's routes. */
  readonly days: Iterable<VanDay>;
  readonly plan: DayPlan;
  readonly city: City;
  readonly scenario: Scenario;
};

export function truthOf({ days, plan, city, scenario }: TruthInput): TruthRecord[] {
  const lookup = openCrossings(plan.document.fences, city.frame);
  const run: TruthRecord = {
    type: 'run',
    scenario: scenario.name,
    seed: scenario.seed,
    fleet: scenario.fleet,
    intervalSeconds: scenario.intervalSeconds,
    shiftStart: plan.shiftStart,
  };
  return [
    run,
    ...placeDisruptions(scenario.disruptions, plan.shiftStart).map((disruption) => ({
      type: 'disruption' as const,
      ...disruption,
    })),
    ...Array.from(days, (day, index): TruthRecord[] => {
      const { vehicle, route, visits } = day;
      const crossings = crossingsOf(day, lookup, scenario.intervalSeconds);
      const depot = plan.depots[plan.routes[index]!.depotIndex]!.name;
      return [
        ...crossings.map((crossing) => ({ type: 'crossing' as const, ...crossing })),
        ...visits.map((visit) => ({ type: 'visit' as const, vehicle, route, ...visit })),
        tripOf(day, crossings, depot),
        ...day.disruptions.map((disruption) => ({ type: 'disruption' as const, ...disruption })),
      ];
    }).flat(),
  ];
}

function tripOf(day: VanDay, crossings: readonly CrossingTruth[], depot: string): TripTruth {
  const atDepot = crossings.filter(({ set, fence }) => set === 'depots' && fence === depot);
  const exit = atDepot.find(({ kind }) => kind === 'exit');
  const enter = atDepot.findLast(({ kind }) => kind === 'enter');
  return {
    type: 'trip',
    vehicle: day.vehicle,
    startedAt: exit?.at ?? day.leftAt,
    endedAt: enter?.at ?? day.returnedAt,
    distance: Math.round(day.track.s.at(-1)!),
  };
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
