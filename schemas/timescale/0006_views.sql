-- The views that pages and analysts read. Each is a security barrier that shows one fleet, named by
-- the setting paceline.fleet_id: TimescaleDB allows no row security on hypertables, so the base
-- tables behind them are not granted to readers at all (0007).

create view v_fix with (security_barrier) as
select
  f.vehicle_id, v.name as vehicle, f.at, f.key, f.received, f.lng, f.lat, f.speed, f.heading,
  f.accuracy, f.altitude, f.satellites, f.ignition, f.odometer, f.fuel, f.soc, f.rpm, f.door,
  f.belt, f.seq, f.boot, f.buffered, f.events,
  f.flags | coalesce(j.flags, 0) as flags
from fixes f
join vehicles v using (vehicle_id)
left join fix_flags j on j.vehicle_id = f.vehicle_id and j.at = f.at and j.key = f.key and not j.retracted
where f.fleet_id = current_fleet();
comment on view v_fix is 'Every stored fix; flags = 0 is a good one.';

create view v_vehicle_latest with (security_barrier) as
select v.vehicle_id, v.name as vehicle, f.at, f.key, f.received, f.lng, f.lat, f.speed, f.heading
from vehicles v
left join lateral (
  select * from fixes f
  where f.vehicle_id = v.vehicle_id and f.flags = 0
    and not exists (select from fix_flags j
      where j.vehicle_id = f.vehicle_id and j.at = f.at and j.key = f.key and not j.retracted)
  order by f.at desc, f.key desc
  limit 1
) f on true
where v.fleet_id = current_fleet();
comment on view v_vehicle_latest is 'Every vehicle with its newest good fix, if any: one step down the primary key per vehicle.';

create view v_fleet_clock with (security_barrier) as
select least(now(), c.last_at + (now() - c.last_received)) as clock, c.last_at, c.last_received
from device_counters c
where c.fleet_id = current_fleet() and c.last_at is not null and c.last_at <= now()
order by c.last_at desc
limit 1;
comment on view v_fleet_clock is 'The instant a fleet is at: its newest fix, plus the time since that was received; never ahead of the wall clock. No row before the first fix.';

create view v_fix_hour with (security_barrier) as
select h.vehicle_id, v.name as vehicle, h.hour, h.fix_count, h.flagged_count, h.speed_mean,
  h.speed_max, h.first_at, h.last_at
from fix_hours h
join vehicles v using (vehicle_id)
where h.fleet_id = current_fleet();

create view v_geofence_event with (security_barrier) as
select e.at, e.kind, e.dwell, g.fence_set, g.name as fence, g.kind as fence_kind, e.fence_id,
  e.vehicle_id, v.name as vehicle
from events e
join geofences g using (fence_id)
join vehicles v using (vehicle_id)
where e.fleet_id = current_fleet() and not e.retracted;

create view v_trip with (security_barrier) as
select t.vehicle_id, v.name as vehicle, t.started_at, t.ended_at, t.start_lng, t.start_lat,
  t.end_lng, t.end_lat, t.distance, t.halt_count
from trips t
join vehicles v using (vehicle_id)
where t.fleet_id = current_fleet() and not t.retracted;

create view v_stop_visit with (security_barrier) as
select
  r.service_date, d.name as depot, r.route_id, r.code as route, s.stop_id, s.code as stop, s.sequence,
  r.vehicle_id, v.name as vehicle, w.code as driver, s.lng, s.lat, s.packages,
  s.planned_arrival, s.service as planned_service, s.window_from, s.window_until,
  visit.arrived_at, visit.departed_at,
  extract(epoch from visit.departed_at - visit.arrived_at) as actual_service,
  extract(epoch from visit.arrived_at - s.planned_arrival) as arrival_delay,
  visit.confidence, visit.evidence, visit.outcome, visit.out_of_sequence
from stops s
join routes r using (route_id)
join depots d using (depot_id)
join vehicles v on v.vehicle_id = r.vehicle_id
left join drivers w using (driver_id)
left join stop_visits visit on visit.stop_id = s.stop_id and not visit.retracted
where s.fleet_id = current_fleet();
comment on view v_stop_visit is 'Every planned stop with what happened there; arrived_at is null until it is served. Seconds.';

create view v_route_run with (security_barrier) as
select
  r.service_date, d.name as depot, r.route_id, r.code as route, r.vehicle_id, v.name as vehicle,
  w.code as driver, r.planned_departure, r.planned_return, r.version,
  count(*) as stops_planned,
  count(visit.stop_id) as stops_done,
  count(*) filter (where visit.outcome = 'failed') as stops_failed,
  min(visit.arrived_at) as first_arrival,
  max(visit.departed_at) as last_departure,
  extract(epoch from r.planned_return - r.planned_departure) as planned_seconds,
  extract(epoch from max(visit.departed_at) - min(visit.arrived_at)) as actual_seconds,
  avg(extract(epoch from visit.departed_at - visit.arrived_at)) as actual_service_mean,
  avg(s.service) as planned_service_mean
from routes r
join depots d using (depot_id)
join vehicles v on v.vehicle_id = r.vehicle_id
left join drivers w using (driver_id)
join stops s using (route_id)
left join stop_visits visit on visit.stop_id = s.stop_id and not visit.retracted
where r.fleet_id = current_fleet()
group by r.route_id, d.name, v.name, w.code;

create view v_pace with (security_barrier) as
select p.route_id, r.code as route, r.service_date, d.name as depot, p.vehicle_id, v.name as vehicle,
  p.at, p.status, p.stops_total, p.stops_done, p.stops_expected, p.stops_behind, p.seconds_behind,
  p.rate, p.rate_needed, p.finish_planned, p.finish_p50, p.finish_p90, p.late_probability, p.next_stop_id
from pace p
join routes r using (route_id)
join depots d using (depot_id)
join vehicles v on v.vehicle_id = p.vehicle_id
where p.fleet_id = current_fleet();

-- The routes of one day among those of years.
create index routes_by_departure on routes (fleet_id, planned_departure);

create view v_pace_latest with (security_barrier) as
select r.route_id, r.code as route, r.service_date, r.planned_departure, r.planned_return, d.name as depot,
  r.vehicle_id, v.name as vehicle, w.name as driver,
  p.at, p.status, p.stops_total, p.stops_done, p.stops_expected, p.stops_behind, p.seconds_behind,
  p.rate, p.rate_needed, p.finish_planned, p.finish_p50, p.finish_p90, p.late_probability, p.next_stop_id
from routes r
join depots d using (depot_id)
join vehicles v on v.vehicle_id = r.vehicle_id
left join drivers w using (driver_id)
join lateral (select * from pace p where p.route_id = r.route_id order by p.at desc limit 1) p on true
where r.fleet_id = current_fleet();
comment on view v_pace_latest is 'Every route that has a standing, with its newest.';

create view v_alert with (security_barrier) as
select a.alert_id, a.cause, a.kind, a.severity, a.vehicle_id, v.name as vehicle, a.route_id,
  r.code as route, a.message, a.rule, a.raised_at, a.acknowledged_at, a.acknowledged_by, a.resolved_at
from alerts a
left join vehicles v using (vehicle_id)
left join routes r on r.route_id = a.route_id
where a.fleet_id = current_fleet();

create view v_ingest_minute with (security_barrier) as
select minute, messages, accepted, duplicate, late, filtered, rejected, commits,
  commit_ms_sum / nullif(commits, 0) as commit_ms_mean, commit_ms_max
from ingest_minutes
where fleet_id = current_fleet();

create view v_device_health with (security_barrier) as
select d.device_id, d.name as device, v.name as vehicle, c.accepted, c.duplicate, c.late, c.filtered,
  c.rejected, c.last_at, c.last_received,
  extract(epoch from c.last_received - c.last_at) as last_latency,
  coalesce((select sum(b.seq_max - b.seq_min + 1 - b.fix_count) from device_boots b
    where b.device_id = d.device_id), 0)::bigint as missing
from devices d
left join vehicles v using (vehicle_id)
left join device_counters c using (device_id)
where d.fleet_id = current_fleet();

create view v_rejection with (security_barrier) as
select j.rejection_id, j.received, j.topic, j.reason, j.detail, j.times, d.name as device,
  encode(substring(j.payload from 1 for 512), 'escape') as payload
from rejections j
left join devices d using (device_id)
where j.fleet_id = current_fleet();

create view v_load_run with (security_barrier) as
select load_run_id, scenario, seed, started_at, ended_at, figures
from load_runs
where fleet_id = current_fleet();

-- The newest few of many: a limit cannot be pushed into a security barrier view, so this is a function.
create index stop_visits_by_time on stop_visits (fleet_id, arrived_at);

create function newest_events(how_many integer)
  returns table (at timestamptz, kind text, vehicle_id integer, vehicle text, place text)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select happened.at, happened.kind, happened.vehicle_id, v.name, happened.place
    from (
      (select e.at, e.kind, e.vehicle_id, g.name as place
       from public.events e join public.geofences g using (fence_id)
       where e.fleet_id = public.current_fleet() and not e.retracted
       order by e.at desc limit how_many)
      union all
      (select w.arrived_at, 'visit', w.vehicle_id, s.code
       from public.stop_visits w join public.stops s using (stop_id)
       where w.fleet_id = public.current_fleet() and not w.retracted
       order by w.arrived_at desc limit how_many)
    ) as happened
    join public.vehicles v using (vehicle_id)
    order by happened.at desc, happened.vehicle_id
    limit how_many
  $$;
comment on function newest_events is 'The newest crossings and stop visits of the fleet named by the setting paceline.fleet_id.';
