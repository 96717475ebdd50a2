import type { AlertRow } from '../api.ts';
import type { Query } from '../server/query.ts';

const alertColumns = `alert_id as "alertId", kind, severity, vehicle_id as "vehicleId", vehicle,
  route_id as "routeId", route, message, rule, extract(epoch from raised_at)::float8 as "raisedAt",
  extract(epoch from acknowledged_at)::float8 as "acknowledgedAt", acknowledged_by as "acknowledgedBy",
  extract(epoch from resolved_at)::float8 as "resolvedAt"`;

/** Alerts, newest first; only those not resolved, if `open`. */
export function alerts(query: Query, which: { open: boolean; limit: number }): Promise<AlertRow[]> {
  return query<AlertRow>(
    `select ${alertColumns} from v_alert
     where not $1 or resolved_at is null
     order by raised_at desc, alert_id desc
     limit $2`,
    [which.open, which.limit],
  );
}

export async function alertById(query: Query, alertId: number): Promise<AlertRow | undefined> {
  const rows = await query<AlertRow>(`select ${alertColumns} from v_alert where alert_id = $1`, [alertId]);
  return rows[0];
}

/** Whether the alert was there to be acknowledged, and was not yet. */
export async function acknowledgeAlert(query: Query, alertId: number, by: string): Promise<boolean> {
  const rows = await query(
    `update alerts set acknowledged_at = now(), acknowledged_by = $2
     where alert_id = $1 and acknowledged_at is null
     returning alert_id`,
    [alertId, by],
  );
  return rows.length > 0;
}
