-- Fences have versions: what a fence was when something was concluded from it can be told later.

alter table geofences
  add column version integer not null default 1,
  add column changed_at timestamptz not null default now();
comment on column geofences.version is 'grows by one with every change of name, set, kind, shape or policy; who changes names the version that was looked at';
comment on column geofences.changed_at is 'when this version began';
comment on column geofences.policy is 'FencePolicy of schemas/fence.ts: margins in metres, times in seconds, speedLimit in m/s, schedule and presence by wall clocks of their time zones';

create table geofence_versions (
  fence_id integer not null references geofences,
  version integer not null,
  fleet_id integer not null references fleets,
  fence_set text not null,
  name text not null,
  kind text not null,
  shape jsonb not null,
  policy jsonb not null,
  valid_from timestamptz not null,
  valid_until timestamptz not null default now(),
  primary key (fence_id, version)
);
comment on table geofence_versions is 'Former versions of fences; written by a trigger whenever a fence changes.';
comment on column geofence_versions.fence_id is 'the fence';
comment on column geofence_versions.version is 'its number; the newest stands in geofences';
comment on column geofence_versions.fleet_id is 'the fleet';
comment on column geofence_versions.fence_set is 'set it belonged to';
comment on column geofence_versions.name is 'name it had';
comment on column geofence_versions.kind is 'area or depot';
comment on column geofence_versions.shape is 'FenceShape of schemas/fence.ts';
comment on column geofence_versions.policy is 'FencePolicy of schemas/fence.ts';
comment on column geofence_versions.valid_from is 'when this version began';
comment on column geofence_versions.valid_until is 'when the next one replaced it';

create function keep_fence_version() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
begin
  if (old.fence_set, old.name, old.kind, old.shape, old.policy)
    is not distinct from (new.fence_set, new.name, new.kind, new.shape, new.policy) then
    return new;
  end if;
  insert into public.geofence_versions (fence_id, version, fleet_id, fence_set, name, kind, shape, policy, valid_from)
  values (old.fence_id, old.version, old.fleet_id, old.fence_set, old.name, old.kind, old.shape, old.policy, old.changed_at);
  new.version := old.version + 1;
  new.changed_at := now();
  return new;
end $$;
comment on function keep_fence_version is 'Keeps what a fence was before a change, and counts its version.';
create trigger keep_fence_version before update on geofences for each row execute function keep_fence_version();

alter table geofence_versions enable row level security;
create policy one_fleet on geofence_versions to paceline_web
  using (fleet_id = current_fleet()) with check (fleet_id = current_fleet());
grant select on geofence_versions to paceline_web;
grant update (fence_set, kind) on geofences to paceline_web;
