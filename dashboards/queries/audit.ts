import type { Me } from '../api.ts';
import type { Query } from '../server/query.ts';

/** Says in the audit log who did what to what; call it in the transaction that does it. */
export async function writeAudit(
  query: Query,
  me: Me,
  entry: { readonly action: string; readonly subject: string; readonly detail?: object },
): Promise<void> {
  await query(
    'insert into audit_log (fleet_id, actor, action, subject, detail) values ($1, $2, $3, $4, $5)',
    [me.fleet.id, me.email, entry.action, entry.subject, JSON.stringify(entry.detail ?? {})],
  );
}
