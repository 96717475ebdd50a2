-- Who exists: fleets, people, vehicles, devices and their credentials, and who may see what.
-- Small tables, one row a thing, integer keys. Every table here carries fleet_id and is under row
-- security: a reader sees the fleet named by the setting paceline.fleet_id and no other.

do $$
begin
  -- Roles belong to the whole cluster, so another database of it may have made this one.
  create role paceline_web nologin;
exception when duplicate_object or unique_violation then null;
end $$;

do $$ begin
  -- The web process logs in as the owner and becomes this role; only a member may.
  execute format('grant paceline_web to %I', current_user);
end $$;

create function current_fleet() returns integer
  language sql stable
  as $$ select nullif(current_setting('paceline.fleet_id', true), '')::integer $$;
comment on function current_fleet is 'The fleet this transaction may read, from the setting paceline.fleet_id; null reads nothing.';

create table fleets (
  fleet_id integer generated always as identity primary key,
  name text not null unique,
  time_zone text not null default 'UTC',
  created_at timestamptz not null default now()
);

create table users (
  user_id integer generated always as identity primary key,
  fleet_id integer not null references fleets,
  email text not null unique,
  name text not null,
  role text not null constraint users_role_known check (role in ('viewer', 'analyst', 'dispatcher', 'admin')),
  password_hash text not null,
  created_at timestamptz not null default now()
);
comment on column users.password_hash is 'scrypt$N$r$p$salt$hash, salt and hash base64url';

create table depots (
  depot_id integer generated always as identity primary key,
  fleet_id integer not null references fleets,
  name text not null,
  lng double precision not null,
  lat double precision not null,
  radius real not null,
  unique (fleet_id, name)
);
comment on column depots.radius is 'metres around the position that count as being at the depot';

create table drivers (
  driver_id integer generated always as identity primary key,
  fleet_id integer not null references fleets,
  code text not null,
  name text not null,
  unique (fleet_id, code)
);

create table vehicles (
  vehicle_id integer generated always as identity primary key,
  fleet_id integer not null references fleets,
  name text not null,
  created_at timestamptz not null default now(),
  unique (fleet_id, name)
);

create table devices (
  device_id integer generated always as identity primary key,
  fleet_id integer not null references fleets,
  name text not null,
  vehicle_id integer references vehicles,
  secret_hash text,
  registered_by text not null default 'person',
  created_at timestamptz not null default now(),
  unique (fleet_id, name)
);
comment on column devices.name is 'what stands in the topic: fleet/{fleet}/device/{name}/telemetry';
comment on column devices.secret_hash is 'sha256$salt$hash of the generated secret (128 bits or more); null: it speaks only through a gateway';

create table gateways (
  gateway_id integer generated always as identity primary key,
  fleet_id integer not null references fleets,
  name text not null,
  secret_hash text not null,
  may_register boolean not null default true,
  created_at timestamptz not null default now(),
  unique (fleet_id, name)
);
comment on column gateways.may_register is 'whether a device first heard through it becomes known, with a vehicle of the same name';

create table unknown_devices (
  fleet_id integer not null references fleets,
  name text not null,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  attempts bigint not null default 1,
  last_topic text,
  last_payload bytea,
  primary key (fleet_id, name)
);
comment on table unknown_devices is 'Devices that knocked and are not known: a list to claim from, not data.';

create table geofences (
  fence_id integer generated always as identity primary key,
  fleet_id integer not null references fleets,
  fence_set text not null,
  name text not null,
  kind text not null constraint geofences_kind_known check (kind in ('area', 'depot')),
  shape jsonb not null,
  policy jsonb not null,
  created_at timestamptz not null default now(),
  deleted_at timestamptz
);
create unique index geofences_once on geofences (fleet_id, fence_set, name) where deleted_at is null;
comment on column geofences.shape is 'FenceShape of schemas/fence.ts';
comment on column geofences.policy is 'FencePolicy of schemas/fence.ts: margins in metres, times in seconds';

create table audit_log (
  audit_id bigint generated always as identity primary key,
  fleet_id integer not null references fleets,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  subject text not null,
  detail jsonb not null default '{}'
);

create table settings (
  name text primary key,
  value jsonb not null
);
comment on table settings is 'Facts of this installation, such as the feature probe (timescaledb: true or false).';
