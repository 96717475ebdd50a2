import type { ClientBase } from 'pg';
import { defaultFencePolicy, type FencePolicy, type FenceShape } from '../../schemas/fence.ts';

export type NewFence = {
  readonly set: string;
  readonly name: string;
  readonly kind: 'area' | 'depot';
  readonly shape: FenceShape;
  readonly policy?: FencePolicy | undefined;
};

export type FencesWritten = { readonly added: number; readonly changed: number };

/** Fences of one statement: bounded so that 50,000 detailed outlines never form one parameter. */
const FENCES_PER_STATEMENT = 1000;

/**
 * Adds fences, or gives those of the same set and name this shape; an equal one is left alone. The
 * caller has checked them (`fenceProblem`) and that no set has a name twice, and holds the transaction.
 */
export async function writeFences(
  client: ClientBase,
  fleetId: number,
  fences: readonly NewFence[],
): Promise<FencesWritten> {
  let added = 0;
  let changed = 0;
  for (let from = 0; from < fences.length; from += FENCES_PER_STATEMENT) {
    const some = fences.slice(from, from + FENCES_PER_STATEMENT);
    const result = await client.query<{ is_new: boolean }>(
      `insert into geofences (fleet_id, fence_set, name, kind, shape, policy)
       select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[])
       on conflict (fleet_id, fence_set, name) where deleted_at is null
       do update set kind = excluded.kind, shape = excluded.shape, policy = excluded.policy
       where (geofences.kind, geofences.shape, geofences.policy)
         is distinct from (excluded.kind, excluded.shape, excluded.policy)
       returning xmax = 0 as is_new`,
      [
        fleetId,
        some.map((fence) => fence.set),
        some.map((fence) => fence.name),
        some.map((fence) => fence.kind),
        some.map((fence) => JSON.stringify(fence.shape)),
        some.map((fence) => JSON.stringify(fence.policy ?? defaultFencePolicy)),
      ],
    );
    for (const row of result.rows) row.is_new ? added++ : changed++;
  }
  return { added, changed };
}
