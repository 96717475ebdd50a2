import { GRACE } from '../../engine/pace/standing.ts';
import { dueTimes, look, openDesks, takeBack } from './desk.ts';
import type { Policy } from './policies.ts';
import { advance, beginShift, lateStops, type Shift } from './shift.ts';
import type { TownRoute } from './town.ts';
import type { Truth } from './truth.ts';

/** Seconds between two looks at the fleet, and from when on after the first departure. */
const STEP = 600;
const FIRST = 2 * 3600;
const LAST = 16 * 3600;

/** What came of a day under a policy. */
export type DayResult = {
  readonly late: ReadonlySet<number>;
  readonly lateVans: ReadonlySet<number>;
  readonly lateMinutes: number;
  readonly metres: number;
  /** Van-seconds on the road. */
  readonly seconds: number;
  readonly moved: number;
  readonly meetings: number;
  readonly failed: number;
  readonly helpers: ReadonlySet<number>;
  readonly violations: readonly string[];
};

export function runDay(routes: readonly TownRoute[], truth: Truth, policy: Policy | undefined): DayResult {
  const shift = beginShift(routes, truth);
  const due = dueTimes(routes);
  const desks = openDesks(shift);
  const said: string[] = [];
  const start = Math.min(...routes.map(({ plannedDeparture }) => plannedDeparture));
  if (policy) {
    for (let at = start + FIRST; at < start + LAST; at += STEP) {
      advance(shift, at);
      if (shift.vans.every(({ returnedAt }) => returnedAt !== undefined)) break;
      takeBack(desks);
      look(desks, at);
      said.push(...policy({ shift, desks, due, at }));
    }
  }
  advance(shift, start + 40 * 3600);
  return resultOf(shift, due, said);
}

function resultOf(shift: Shift, due: ReadonlyMap<number, number>, said: readonly string[]): DayResult {
  const lateVans = shift.vans.filter(
    ({ returnedAt, route }) => (returnedAt ?? Number.POSITIVE_INFINITY) > route.plannedReturn + GRACE,
  );
  let lateSeconds = 0;
  for (const [id, by] of due) lateSeconds += Math.max(0, (shift.servedAt.get(id) ?? by + 7200) - by);
  const done = shift.appointments.filter(({ state }) => state === 'done');
  const undone = [...due.keys()].filter((id) => !shift.servedAt.has(id));
  return {
    late: lateStops(shift, due),
    lateVans: new Set(lateVans.map(({ index }) => index)),
    lateMinutes: lateSeconds / 60,
    metres: shift.vans.reduce((sum, { metres }) => sum + metres, 0),
    seconds: shift.vans.reduce(
      (sum, { returnedAt, route }) => sum + (returnedAt ?? 0) - route.plannedDeparture,
      0,
    ),
    moved: done.reduce((sum, { stops }) => sum + stops.length, 0),
    meetings: shift.appointments.length,
    failed: shift.appointments.length - done.length,
    helpers: new Set(shift.appointments.map(({ helper }) => helper)),
    violations: [...said, ...shift.violations, ...undone.map((id) => `stop ${id} was never served`)],
  };
}
