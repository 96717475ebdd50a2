import { explainUnserved } from './explain.ts';
import { DELIVERY, PICKUP, type Problem } from './problem.ts';
import { emptyTimetable, routeTiming, type Timetable } from './schedule.ts';
import { stopsOf, type Tours } from './tours.ts';

export type StepKind = 'start' | 'stop' | 'pickup' | 'delivery' | 'break' | 'end';

/** One thing a vehicle does, on the problem's own clock. */
export type Step = {
  readonly kind: StepKind;
  /** Of the stop or shipment. */
  readonly id?: string;
  /** Absent for a break, and for the missing end of an open route. */
  readonly place?: number;
  readonly arrival: number;
  /** Service (or the break) from here … */
  readonly begin: number;
  /** … to here. */
  readonly done: number;
};

export type PlannedRoute = { readonly vehicle: string; readonly steps: readonly Step[] };

export type Plan = {
  readonly cost: number;
  readonly routes: readonly PlannedRoute[];
  /** What no vehicle serves, and why. */
  readonly unserved: readonly { readonly id: string; readonly reason: string }[];
};

/** The tours found, in the words of the problem they were asked for. */
export function planOf(problem: Problem, tours: Tours): Plan {
  const timetable = emptyTimetable(problem.stopCount + 64 + maxBreaks(problem));
  const routes: PlannedRoute[] = [];
  for (let v = 0; v < problem.vehicleCount; v++) {
    if (tours.size[v] === 0) continue;
    routeTiming(problem, v, tours.next, -1, -1, -1, -1, timetable);
    routes.push({ vehicle: problem.input.vehicles[v]?.id ?? '', steps: stepsOf(problem, v, timetable) });
  }
  return { cost: planCost(problem, tours), routes, unserved: explainUnserved(problem, tours) };
}

/** Routes, plus the stated cost of what may be left out; what had to be served has no price. */
function planCost(problem: Problem, tours: Tours): number {
  let cost = tours.totalCost;
  for (let k = 0; k < tours.bankCount; k++) {
    const stop = tours.bank[k] ?? 0;
    if (taskOf(problem, stop)?.unservedCost === undefined) cost -= problem.unservedCost[stop] ?? 0;
  }
  return cost;
}

function stepsOf(problem: Problem, vehicle: number, timetable: Timetable): Step[] {
  const { input, origin, stopCount } = problem;
  const { start, end } = input.vehicles[vehicle] ?? {};
  const departure = origin + timetable.departure;
  const steps: Step[] = [
    { kind: 'start', ...placed(start), arrival: departure, begin: departure, done: departure },
  ];
  for (let k = 0; k < timetable.count; k++) {
    const node = timetable.node[k] ?? 0;
    const times = {
      arrival: origin + (timetable.arrival[k] ?? 0),
      begin: origin + (timetable.begin[k] ?? 0),
      done: origin + (timetable.done[k] ?? 0),
    };
    if (node < 0) steps.push({ kind: 'break', ...times });
    else if (node >= stopCount) steps.push({ kind: 'end', ...placed(end), ...times });
    else {
      const id = taskOf(problem, node)?.id ?? '';
      steps.push({ kind: kindOf(problem, node), id, ...placed(problem.place[node]), ...times });
    }
  }
  return steps;
}

function placed(place: number | undefined): { readonly place?: number } {
  return place === undefined ? {} : { place };
}

function kindOf(problem: Problem, node: number): StepKind {
  const kind = problem.kind[node];
  return kind === PICKUP ? 'pickup' : kind === DELIVERY ? 'delivery' : 'stop';
}

export function taskOf({ input, taskOf: tasks }: Problem, node: number) {
  const task = tasks[node] ?? 0;
  return input.stops[task] ?? input.shipments?.[task - input.stops.length];
}

function maxBreaks({ breaks }: Problem): number {
  return breaks.reduce((most, { length }) => Math.max(most, length), 0);
}

/** The stops of each vehicle in order, by node: what a search can start from again. */
export function ordersOf(problem: Problem, tours: Tours): number[][] {
  return Array.from({ length: problem.vehicleCount }, (_, v) => stopsOf(problem, tours, v));
}
