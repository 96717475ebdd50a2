import { experienceOf } from '../../engine/pace/experience.ts';
import { factorsOf, fleetPace } from '../../engine/pace/factors.ts';
import { Z90 } from '../../engine/pace/normal.ts';
import { routePlan } from '../../engine/pace/route-plan.ts';
import { standing } from '../../engine/pace/standing.ts';
import type { StopVisit } from '../../schemas/event.ts';
import { frame } from '../../schemas/position.ts';
import { random } from '../../schemas/random.ts';

const ROUTES = 10_000;
const STOPS = 150;
/** Stops already served, beside those that remain. */
const DONE = 10;
const START = 1_790_000_000;
/** Routes are copies of so many different ones: the figures differ, the work is the same. */
const SHAPES = 200;

/**
 * Milliseconds to project every route of a big fleet once: fleet, factors, standing, P50 and P90 of every
 * stop. Processor time, which on an idle machine is the clock's: the process does nothing else.
 */
export function projectionMs(rounds: number): number {
  const shapes = Array.from({ length: SHAPES }, (_, r) => shapeOf(r));
  const runs = Array.from({ length: ROUTES }, (_, r) => shapes[r % SHAPES]!);
  const p90 = new Float64Array(STOPS);
  const times: number[] = [];
  for (let round = 0; round < rounds + 1; round++) {
    const from = process.cpuUsage();
    const fleet = fleetPace(runs.map(({ experience }) => experience));
    let checksum = 0;
    for (const { plan, visits, experience, at } of runs) {
      const { projection } = standing(
        plan,
        visits,
        { at: at + round, heardAt: at + round, position: undefined, departedAt: START, isHome: false },
        { factors: factorsOf(experience, fleet), breaksTaken: 0, before: 'on_pace' },
      );
      const { mean, sd } = projection;
      for (let k = 0; k < STOPS; k++) p90[k] = mean[k]! + Z90 * sd[k]!;
      checksum += p90[STOPS - 1]!;
    }
    if (!Number.isFinite(checksum)) throw new Error('a projection is no number');
    // The first round warms up.
    if (round > 0) {
      const { user, system } = process.cpuUsage(from);
      times.push((user + system) / 1000);
    }
  }
  return times.sort((a, b) => a - b)[times.length >> 1]!;
}

function shapeOf(index: number) {
  const chance = random(`speed/${index}`);
  const plane = frame({ lng: 10, lat: 50 });
  let at = START + 900;
  const stops = Array.from({ length: DONE + STOPS }, (_, sequence) => {
    const service = Math.round(chance.lognormal(4.3, 0.6));
    const plannedArrival = at;
    at += service + 60;
    return {
      ...{ id: index * 1000 + sequence, routeId: index, code: `S${sequence}`, sequence, packages: 1 },
      position: plane.position(chance.between(0, 5000), chance.between(0, 5000)),
      plannedArrival,
      service,
    };
  });
  const plan = routePlan(
    {
      ...{ id: index, fleetId: 1, code: `R${index}`, serviceDate: '2026-09-21', depotId: 1 },
      ...{ vehicleId: index, version: 1, stops },
      plannedDeparture: START,
      plannedReturn: at + 900,
    },
    plane.position(0, 0),
  );
  const visits = new Map(
    stops.slice(0, DONE).map(({ id, plannedArrival, service }): [number, StopVisit] => [
      id,
      {
        ...{ stopId: id, routeId: index, vehicleId: index, confidence: 0.9, evidence: 'halt' },
        ...{ outcome: 'served', isOutOfSequence: false },
        arrivedAt: plannedArrival,
        departedAt: plannedArrival + service * chance.between(0.6, 1.5),
      },
    ]),
  );
  return { plan, visits, experience: experienceOf(plan, visits), at: stops[DONE]!.plannedArrival };
}
