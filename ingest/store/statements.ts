import { fixColumns, rowEnds } from './copy-rows.ts';

/** The SQL of one commit, in the order it runs. Instants are passed as seconds since the epoch. */

/** Emptied by every commit; temporary, so filling it writes no log. */
export const makeStaging = `
  create temporary table staging (${[...fixColumns, ...rowEnds.place].join(', ')}) on commit delete rows`;

export const fillStaging = 'copy staging from stdin (format binary)';

const names = (columns: readonly string[]): string =>
  columns.map((column) => column.split(' ')[0]).join(', ');

/** Fixes that cannot be there yet. A COPY costs the server half of what `insertFixes` does. */
export const copyFixes = `copy fixes (${names([...fixColumns, ...rowEnds.commit])}) from stdin (format binary)`;

/** $1 source, $2 batch. Its row count says how many were new. */
export const insertFixes = `
  insert into fixes (${names(fixColumns)}, source_id, batch)
  select ${names(fixColumns)}, $1::smallint, $2::bigint from staging
  on conflict do nothing`;

/** Which fixes of the batch were there before: $1 source, $2 batch, $3 to $4 the instants it spans. */
export const selectKnown = `
  select s.n from staging s
  where exists (
    select from fixes f
    where f.vehicle_id = s.vehicle_id and f.at = s.at and f.key = s.key
      and f.at between to_timestamp($3) and to_timestamp($4)
      and (f.source_id, f.batch) is distinct from ($1::smallint, $2::bigint))`;

export const insertReports = `
  insert into stop_reports
    (fleet_id, vehicle_id, at, stop_code, kind, reason, received, source_id, batch)
  select fleet_id, vehicle_id, to_timestamp(at), stop_code, kind, reason, to_timestamp(received), $8, $9
  from unnest($1::integer[], $2::integer[], $3::double precision[], $4::text[], $5::text[], $6::text[],
    $7::double precision[]) as r (fleet_id, vehicle_id, at, stop_code, kind, reason, received)
  on conflict do nothing`;

export const insertRejections = `
  insert into rejections as r
    (fleet_id, device_id, received, topic, reason, detail, payload, payload_hash, times)
  select fleet_id, device_id, to_timestamp(received), topic, reason, detail, payload, payload_hash, times
  from unnest($1::integer[], $2::integer[], $3::double precision[], $4::text[], $5::text[], $6::text[],
    $7::bytea[], $8::bytea[], $9::integer[])
    as n (fleet_id, device_id, received, topic, reason, detail, payload, payload_hash, times)
  on conflict (topic, payload_hash) do update
  set times = r.times + excluded.times, received = greatest(r.received, excluded.received)`;

export const insertKnocks = `
  insert into unknown_devices as u
    (fleet_id, name, first_seen, last_seen, attempts, last_topic, last_payload)
  select fleet_id, name, to_timestamp(received), to_timestamp(received), attempts, topic, payload
  from unnest($1::integer[], $2::text[], $3::double precision[], $4::bigint[], $5::text[], $6::bytea[])
    as n (fleet_id, name, received, attempts, topic, payload)
  on conflict (fleet_id, name) do update
  set attempts = u.attempts + excluded.attempts,
    last_seen = greatest(u.last_seen, excluded.last_seen),
    last_topic = excluded.last_topic,
    last_payload = excluded.last_payload`;

/**
 * Adds to the counters: the arrays of `Uncounted`. A device that was removed meanwhile has none. The
 * skew of a device is the least of ten minutes: what is above it is the way here, not the clock.
 */
export const count = `
  with devices_counted as (
    insert into device_counters as c
      (device_id, fleet_id, accepted, duplicate, late, filtered, rejected, last_at, last_received, skew, skew_at)
    select n.device_id, n.fleet_id, accepted, duplicate, late, filtered, rejected,
      to_timestamp(last_at), to_timestamp(last_received), skew,
      case when skew is not null then to_timestamp(last_received) end
    from unnest($1::integer[], $2::integer[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
      $7::bigint[], $8::double precision[], $9::double precision[], $16::double precision[])
      as n (device_id, fleet_id, accepted, duplicate, late, filtered, rejected, last_at, last_received, skew)
    join devices d on d.device_id = n.device_id
    on conflict (device_id) do update
    set accepted = c.accepted + excluded.accepted,
      duplicate = c.duplicate + excluded.duplicate,
      late = c.late + excluded.late,
      filtered = c.filtered + excluded.filtered,
      rejected = c.rejected + excluded.rejected,
      last_at = greatest(c.last_at, excluded.last_at),
      last_received = greatest(c.last_received, excluded.last_received),
      skew = case when excluded.skew <= c.skew or excluded.skew_at > c.skew_at + interval '10 minutes'
        then excluded.skew else coalesce(c.skew, excluded.skew) end,
      skew_at = case when excluded.skew <= c.skew or excluded.skew_at > c.skew_at + interval '10 minutes'
        then excluded.skew_at else coalesce(c.skew_at, excluded.skew_at) end
  ), reasons_counted as (
    insert into device_reasons as r (device_id, fleet_id, kind, reason, times, last_received)
    select n.device_id, n.fleet_id, kind, reason, times, to_timestamp(last_received)
    from unnest($17::integer[], $18::integer[], $19::text[], $20::text[], $21::bigint[], $22::double precision[])
      as n (device_id, fleet_id, kind, reason, times, last_received)
    join devices d on d.device_id = n.device_id
    on conflict (device_id, kind, reason) do update
    set times = r.times + excluded.times,
      last_received = greatest(r.last_received, excluded.last_received)
  )
  insert into device_boots as b (device_id, fleet_id, boot, seq_min, seq_max, fix_count)
  select n.device_id, n.fleet_id, boot, seq_min, seq_max, fix_count
  from unnest($10::integer[], $11::integer[], $12::text[], $13::bigint[], $14::bigint[], $15::bigint[])
    as n (device_id, fleet_id, boot, seq_min, seq_max, fix_count)
  join devices d on d.device_id = n.device_id
  on conflict (device_id, boot) do update
  set seq_min = least(b.seq_min, excluded.seq_min),
    seq_max = greatest(b.seq_max, excluded.seq_max),
    fix_count = b.fix_count + excluded.fix_count`;

/** Tallies that are in no counter yet: $1 source. */
export const selectUncounted = `
  select b.tally from batches b join sources s using (source_id)
  where s.source_id = $1 and b.batch > s.counted_batch and b.tally is not null`;

export const setCounted = 'update sources set counted_batch = last_batch where source_id = $1';

/**
 * Minutes, log and cursor of a commit in one round trip. $1 source, $2 batch, $3 token, $4 whether
 * anything was new (only then is there a batch), $5 whether the counters are up to it, $6–$11 the
 * batch, $12–$19 the minutes, $20 what the commit before this one took, ms.
 */
export const finish = `
  with minutes as (
    insert into ingest_minutes as m (fleet_id, minute, messages, accepted, duplicate, late, filtered,
      rejected, commit_ms_sum, commit_ms_max, commits)
    select n.fleet_id, to_timestamp(minute), messages, accepted, duplicate, late, filtered, rejected,
      $20::double precision, $20::double precision, 1
    from unnest($12::integer[], $13::double precision[], $14::bigint[], $15::bigint[], $16::bigint[],
      $17::bigint[], $18::bigint[], $19::bigint[])
      as n (fleet_id, minute, messages, accepted, duplicate, late, filtered, rejected)
    join fleets f on f.fleet_id = n.fleet_id
    on conflict (fleet_id, minute) do update
    set messages = m.messages + excluded.messages,
      accepted = m.accepted + excluded.accepted,
      duplicate = m.duplicate + excluded.duplicate,
      late = m.late + excluded.late,
      filtered = m.filtered + excluded.filtered,
      rejected = m.rejected + excluded.rejected,
      commit_ms_sum = m.commit_ms_sum + excluded.commit_ms_sum,
      commit_ms_max = greatest(m.commit_ms_max, excluded.commit_ms_max),
      commits = m.commits + 1
  ), logged as (
    insert into batches (source_id, batch, fix_count, report_count, min_at, max_at, payload, tally)
    select $1::smallint, $2::bigint, $6::integer, $7::integer, to_timestamp($8::double precision),
      to_timestamp($9::double precision), $10::bytea, $11::text
    where $4::boolean
  ), advanced as (
    update sources
    set last_token = $3::uuid,
      last_batch = last_batch + $4::boolean::integer,
      counted_batch = case when $5::boolean then last_batch + $4::boolean::integer else counted_batch end
    where source_id = $1
    returning last_batch
  )
  select last_batch, case when $4 then pg_notify('paceline_batches', $1 || ':' || last_batch) end
  from advanced`;
