import { random } from '../../schemas/random.ts';
import type { DayPlan } from '../plan.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { VanTrouble } from './disruptions.ts';
import { driverOf } from './driver.ts';

/** Between two vans at a gate: the walk round the van, the scan at the barrier; seconds. */
const CHECK = [10, 30] as const;

export type GateInput = {
  readonly scenario: Scenario;
  readonly plan: Pick<DayPlan, 'routes'>;
  readonly troubleOf: (routeIndex: number) => Pick<VanTrouble, 'late'>;
};

/**
 * When each van of a station gets through its gate: a wave is loaded at once, each driver is ready
 * when he is, and who is ready later waits until those before are through.
 */
export function openGates({ scenario, plan, troubleOf }: GateInput): (routeIndex: number) => number {
  const { routes } = plan;
  const byDepot = new Map<number, number[]>();
  for (const [index, { depotIndex }] of routes.entries()) {
    const indexes = byDepot.get(depotIndex) ?? [];
    if (indexes.length === 0) byDepot.set(depotIndex, indexes);
    indexes.push(index);
  }
  const leaves = new Map<number, number>();
  const passGate = (depotIndex: number): void => {
    const queue = byDepot.get(depotIndex)!.map((index) => {
      const { vehicle, plannedDeparture } = routes[index]!;
      const { lateStart } = driverOf(scenario, random(`${scenario.seed}/van/${vehicle}`).fork('driver'));
      return { index, vehicle, ready: plannedDeparture + lateStart + troubleOf(index).late };
    });
    let free = Number.NEGATIVE_INFINITY;
    for (const { index, vehicle, ready } of queue.sort((a, b) => a.ready - b.ready || a.index - b.index)) {
      const at = Math.max(ready, free);
      leaves.set(index, at);
      free = at + random(`${scenario.seed}/van/${vehicle}/gate`).between(...CHECK);
    }
  };
  return (routeIndex) => {
    if (!leaves.has(routeIndex)) passGate(routes[routeIndex]!.depotIndex);
    return leaves.get(routeIndex)!;
  };
}
