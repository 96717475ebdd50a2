-- Without TimescaleDB: native weekly partitions made as fixes arrive, and the hourly aggregate as
-- an ordinary view of the same name and columns. What a clock says was before 2015 is doubtful anyway
-- and goes into one partition, so that a device with random clocks does not make hundreds.

create table fixes_before_2015 partition of fixes
  for values from (minvalue) to (timestamptz '2015-01-01 00:00:00+00');

create function ensure_fix_partitions(instants timestamptz[]) returns void
  language plpgsql as $$
declare
  week timestamp;
  partition text;
begin
  -- Weeks start on Monday, in UTC whatever the session's zone; the first begins in 2014.
  for week in
    select distinct date_trunc('week', i at time zone 'UTC')
    from unnest(instants) as i
    where i >= timestamptz '2015-01-01 00:00:00+00'
  loop
    partition := 'fixes_' || to_char(week, 'YYYYMMDD');
    if to_regclass(partition) is null then
      execute format('create table if not exists %I partition of fixes for values from (%L) to (%L)',
        partition, greatest(week, timestamp '2015-01-01') at time zone 'UTC',
        (week + interval '7 days') at time zone 'UTC');
    end if;
  end loop;
end $$;

create view fix_hours as
select
  fleet_id,
  vehicle_id,
  date_bin(interval '1 hour', at, timestamptz '2000-01-01 00:00:00+00') as hour,
  count(*) as fix_count,
  count(*) filter (where flags <> 0) as flagged_count,
  avg(speed) as speed_mean,
  max(speed) as speed_max,
  min(at) as first_at,
  max(at) as last_at
from fixes
group by 1, 2, 3;

insert into settings (name, value) values ('timescaledb', 'false');
