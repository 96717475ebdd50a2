import { euclid, tenths } from './euclid.ts';
import { type Instance, UnreadableInstance } from './instance.ts';
import { numbersOf } from './numbers.ts';

/**
 * Solomon's and Gehring & Homberger's text: a name, vehicles and capacity, then a line a customer with
 * number, x, y, demand, ready time, due date, service time; the first is the depot.
 */
export function parseSolomon(text: string): Instance {
  const lines = text.split(/\r?\n/);
  const name = lines.find((line) => line.trim() !== '')?.trim() ?? '';
  const rows = lines.map(numbersOf).filter((row) => row !== undefined);
  const [vehicleCount = 0, capacity = 0] = rows.find(({ length }) => length === 2) ?? [];
  const [depot, ...customers] = rows.filter(({ length }) => length === 7);
  if (!depot) throw new UnreadableInstance(`${name}: no line of seven numbers, so no depot`);
  const distance = euclid(
    [depot, ...customers].map(([, x = 0, y = 0]) => [x, y]),
    tenths,
  );
  const scaled = (value = 0): number => Math.round(value * tenths.scale);
  const problem = {
    name,
    placeCount: customers.length + 1,
    profiles: [{ distance, duration: distance }],
    stops: customers.map(([id, , , demand = 0, ready, due, service], index) => ({
      id: String(id),
      place: index + 1,
      service: scaled(service),
      windows: [{ from: scaled(ready), until: scaled(due) }],
      delivery: [demand],
    })),
    vehicles: Array.from({ length: vehicleCount }, (_, v) => ({
      id: String(v + 1),
      start: 0,
      end: 0,
      capacity: [capacity],
      shift: { from: scaled(depot[4]), until: scaled(depot[5]) },
      costs: { fixed: 0, perDistance: 1, perTravelTime: 0 },
    })),
  };
  return { format: 'solomon', problem, costScale: tenths.scale, assumptions: [] };
}
