-- Devices and gateways as people handle them: secrets that are replaced with an overlap and taken back,
-- the vehicle a device speaks for over time, its format, and what became of its fixes by reason. Besides:
-- how long each fleet keeps what. Small tables; the counters are written once a second by ingest.

alter table devices
  add column broker_hash text,
  add column old_secret_hash text,
  add column old_secret_until timestamptz,
  add column revoked_at timestamptz,
  add column profile text;
alter table gateways alter column secret_hash drop not null;
alter table gateways
  add column broker_hash text,
  add column old_secret_hash text,
  add column old_secret_until timestamptz,
  add column revoked_at timestamptz;
comment on column devices.broker_hash is 'the same secret as outside brokers keep it: $6$, salt and SHA-512 of secret and salt, base64 (the form of mosquitto_passwd)';
comment on column devices.old_secret_hash is 'the secret before the last rotation, which still opens until old_secret_until';
comment on column devices.old_secret_until is 'until when the former secret is accepted';
comment on column devices.revoked_at is 'when its credential was taken back; it speaks through a gateway only until it is given a new secret';
comment on column devices.profile is 'the format or mapping of what it publishes on its own telemetry topic; null: our own message, or what the settings file says';
comment on column gateways.broker_hash is 'as devices.broker_hash';
comment on column gateways.old_secret_hash is 'the secret before the last rotation, which still opens until old_secret_until';
comment on column gateways.old_secret_until is 'until when the former secret is accepted';
comment on column gateways.revoked_at is 'when its credential was taken back';

create table device_assignments (
  fleet_id integer not null references fleets,
  device_id integer not null references devices,
  from_at timestamptz not null,
  vehicle_id integer references vehicles,
  assigned_by text not null,
  primary key (device_id, from_at)
);
comment on table device_assignments is 'Which vehicle a device spoke for from when on, by the time of the fix; a row only for devices that changed vehicles. What is stored already stays where it is.';
comment on column device_assignments.fleet_id is 'the fleet';
comment on column device_assignments.device_id is 'the device';
comment on column device_assignments.from_at is 'from this time of the fix on; -infinity for what was before the first change';
comment on column device_assignments.vehicle_id is 'the vehicle; null: none';
comment on column device_assignments.assigned_by is 'who said so';
create trigger device_assignments_told after insert or update or delete on device_assignments
  for each statement execute function notify_directory();

create table device_reasons (
  device_id integer not null references devices,
  fleet_id integer not null references fleets,
  kind text not null constraint device_reasons_kind_known check (kind in ('filtered', 'rejected')),
  reason text not null,
  times bigint not null,
  last_received timestamptz not null,
  primary key (device_id, kind, reason)
);
comment on table device_reasons is 'How often what a device sent was stored with a flag, or was no fix, by the codes of schemas/reasons.ts.';
comment on column device_reasons.device_id is 'the device';
comment on column device_reasons.fleet_id is 'the fleet';
comment on column device_reasons.kind is 'filtered: stored and flagged; rejected: no fix';
comment on column device_reasons.reason is 'the code';
comment on column device_reasons.times is 'how often, since the beginning';
comment on column device_reasons.last_received is 'when the newest came';

alter table device_counters
  add column skew double precision,
  add column skew_at timestamptz,
  add column firmware text;
comment on column device_counters.skew is 'seconds from the device''s word for now to ours, the least within ten minutes: below 0 its clock is ahead';
comment on column device_counters.skew_at is 'when that was heard';
comment on column device_counters.firmware is 'what the device last said of its firmware, in its status';
create index rejections_by_device on rejections (device_id, received desc);

create table fleet_storage (
  fleet_id integer primary key references fleets,
  fixes_days integer constraint fleet_storage_fixes_days_some check (fixes_days > 0),
  results_days integer constraint fleet_storage_results_days_some check (results_days > 0),
  fixes_from timestamptz not null default '-infinity',
  changed_at timestamptz not null default now(),
  changed_by text not null
);
comment on table fleet_storage is 'How long each fleet keeps what; without a row it keeps everything.';
comment on column fleet_storage.fleet_id is 'the fleet';
comment on column fleet_storage.fixes_days is 'days that fixes are kept; null: for good';
comment on column fleet_storage.results_days is 'days that trips, visits, crossings and standings are kept; null: for good';
comment on column fleet_storage.fixes_from is 'older fixes have been removed; their hours stand in fix_hours_kept';
comment on column fleet_storage.changed_at is 'when a person last changed the rule';
comment on column fleet_storage.changed_by is 'who did';

create table fix_hours_kept (
  fleet_id integer not null,
  vehicle_id integer not null,
  hour timestamptz not null,
  fix_count bigint not null,
  flagged_count bigint not null,
  speed_sum double precision not null,
  speed_count bigint not null,
  speed_max real,
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (vehicle_id, hour)
);
comment on table fix_hours_kept is 'The hours of fixes that retention has removed: what v_fix_hour shows of them.';
comment on column fix_hours_kept.fleet_id is 'the fleet';
comment on column fix_hours_kept.vehicle_id is 'the vehicle';
comment on column fix_hours_kept.hour is 'beginning of the hour of event time';
comment on column fix_hours_kept.fix_count is 'fixes in it';
comment on column fix_hours_kept.flagged_count is 'of them with a flag of their own';
comment on column fix_hours_kept.speed_sum is 'sum of known speeds, m/s';
comment on column fix_hours_kept.speed_count is 'fixes with a known speed';
comment on column fix_hours_kept.speed_max is 'largest speed, m/s';
comment on column fix_hours_kept.first_at is 'first fix';
comment on column fix_hours_kept.last_at is 'last fix';

create or replace view v_fix_hour with (security_barrier) as
select h.vehicle_id, v.name as vehicle, h.hour, h.fix_count, h.flagged_count, h.speed_mean,
  h.speed_max, h.first_at, h.last_at
from fix_hours h
join vehicles v using (vehicle_id)
left join fleet_storage s on s.fleet_id = h.fleet_id
where h.fleet_id = current_fleet() and h.hour >= coalesce(s.fixes_from, '-infinity')
union all
select k.vehicle_id, v.name as vehicle, k.hour, k.fix_count, k.flagged_count,
  k.speed_sum / nullif(k.speed_count, 0), k.speed_max, k.first_at, k.last_at
from fix_hours_kept k
join vehicles v using (vehicle_id)
where k.fleet_id = current_fleet();

create view v_device with (security_barrier) as
select d.device_id, d.name as device, d.vehicle_id, v.name as vehicle, d.profile,
  d.secret_hash is not null as has_secret,
  case when d.old_secret_until > now() then d.old_secret_until end as old_secret_until,
  d.revoked_at, d.registered_by, d.created_at, c.firmware,
  coalesce(c.accepted, 0) as accepted, coalesce(c.duplicate, 0) as duplicate, coalesce(c.late, 0) as late,
  coalesce(c.filtered, 0) as filtered, coalesce(c.rejected, 0) as rejected,
  coalesce((select sum(b.seq_max - b.seq_min + 1 - b.fix_count) from device_boots b
    where b.device_id = d.device_id), 0)::bigint as missing,
  c.last_at, c.last_received, c.skew,
  (select max(r.last_received) from device_reasons r
    where r.device_id = d.device_id and r.kind = 'rejected') as rejected_at
from devices d
left join vehicles v using (vehicle_id)
left join device_counters c using (device_id)
where d.fleet_id = current_fleet();
comment on view v_device is 'Every device with what it is given and what became of its fixes.';
comment on column v_device.device_id is 'number of the device';
comment on column v_device.device is 'its name in topics';
comment on column v_device.vehicle_id is 'the vehicle it speaks for now';
comment on column v_device.vehicle is 'its name';
comment on column v_device.profile is 'the format of what it publishes on its own telemetry topic; null: our own';
comment on column v_device.has_secret is 'whether it can log in by itself';
comment on column v_device.old_secret_until is 'until when its former secret opens too';
comment on column v_device.revoked_at is 'when its credential was taken back';
comment on column v_device.registered_by is 'person, or the gateway through which it was first heard';
comment on column v_device.created_at is 'when it became known';
comment on column v_device.firmware is 'what it last said of its firmware';
comment on column v_device.accepted is 'new fixes stored';
comment on column v_device.duplicate is 'fixes that came again';
comment on column v_device.late is 'fixes that came behind a newer one of their vehicle';
comment on column v_device.filtered is 'fixes stored with a flag of their own';
comment on column v_device.rejected is 'payloads that were no fixes';
comment on column v_device.missing is 'gaps in its seq';
comment on column v_device.last_at is 'time of its newest fix';
comment on column v_device.last_received is 'when it was last heard';
comment on column v_device.skew is 'seconds from its clock to ours; below 0 it is ahead';
comment on column v_device.rejected_at is 'when something of it was last rejected';

do $$
declare
  name text;
begin
  foreach name in array array['device_assignments', 'device_reasons', 'fleet_storage'] loop
    execute format('alter table %I enable row level security', name);
    execute format('create policy one_fleet on %I to paceline_web using (fleet_id = current_fleet()) with check (fleet_id = current_fleet())', name);
  end loop;
end $$;

grant select on v_device, device_assignments, device_reasons, fleet_storage to paceline_web;
grant select (profile, revoked_at, old_secret_until) on devices to paceline_web;
grant select (gateway_id, fleet_id, name, may_register, created_at, old_secret_until, revoked_at) on gateways to paceline_web;
grant insert on devices, vehicles, gateways, device_assignments, fleet_storage to paceline_web;
grant update (vehicle_id, profile, secret_hash, broker_hash, old_secret_hash, old_secret_until, revoked_at) on devices to paceline_web;
grant update (secret_hash, broker_hash, old_secret_hash, old_secret_until, revoked_at) on gateways to paceline_web;
grant update (fixes_days, results_days, changed_at, changed_by) on fleet_storage to paceline_web;
grant update (vehicle_id, assigned_by) on device_assignments to paceline_web;
grant delete on unknown_devices to paceline_web;

-- Readers may not read hashes, so what moves one is a function.
create function rotate_secret(thing text, thing_id integer, hash text, broker text, old_until timestamptz)
  returns boolean
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
begin
  if thing not in ('devices', 'gateways') then
    raise exception 'no such thing as %', thing;
  end if;
  execute format(
    'update public.%I set
       old_secret_hash = case when $3 > now() then secret_hash end,
       old_secret_until = case when $3 > now() and secret_hash is not null then $3 end,
       secret_hash = $1, broker_hash = $2, revoked_at = null
     where %I = $4 and fleet_id = public.current_fleet()',
    thing, case thing when 'devices' then 'device_id' else 'gateway_id' end)
    using hash, broker, old_until, thing_id;
  return found;
end $$;
comment on function rotate_secret is 'Gives a device or gateway of the fleet of this transaction a new secret; the former opens until old_until.';

create function broker_credentials()
  returns table (username text, kind text, name text, broker_hash text)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select 'device:' || f.name || '/' || d.name, 'device', d.name, d.broker_hash
    from public.devices d join public.fleets f using (fleet_id)
    where d.fleet_id = public.current_fleet() and d.secret_hash is not null
    union all
    select 'gateway:' || f.name || '/' || g.name, 'gateway', g.name, g.broker_hash
    from public.gateways g join public.fleets f using (fleet_id)
    where g.fleet_id = public.current_fleet() and g.secret_hash is not null
    order by 1
  $$;
comment on function broker_credentials is 'Who of the fleet of this transaction may log in to an outside broker, with what; a null hash was made before outside brokers were thought of.';

revoke execute on function rotate_secret, broker_credentials from public;
grant execute on function rotate_secret, broker_credentials to paceline_web;

-- A limit cannot be pushed into a security barrier view, so these are functions, as newest_events is.
create function device_rejections(of_device integer, how_many integer)
  returns table (received timestamptz, topic text, reason text, detail text, times integer, payload text)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select r.received, r.topic, r.reason, r.detail, r.times,
      encode(substring(r.payload from 1 for 512), 'escape')
    from public.rejections r
    where r.device_id = of_device and r.fleet_id = public.current_fleet()
    order by r.received desc
    limit how_many
  $$;
comment on function device_rejections is 'The newest payloads of a device that were no fixes.';

create function flagged_by_neighbours(of_vehicle integer, since timestamptz)
  returns table (flags integer, times bigint)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select j.flags, count(*)
    from public.fix_flags j
    where j.vehicle_id = of_vehicle and j.fleet_id = public.current_fleet() and j.at >= since and not j.retracted
    group by j.flags
  $$;
comment on function flagged_by_neighbours is 'Fixes of a vehicle that their neighbours disprove, by flags, from an instant on.';
revoke execute on function device_rejections, flagged_by_neighbours from public;
grant execute on function device_rejections, flagged_by_neighbours to paceline_web;
