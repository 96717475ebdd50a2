import type { FenceShape } from '../../schemas/fence.ts';
import { defaultFencePolicy, type FencePolicy } from '../../schemas/fence.ts';
import type { NewFence } from '../../schemas/fence-desk.ts';
import type { FenceListRow } from '../api-fences.ts';
import { conflict, notFound } from '../server/problems.ts';
import type { Query } from '../server/query.ts';
import type { Actor } from './provisioning.ts';

export type StoredFence = {
  readonly fenceId: number;
  readonly version: number;
  readonly changedAt: number;
  readonly set: string;
  readonly name: string;
  readonly kind: 'area' | 'depot';
  readonly shape: FenceShape;
  readonly policy: FencePolicy;
};

const columns = `fence_id as "fenceId", version, extract(epoch from changed_at)::float8 as "changedAt",
  fence_set as set, name, kind, shape, policy`;

export const fenceList = (query: Query): Promise<FenceListRow[]> =>
  query<FenceListRow>(
    `select fence_id as "fenceId", fence_set as set, name, kind, shape ->> 'kind' as shape, version,
       extract(epoch from changed_at)::float8 as "changedAt",
       case shape ->> 'kind' when 'circle' then 1 when 'corridor' then jsonb_array_length(shape -> 'line')
         else (select sum(jsonb_array_length(ring))::integer
           from jsonb_array_elements(shape -> 'polygons') part, jsonb_array_elements(part) ring) end as vertices
     from geofences where deleted_at is null order by fence_set, name`,
  );

export async function fenceById(query: Query, fenceId: number): Promise<StoredFence> {
  const sql = `select ${columns} from geofences where fence_id = $1 and deleted_at is null`;
  const [found] = await query<StoredFence>(sql, [fenceId]);
  if (found === undefined) throw notFound('fence');
  return found;
}

export const fencesOfSet = (query: Query, set: string | undefined): Promise<StoredFence[]> =>
  query<StoredFence>(
    `select ${columns} from geofences where deleted_at is null and ($1::text is null or fence_set = $1)
     order by fence_id`,
    [set ?? null],
  );

const values = ({ set, name, kind, shape, policy }: NewFence) => [
  ...[set, name, kind, JSON.stringify(shape), JSON.stringify(policy ?? defaultFencePolicy)],
];

export async function addFence(query: Query, actor: Actor, fence: NewFence): Promise<StoredFence> {
  const rows = await query<StoredFence>(
    `insert into geofences (fleet_id, fence_set, name, kind, shape, policy) values ($1, $2, $3, $4, $5, $6)
     on conflict (fleet_id, fence_set, name) where deleted_at is null do nothing returning ${columns}`,
    [actor.fleet.id, ...values(fence)],
  );
  const [made] = rows;
  if (made === undefined) throw taken(fence);
  await audit(query, actor, 'fence.add', fence, { fenceId: made.fenceId, policy: made.policy });
  return made;
}

export async function changeFence(
  query: Query,
  actor: Actor,
  fenceId: number,
  { fence, version }: { readonly fence: NewFence; readonly version: number | undefined },
): Promise<StoredFence> {
  const before = await fenceById(query, fenceId);
  if (version !== undefined && version !== before.version) {
    throw conflict(
      `Somebody changed this fence meanwhile: it is at version ${before.version}, and you looked at ${version}. Read it again.`,
    );
  }
  const [other] = await query<{ id: number }>(
    `select fence_id as id from geofences
     where fence_set = $1 and name = $2 and deleted_at is null and fence_id <> $3`,
    [fence.set, fence.name, fenceId],
  );
  if (other !== undefined) throw taken(fence);
  const [changed] = await query<StoredFence>(
    `update geofences set fence_set = $2, name = $3, kind = $4, shape = $5, policy = $6
     where fence_id = $1 and deleted_at is null returning ${columns}`,
    [fenceId, ...values(fence)],
  );
  if (changed === undefined) throw notFound('fence');
  if (changed.version !== before.version) {
    const detail = { fenceId, version: changed.version, before: before.policy, policy: changed.policy };
    await audit(query, actor, 'fence.change', fence, detail);
  }
  return changed;
}

export async function deleteFence(query: Query, actor: Actor, fenceId: number): Promise<void> {
  const before = await fenceById(query, fenceId);
  await query('update geofences set deleted_at = now() where fence_id = $1', [fenceId]);
  await audit(query, actor, 'fence.delete', before, { fenceId });
}

/** Adds fences, or gives those of the same set and name this shape and policy; all or none. */
export async function importFences(
  query: Query,
  actor: Actor,
  fences: readonly NewFence[],
): Promise<{ added: number; changed: number }> {
  const rows = await query<{ isNew: boolean }>(
    `insert into geofences (fleet_id, fence_set, name, kind, shape, policy)
     select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[])
     on conflict (fleet_id, fence_set, name) where deleted_at is null
     do update set kind = excluded.kind, shape = excluded.shape, policy = excluded.policy
     where (geofences.kind, geofences.shape, geofences.policy)
       is distinct from (excluded.kind, excluded.shape, excluded.policy)
     returning version = 1 as "isNew"`,
    [actor.fleet.id, ...[0, 1, 2, 3, 4].map((k) => fences.map((fence) => values(fence)[k]))],
  );
  const added = rows.filter(({ isNew }) => isNew).length;
  const counts = { added, changed: rows.length - added };
  if (rows.length > 0) {
    const sets = [...new Set(fences.map(({ set }) => set))].join(', ');
    await query(
      'insert into audit_log (fleet_id, actor, action, subject, detail) values ($1, $2, $3, $4, $5)',
      [actor.fleet.id, actor.email, 'fence.import', `fences of ${sets}`, JSON.stringify(counts)],
    );
  }
  return counts;
}

const taken = ({ set, name }: NewFence) =>
  conflict(`The set “${set}” has a fence “${name}” already; give this one another name.`);

async function audit(
  query: Query,
  { fleet, email }: Actor,
  action: string,
  { set, name }: Pick<NewFence, 'set' | 'name'>,
  detail: object,
): Promise<void> {
  await query(
    'insert into audit_log (fleet_id, actor, action, subject, detail) values ($1, $2, $3, $4, $5)',
    [fleet.id, email, action, `fence ${set}/${name}`, JSON.stringify(detail)],
  );
}
