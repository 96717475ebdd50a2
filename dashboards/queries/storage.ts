import type { StorageRule } from '../api-storage.ts';
import type { Query } from '../server/query.ts';
import type { Actor } from './provisioning.ts';

const everything: StorageRule = {
  fixesDays: null,
  resultsDays: null,
  fixesFrom: null,
  changedAt: null,
  changedBy: null,
};

/** What the fleet keeps; everything, while nobody has said otherwise. */
export async function storageRule(query: Query): Promise<StorageRule> {
  const rows = await query<StorageRule>(
    `select fixes_days as "fixesDays", results_days as "resultsDays",
       case when fixes_from = '-infinity' then null else extract(epoch from fixes_from)::float8 end as "fixesFrom",
       extract(epoch from changed_at)::float8 as "changedAt", changed_by as "changedBy"
     from fleet_storage`,
  );
  return rows[0] ?? everything;
}

export async function setStorageRule(
  query: Query,
  actor: Actor,
  { fixesDays, resultsDays }: Pick<StorageRule, 'fixesDays' | 'resultsDays'>,
): Promise<StorageRule> {
  await query(
    `insert into fleet_storage (fleet_id, fixes_days, results_days, changed_by) values ($1, $2, $3, $4)
     on conflict (fleet_id) do update
     set fixes_days = excluded.fixes_days, results_days = excluded.results_days,
       changed_at = now(), changed_by = excluded.changed_by`,
    [actor.fleet.id, fixesDays, resultsDays, actor.email],
  );
  await query(
    `insert into audit_log (fleet_id, actor, action, subject, detail) values ($1, $2, 'storage.set', 'fleet', $3)`,
    [actor.fleet.id, actor.email, JSON.stringify({ fixesDays, resultsDays })],
  );
  return storageRule(query);
}
