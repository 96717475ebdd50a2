import { euclid, thousandths } from './euclid.ts';
import { type Instance, UnreadableInstance } from './instance.ts';
import { numbersOf } from './numbers.ts';

/**
 * Li & Lim's pickups and deliveries: vehicles, capacity, speed; then a line a task with number, x, y,
 * demand, ready time, due date, service time, its pickup and its delivery (0 for none).
 */
export function parseLiLim(text: string, name: string): Instance {
  const rows = text
    .split(/\r?\n/)
    .map(numbersOf)
    .filter((row) => row !== undefined);
  const [[vehicleCount = 0, capacity = 0] = [], depot, ...tasks] = rows;
  if (depot?.length !== 9) throw new UnreadableInstance(`${name}: the depot’s line must have nine numbers`);
  const distance = euclid(
    [depot, ...tasks].map(([, x = 0, y = 0]) => [x, y]),
    thousandths,
  );
  const scaled = (value = 0): number => Math.round(value * thousandths.scale);
  const visit = (place: number) => {
    const [, , , , ready, due, service] = tasks[place - 1] ?? [];
    return { place, service: scaled(service), windows: [{ from: scaled(ready), until: scaled(due) }] };
  };
  const placeById = new Map(tasks.map(([id], index) => [id, index + 1]));
  const shipments = tasks.flatMap(([id, , , demand = 0, , , , , delivery = 0], index) => {
    if (delivery === 0) return [];
    const to = placeById.get(delivery);
    if (to === undefined)
      throw new UnreadableInstance(`${name}: task ${id} names ${delivery}, which is missing`);
    return [{ id: String(id), amount: [demand], pickup: visit(index + 1), delivery: visit(to) }];
  });
  const problem = {
    name,
    placeCount: tasks.length + 1,
    profiles: [{ distance, duration: distance }],
    stops: [],
    shipments,
    vehicles: Array.from({ length: vehicleCount }, (_, v) => ({
      id: String(v + 1),
      start: 0,
      end: 0,
      capacity: [capacity],
      shift: { from: scaled(depot[4]), until: scaled(depot[5]) },
      costs: { fixed: 0, perDistance: 1, perTravelTime: 0 },
    })),
  };
  return { format: 'li-lim', problem, costScale: thousandths.scale, assumptions: [] };
}
