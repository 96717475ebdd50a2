import type { DeviceHealthRow, RejectionRow } from '../api.ts';
import type { Query } from '../server/query.ts';

/** What came from each device, those with losses first. */
export function deviceHealth(query: Query, limit: number): Promise<DeviceHealthRow[]> {
  return query<DeviceHealthRow>(
    `select device, vehicle, coalesce(accepted, 0) as accepted, coalesce(duplicate, 0) as duplicate,
       coalesce(late, 0) as late, coalesce(filtered, 0) as filtered, coalesce(rejected, 0) as rejected, missing,
       extract(epoch from last_at)::float8 as "lastAt",
       extract(epoch from last_received)::float8 as "lastReceived", last_latency::float8 as "lastLatency"
     from v_device_health
     order by missing desc, rejected desc, device
     limit $1`,
    [limit],
  );
}

/** The newest payloads that were no fixes. */
export function rejections(query: Query, limit: number): Promise<RejectionRow[]> {
  return query<RejectionRow>(
    `select rejection_id as "rejectionId", extract(epoch from received)::float8 as received, topic, reason,
       detail, times, device, payload
     from v_rejection
     order by received desc, rejection_id desc
     limit $1`,
    [limit],
  );
}
