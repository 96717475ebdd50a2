import type { ClientBase } from 'pg';
import { defaultFencePolicy } from '../../schemas/fence.ts';
import type { NewFence } from '../../schemas/fence-desk.ts';

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

export async function fenceSets(
  client: ClientBase,
  fleetId: number,
): Promise<{ readonly set: string; readonly fences: number }[]> {
  const { rows } = await client.query<{ set: string; fences: number }>(
    `select fence_set as set, count(*)::integer as fences from geofences
     where fleet_id = $1 and deleted_at is null group by fence_set order by fence_set`,
    [fleetId],
  );
  return rows;
}

export async function readFences(client: ClientBase, fleetId: number, set: string): Promise<NewFence[]> {
  const { rows } = await client.query<NewFence>(
    `select fence_set as set, name, kind, shape, policy from geofences
     where fleet_id = $1 and fence_set = $2 and deleted_at is null order by fence_id`,
    [fleetId, set],
  );
  return rows;
}

/** Their rows stay, for the crossings that name them. */
export async function deleteFences(client: ClientBase, fleetId: number, set: string): Promise<number> {
  const { rowCount } = await client.query(
    'update geofences set deleted_at = now() where fleet_id = $1 and fence_set = $2 and deleted_at is null',
    [fleetId, set],
  );
  return rowCount ?? 0;
}
