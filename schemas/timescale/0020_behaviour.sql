-- Driving behaviour: what drivers did, as concluded from fixes and from what devices noticed; the fleets'
-- thresholds; and how scores are made of it. A van does a few such things an hour, so these are small tables.

create table behaviours (
  fleet_id integer not null,
  vehicle_id integer not null,
  fix_at timestamptz not null,
  fix_key bigint not null,
  kind text not null,
  started_at timestamptz not null,
  ended_at timestamptz not null,
  value double precision,
  limit_value double precision not null,
  distance double precision not null,
  source text not null constraint behaviours_source_known check (source in ('device', 'fixes')),
  policy_version integer not null,
  commit_no bigint not null,
  retracted boolean not null default false,
  primary key (vehicle_id, fix_at, fix_key, kind, started_at)
);
create index behaviours_by_time on behaviours (fleet_id, started_at);
create index behaviours_by_commit on behaviours (commit_no);
comment on table behaviours is 'What drivers did: harsh, too fast, unbelted, with the engine on. Each row belongs to the fix that decided it, so deriving it again gives the same row.';
comment on column behaviours.fleet_id is 'the fleet';
comment on column behaviours.vehicle_id is 'the vehicle';
comment on column behaviours.fix_at is 'instant of the fix that decided it';
comment on column behaviours.fix_key is 'key of that fix';
comment on column behaviours.kind is 'one of behaviourKinds (schemas/behaviour.ts)';
comment on column behaviours.started_at is 'from when on; the fixes of the vehicle from here to ended_at are the evidence';
comment on column behaviours.ended_at is 'until when';
comment on column behaviours.value is 'the worst: g where it was harsh, metres per second of speeding and unbelted, seconds of the others; null where a device does not say';
comment on column behaviours.limit_value is 'what it was held against, in the same unit';
comment on column behaviours.distance is 'metres driven meanwhile, from speeds';
comment on column behaviours.source is 'device: it noticed it by itself; fixes: seen in speeds, headings and signals';
comment on column behaviours.policy_version is 'version of the fleet''s policy it was judged by';
comment on column behaviours.commit_no is 'the engine commit that last changed it';
comment on column behaviours.retracted is 'true: disproved by later data';

create table behaviour_policies (
  fleet_id integer not null references fleets,
  version integer not null,
  policy jsonb not null,
  created_at timestamptz not null default now(),
  created_by text not null,
  primary key (fleet_id, version)
);
comment on table behaviour_policies is 'Thresholds of driving behaviour, per fleet; the newest version counts for what is concluded from then on, and for everything once derived again.';
comment on column behaviour_policies.fleet_id is 'the fleet';
comment on column behaviour_policies.version is 'grows from 2; 1 is the default that comes along';
comment on column behaviour_policies.policy is 'members of BehaviourPolicy (schemas/behaviour.ts) that differ from the default';
comment on column behaviour_policies.created_at is 'when it was written';
comment on column behaviour_policies.created_by is 'by whom';
create trigger note_world_change after insert or update or delete on behaviour_policies
  for each statement execute function note_world_change();

alter table behaviours enable row level security;
create policy one_fleet on behaviours to paceline_web using (fleet_id = current_fleet());
alter table behaviour_policies enable row level security;
create policy one_fleet on behaviour_policies to paceline_web
  using (fleet_id = current_fleet()) with check (fleet_id = current_fleet());
grant select, insert on behaviour_policies to paceline_web;

create view v_behaviour with (security_barrier) as
select b.vehicle_id, v.name as vehicle, r.route_id, r.code as route, r.service_date, w.code as driver,
  b.kind, b.started_at, b.ended_at, extract(epoch from b.ended_at - b.started_at)::float8 as seconds,
  b.value, b.limit_value, b.distance, b.source, b.policy_version, b.fix_at, b.fix_key
from behaviours b
join vehicles v using (vehicle_id)
left join lateral (
  select * from routes r
  where r.vehicle_id = b.vehicle_id and r.planned_departure <= b.started_at + interval '2 hours'
    and r.planned_departure > b.started_at - interval '20 hours'
  order by r.planned_departure desc limit 1
) r on true
left join drivers w using (driver_id)
where b.fleet_id = current_fleet() and not b.retracted;
comment on view v_behaviour is 'What drivers did, with the route under way and who was planned to drive it. Its evidence: v_fix of the vehicle from started_at to ended_at.';

create view v_stop_parking with (security_barrier) as
select r.service_date, r.route_id, r.code as route, s.stop_id, s.code as stop, x.vehicle_id, v.name as vehicle,
  w.code as driver, x.arrived_at, x.departed_at,
  exists (select from behaviours b where b.vehicle_id = x.vehicle_id and b.kind = 'idling' and not b.retracted
    and b.started_at < x.departed_at and b.ended_at > x.arrived_at) as engine_left_on,
  exists (select from behaviours b where b.vehicle_id = x.vehicle_id and b.kind = 'parking_sequence' and not b.retracted
    and b.started_at < x.departed_at and b.ended_at >= x.arrived_at) as wrong_sequence
from stop_visits x
join stops s using (stop_id)
join routes r on r.route_id = x.route_id
join vehicles v on v.vehicle_id = x.vehicle_id
left join drivers w using (driver_id)
where x.fleet_id = current_fleet() and not x.retracted and x.departed_at is not null;
comment on view v_stop_parking is 'Stop visits that are over, and whether the engine was left on for as long as the policy calls idling, or the door opened before the engine was off.';
do $$
declare
  about text[];
begin
  foreach about slice 1 in array array[
    ['v_behaviour', 'vehicle_id', 'the vehicle'], ['v_behaviour', 'vehicle', 'its name'],
    ['v_behaviour', 'route_id', 'the route it was on'], ['v_behaviour', 'route', 'its code'],
    ['v_behaviour', 'service_date', 'day of the shift'], ['v_behaviour', 'driver', 'code of the driver planned for it'],
    ['v_behaviour', 'kind', 'what was done'], ['v_behaviour', 'started_at', 'from when on'],
    ['v_behaviour', 'ended_at', 'until when'], ['v_behaviour', 'seconds', 'how long'],
    ['v_behaviour', 'value', 'the worst: g, metres per second or seconds'],
    ['v_behaviour', 'limit_value', 'what it was held against'], ['v_behaviour', 'distance', 'metres driven meanwhile'],
    ['v_behaviour', 'source', 'device or fixes'], ['v_behaviour', 'policy_version', 'of the fleet''s policy'],
    ['v_behaviour', 'fix_at', 'instant of the fix that decided it'], ['v_behaviour', 'fix_key', 'key of that fix'],
    ['v_stop_parking', 'service_date', 'day of the shift'], ['v_stop_parking', 'route_id', 'the route'],
    ['v_stop_parking', 'route', 'its code'], ['v_stop_parking', 'stop_id', 'the stop'], ['v_stop_parking', 'stop', 'its code'],
    ['v_stop_parking', 'vehicle_id', 'the vehicle'], ['v_stop_parking', 'vehicle', 'its name'],
    ['v_stop_parking', 'driver', 'code of the driver planned for it'], ['v_stop_parking', 'arrived_at', 'when it came'],
    ['v_stop_parking', 'departed_at', 'when it left'],
    ['v_stop_parking', 'engine_left_on', 'the engine was on for too long while it stood'],
    ['v_stop_parking', 'wrong_sequence', 'the door opened while the engine was on']
  ] loop
    execute format('comment on column %I.%I is %L', about[1], about[2], about[3]);
  end loop;
end $$;
grant select on v_behaviour, v_stop_parking to paceline_web;
