-- Without TimescaleDB: native weekly partitions made as fixes arrive, and the hourly aggregate as
-- an ordinary view of the same name and columns.

create function ensure_fix_partitions(instants timestamptz[]) returns void
  language plpgsql as $$
declare
  week timestamp;
  partition text;
begin
  -- Weeks start on Monday, in UTC whatever the session's zone.
  for week in select distinct date_trunc('week', i at time zone 'UTC') from unnest(instants) as i loop
    partition := 'fixes_' || to_char(week, 'YYYYMMDD');
    if to_regclass(partition) is null then
      execute format('create table if not exists %I partition of fixes for values from (%L) to (%L)',
        partition, week at time zone 'UTC', (week + interval '7 days') at time zone 'UTC');
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
