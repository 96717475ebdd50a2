-- What a reader (the web process, as role paceline_web) may touch. Small tables: granted, under row
-- security. Big ones: not granted; their views show one fleet.

do $$
declare
  name text;
begin
  foreach name in array array[
    'users', 'depots', 'drivers', 'vehicles', 'devices', 'gateways', 'unknown_devices', 'geofences',
    'audit_log', 'routes', 'stops', 'alerts', 'proposals', 'load_runs'
  ] loop
    execute format('alter table %I enable row level security', name);
    execute format('create policy one_fleet on %I to paceline_web using (fleet_id = current_fleet()) with check (fleet_id = current_fleet())', name);
  end loop;
end $$;

alter table fleets enable row level security;
create policy one_fleet on fleets to paceline_web using (fleet_id = current_fleet());

grant select on fleets, depots, drivers, vehicles, devices, geofences, audit_log, routes, stops,
  alerts, proposals, unknown_devices, load_runs to paceline_web;
revoke select on devices from paceline_web;
grant select (device_id, fleet_id, name, vehicle_id, registered_by, created_at) on devices to paceline_web;
grant select (user_id, fleet_id, email, name, role, created_at) on users to paceline_web;
grant insert on audit_log to paceline_web;
grant update (acknowledged_at, acknowledged_by) on alerts to paceline_web;
grant update (state, decided_at, decided_by, decision_reason) on proposals to paceline_web;
grant update (version) on routes to paceline_web;
grant update (sequence) on stops to paceline_web;
grant insert on geofences to paceline_web;
grant update (deleted_at, name, shape, policy) on geofences to paceline_web;

grant select on v_fix, v_vehicle_latest, v_fleet_clock, v_fix_hour, v_geofence_event, v_trip, v_stop_visit,
  v_route_run, v_pace, v_pace_latest, v_alert, v_ingest_minute, v_device_health, v_rejection, v_load_run to paceline_web;

revoke execute on function newest_events from public;
grant execute on function newest_events to paceline_web;

-- Logging in comes before any fleet is known: the one question a reader may ask across fleets, by
-- exact e-mail address.
create function user_by_email(address text)
  returns table (user_id integer, fleet_id integer, fleet text, email text, name text, role text, password_hash text)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select u.user_id, u.fleet_id, f.name, u.email, u.name, u.role, u.password_hash
    from public.users u join public.fleets f using (fleet_id)
    where u.email = address
  $$;
revoke execute on function user_by_email from public;
grant execute on function user_by_email to paceline_web;
