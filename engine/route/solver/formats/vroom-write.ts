import type { Plan, PlannedRoute, Step } from '../plan.ts';
import type { VroomInstance } from './vroom-read.ts';

/** A plan as VROOM would answer, with why anything was left out under `paceline`. */
export function vroomSolution(instance: VroomInstance, plan: Plan) {
  const { document, problem, assumptions } = instance;
  const routes = plan.routes.map((route) => routeOf(instance, route));
  const sum = (of: (route: (typeof routes)[number]) => number): number =>
    routes.reduce((total, route) => total + of(route), 0);
  const unassigned = plan.unserved.flatMap(({ id, reason }) =>
    tasksOf(id).map((task) => ({ ...task, paceline: { reason } })),
  );
  const unservedCosts = [...problem.stops, ...(problem.shipments ?? [])]
    .filter(({ id }) => plan.unserved.some((left) => left.id === id))
    .reduce((total, { unservedCost = 0 }) => total + unservedCost, 0);
  return {
    code: 0,
    summary: {
      cost: (plan.cost - unservedCosts) / instance.costScale,
      routes: routes.length,
      unassigned: unassigned.length,
      service: sum(({ service }) => service),
      duration: sum(({ duration }) => duration),
      waiting_time: sum(({ waiting_time }) => waiting_time),
      distance: sum(({ distance }) => distance),
      violations: [],
    },
    unassigned,
    routes,
    paceline: { assumptions, vehicles: document.vehicles.length },
  };
}

function routeOf(instance: VroomInstance, { vehicle, steps }: PlannedRoute) {
  const { problem, document } = instance;
  const index = problem.vehicles.findIndex(({ id }) => id === vehicle);
  const profile = problem.profiles[problem.vehicles[index]?.profile ?? 0];
  let at: number | undefined;
  let duration = 0;
  let distance = 0;
  let service = 0;
  let waiting = 0;
  let pauses = 0;
  const written = steps.map((step) => {
    const leg =
      at === undefined || step.place === undefined ? undefined : at * problem.placeCount + step.place;
    duration += leg === undefined ? 0 : (profile?.duration[leg] ?? 0);
    distance += leg === undefined ? 0 : (profile?.distance[leg] ?? 0);
    if (step.kind !== 'break') at = step.place;
    const worked = step.done - step.begin;
    service += worked;
    waiting += step.begin - step.arrival;
    const pause = step.kind === 'break' ? document.vehicles[index]?.breaks?.[pauses++] : undefined;
    return {
      ...named(step, pause?.id),
      arrival: step.arrival,
      duration,
      service: worked,
      waiting_time: step.begin - step.arrival,
      distance,
      violations: [],
    };
  });
  return {
    vehicle: Number(vehicle),
    steps: written,
    service,
    duration,
    waiting_time: waiting,
    distance,
    violations: [],
  };
}

function named({ kind, id = '', place }: Step, pause: number | undefined) {
  const where = place === undefined ? {} : { location_index: place };
  if (kind === 'start' || kind === 'end') return { type: kind, ...where };
  if (kind === 'break') return { type: kind, id: pause };
  const task = tasksOf(id).find(({ type }) => type === (kind === 'stop' ? 'job' : kind));
  return { type: task?.type, id: task?.id, ...where };
}

/** Our id of a stop or shipment in VROOM's words. */
function tasksOf(id: string): { type: string; id: number }[] {
  const [kind, first, second] = id.split(' ');
  if (kind === 'job') return [{ type: 'job', id: Number(first) }];
  return [
    { type: 'pickup', id: Number(first) },
    { type: 'delivery', id: Number(second) },
  ];
}
