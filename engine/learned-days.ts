import type { EngineStore } from '../schemas/engine-store.ts';
import { learnDay } from './pace/learn-day.ts';
import { type Learned, nothingLearned } from './pace/learned.ts';
import { learnedFrom, learnedJson } from './pace/learned-json.ts';
import type { RouteRun } from './routes.ts';
import { visitWindow } from './trip/visit-window.ts';

/** What past days taught, by fleet; takes in a day once all of its routes are over. */
export type LearnedDays = {
  readonly of: (fleetId: number) => Learned;
  /** Takes in the fleet's days that are over and newer than the newest one known; says whether there was one. */
  readonly take: (fleetId: number, clock: number, runs: readonly RouteRun[]) => Promise<boolean>;
};

/** A day teaches from so many visits. */
const VISITS_MIN = 20;

export async function openLearnedDays(store: EngineStore): Promise<LearnedDays> {
  const byFleet = new Map<number, { serviceDate: string; learned: Learned }>();
  for (const { fleetId, serviceDate, data } of await store.readLearned())
    byFleet.set(fleetId, { serviceDate, learned: learnedFrom(data) });
  const of = (fleetId: number): Learned => byFleet.get(fleetId)?.learned ?? nothingLearned;
  return {
    of,
    async take(fleetId, clock, runs) {
      const day = nextDay(runs, clock, byFleet.get(fleetId)?.serviceDate ?? '');
      if (day === undefined) return false;
      const told = day.runs.filter(({ visits }) => visits.size > 0);
      const visitCount = told.reduce((sum, { visits }) => sum + visits.size, 0);
      const before = of(fleetId);
      const learned =
        visitCount < VISITS_MIN
          ? before
          : learnDay(
              before,
              told.map(({ plan, visits, outing }) => ({ plan, visits, outing })),
              told.flatMap(({ forecasts, outing: { returnedAt } }) =>
                returnedAt === undefined ? [] : forecasts.map((made) => ({ ...made, finish: returnedAt })),
              ),
            );
      byFleet.set(fleetId, { serviceDate: day.serviceDate, learned });
      if (learned === before) return false;
      await store.writeLearned({
        ...{ fleetId, serviceDate: day.serviceDate, version: learned.version, learnedAt: clock },
        ...{ routeCount: told.length, visitCount, data: learnedJson(learned) },
      });
      return true;
    },
  };
}

/** The oldest service date after `known` of which no route is under way any more. */
function nextDay(runs: readonly RouteRun[], clock: number, known: string) {
  const byDate = new Map<string, RouteRun[]>();
  for (const run of runs) {
    const { serviceDate } = run.route;
    if (serviceDate > known) byDate.set(serviceDate, [...(byDate.get(serviceDate) ?? []), run]);
  }
  const [first] = [...byDate].sort(([a], [b]) => (a < b ? -1 : 1));
  if (first === undefined) return undefined;
  const [serviceDate, own] = first;
  const isOver = own.every((run) => run.status === 'finished' || clock > visitWindow(run.plan).until);
  return isOver ? { serviceDate, runs: own } : undefined;
}
