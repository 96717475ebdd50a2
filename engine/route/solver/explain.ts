import { DELIVERY, type Problem } from './problem.ts';
import { routeTiming } from './schedule.ts';
import type { Tours } from './tours.ts';

/** Why each stop in the bank is there, in a sentence a dispatcher can act on. */
export function explainUnserved(problem: Problem, tours: Tours): { id: string; reason: string }[] {
  const explained: { id: string; reason: string }[] = [];
  const empty = aloneList(problem);
  for (let k = 0; k < tours.bankCount; k++) {
    const stop = tours.bank[k] ?? 0;
    if (problem.kind[stop] === DELIVERY) continue;
    const task = problem.taskOf[stop] ?? 0;
    const { stops, shipments = [] } = problem.input;
    const id = stops[task]?.id ?? shipments[task - stops.length]?.id ?? '';
    explained.push({ id, reason: reasonFor(problem, tours, empty, stop) });
  }
  return explained;
}

function reasonFor(problem: Problem, tours: Tours, empty: Int32Array, stop: number): string {
  const vehicles = [...problem.typeOf.keys()];
  const allowed = vehicles.filter((v) => problem.allowed[stop * problem.vehicleCount + v] === 1);
  if (allowed.length === 0) return 'no vehicle may serve it: none has all the skills it asks for';
  const roomy = allowed.filter((v) => fitsAlone(problem, stop, v));
  if (roomy.length === 0) return 'it is larger than any vehicle that may serve it';
  const timely = roomy.filter((v) => isTimelyAlone(problem, empty, stop, v));
  if (timely.length === 0) return 'no vehicle can reach it in its window and be back in time';
  if (timely.some((v) => tours.size[v] === 0)) return 'serving it costs more than leaving it out';
  return 'every vehicle that could serve it is full, out of time, or dearer than leaving it out';
}

function fitsAlone(
  { dimensionCount, capacity, net, onBoard }: Problem,
  stop: number,
  vehicle: number,
): boolean {
  for (let d = 0; d < dimensionCount; d++) {
    const brought = onBoard[stop * dimensionCount + d] ?? 0;
    const carried = Math.max(brought, brought + (net[stop * dimensionCount + d] ?? 0));
    if (carried > (capacity[vehicle * dimensionCount + d] ?? 0)) return false;
  }
  return true;
}

/** A list in which every vehicle goes straight home. */
function aloneList({ stopCount, vehicleCount, nodeCount }: Problem): Int32Array {
  const next = new Int32Array(nodeCount).fill(-1);
  for (let v = 0; v < vehicleCount; v++) next[stopCount + v] = stopCount + vehicleCount + v;
  return next;
}

function isTimelyAlone(problem: Problem, empty: Int32Array, stop: number, vehicle: number): boolean {
  const start = problem.stopCount + vehicle;
  const mate = problem.mate[stop] ?? -1;
  return Number.isFinite(routeTiming(problem, vehicle, empty, stop, start, mate, mate < 0 ? -1 : start));
}
