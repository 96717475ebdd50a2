import type { PlanDocument } from '../../schemas/plan.ts';
import type { Random } from '../../schemas/random.ts';
import type { City } from './city.ts';
import { pointOn } from './graph.ts';

export type PlannedDepot = PlanDocument['depots'][number];
type PlannedFence = PlanDocument['fences'][number];

/** Round areas of everyday interest, so that crossings of every size happen all day. */
const PLACE_COUNT = 24;
const placeKinds = ['School', 'Market', 'Clinic', 'Works', 'Campus', 'Mall'];

/** The areas that come with a plan: the districts, some round places, and each depot. */
export function fencesOf(city: City, depots: readonly PlannedDepot[], chance: Random): PlannedFence[] {
  const { graph } = city;
  const places = Array.from({ length: PLACE_COUNT }, (_, i): PlannedFence => {
    const edge = chance.integer(graph.edgeCount);
    const { lng, lat } = pointOn(graph, edge, graph.length[edge]! / 2);
    const name = `${placeKinds[i % placeKinds.length]} ${Math.floor(i / placeKinds.length) + 1}`;
    const radius = Math.round(chance.between(150, 420));
    return { set: 'places', name, kind: 'area', shape: { kind: 'circle', centre: [lng, lat], radius } };
  });
  const districts = city.districts.map(
    ({ name, ring }): PlannedFence => ({
      set: 'districts',
      name,
      kind: 'area',
      shape: { kind: 'polygon', polygons: [[ring]] },
    }),
  );
  const stations = depots.map(
    ({ name, position, radius }): PlannedFence => ({
      set: 'depots',
      name,
      kind: 'depot',
      shape: { kind: 'circle', centre: [position.lng, position.lat], radius },
    }),
  );
  return [...districts, ...places, ...stations];
}
