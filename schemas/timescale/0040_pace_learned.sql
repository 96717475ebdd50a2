-- What pace has learned of each fleet, a row a day: factors of drivers, streets by hour and area, and how
-- forecasts came true. Some hundred kilobytes for a thousand drivers; the engine reads the newest and keeps a
-- month, so that a projection made with an earlier version can be made again the same.

create table pace_learned (
  fleet_id integer not null references fleets,
  service_date date not null,
  version integer not null,
  learned_at timestamptz not null,
  route_count integer not null,
  visit_count integer not null,
  data jsonb not null,
  constraint pace_learned_once_a_day primary key (fleet_id, service_date)
);
comment on table pace_learned is 'What past days taught about a fleet''s pace; one row per day taken in, the newest one is used.';
comment on column pace_learned.fleet_id is 'the fleet';
comment on column pace_learned.service_date is 'the newest day that is in it, in the fleet''s time zone';
comment on column pace_learned.version is 'days taken in so far; pace rows say which version they were made with';
comment on column pace_learned.learned_at is 'fleet''s clock when the day was taken in';
comment on column pace_learned.route_count is 'routes of that day it learned from';
comment on column pace_learned.visit_count is 'stop visits of that day it learned from';
comment on column pace_learned.data is 'engine/pace/learned-json.ts: sums, drivers by id, hours and areas, errors of forecasts';

alter table pace_learned enable row level security;
create policy one_fleet on pace_learned to paceline_web using (fleet_id = current_fleet());
grant select on pace_learned to paceline_web;

alter table pace add column learned_version integer;
comment on column pace.learned_version is 'pace_learned.version it was projected with; 0: nothing learned; null: before this was kept';
