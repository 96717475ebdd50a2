-- With TimescaleDB: a hypertable by day, columnstore after a week (segmented by vehicle, so that a
-- track reads one segment), and the hourly continuous aggregate. Retention is off by default: a
-- recording from 2017 must stay (see design: storage lifecycle belongs to each fleet's config).

select create_hypertable('fixes', 'at', chunk_time_interval => interval '1 day', create_default_indexes => false);

alter table fixes set (
  timescaledb.compress,
  timescaledb.compress_segmentby = 'vehicle_id',
  timescaledb.compress_orderby = 'at, key'
);
select add_compression_policy('fixes', interval '7 days');

create function ensure_fix_partitions(instants timestamptz[]) returns void
  language sql as $$ select null::void $$;

create materialized view fix_hours
  with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  fleet_id,
  vehicle_id,
  time_bucket(interval '1 hour', at) as hour,
  count(*) as fix_count,
  count(*) filter (where flags <> 0) as flagged_count,
  avg(speed) as speed_mean,
  max(speed) as speed_max,
  min(at) as first_at,
  max(at) as last_at
from fixes
group by fleet_id, vehicle_id, time_bucket(interval '1 hour', at)
with no data;
select add_continuous_aggregate_policy('fix_hours',
  start_offset => null, end_offset => interval '1 hour', schedule_interval => interval '10 minutes');

insert into settings (name, value) values ('timescaledb', 'true');
