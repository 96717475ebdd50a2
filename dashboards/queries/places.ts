import type { FenceShape } from '../../schemas/fence.ts';
import type { DepotRow } from '../api.ts';
import type { Query } from '../server/query.ts';

export type FenceRow = {
  readonly fenceId: number;
  readonly set: string;
  readonly name: string;
  readonly kind: 'area' | 'depot';
  readonly shape: FenceShape;
};

export function fences(query: Query): Promise<FenceRow[]> {
  return query<FenceRow>(
    `select fence_id as "fenceId", fence_set as set, name, kind, shape
     from geofences where deleted_at is null
     order by fence_id`,
  );
}

export function depots(query: Query): Promise<DepotRow[]> {
  return query<DepotRow>('select depot_id as "depotId", name, lng, lat, radius from depots order by name');
}
