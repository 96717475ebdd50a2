-- What the engine concludes. Rows have natural keys, so deriving them again changes nothing; a row
-- that late data disproves is marked retracted, never deleted, so that consumers can follow. Each
-- row carries the number of the engine commit that last changed it: one writer, no gaps in order.

create table engine_commits (
  engine text primary key,
  last_commit bigint not null default 0
);
comment on table engine_commits is 'Advanced in the transaction that stores results; consumers of results read rows with a larger number than they have seen.';

create table engine_checkpoints (
  vehicle_id integer not null references vehicles,
  at timestamptz not null,
  state jsonb not null,
  primary key (vehicle_id, at)
);
comment on table engine_checkpoints is 'A vehicle''s derivation state before its first fix at or after `at` (an hour): late data re-derives from the newest one before it.';

create table rederivations (
  vehicle_id integer primary key references vehicles,
  from_at timestamptz not null
);
comment on table rederivations is 'Vehicles whose conclusions from from_at on must be derived again; written with the cursor, so a crash forgets none.';

create table world_changes (
  change_id bigint generated always as identity primary key,
  subject text not null,
  at timestamptz not null default now()
);
comment on table world_changes is 'One row per statement that changed fences, plans or vehicles. The engine compares count and maximum, so a change is seen when it is committed, in whatever order; inserting waits for nobody.';

create function note_world_change() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
begin
  insert into public.world_changes (subject) values (tg_table_name);
  perform pg_notify('paceline_world', tg_table_name);
  return null;
end $$;

do $$
declare
  name text;
begin
  foreach name in array array['fleets', 'depots', 'vehicles', 'geofences', 'routes', 'stops'] loop
    execute format('create trigger note_world_change after insert or update or delete on %I for each statement execute function note_world_change()', name);
  end loop;
end $$;

create table fix_flags (
  fleet_id integer not null,
  vehicle_id integer not null,
  at timestamptz not null,
  key bigint not null,
  flags integer not null,
  commit_no bigint not null,
  retracted boolean not null default false,
  primary key (vehicle_id, at, key)
);
comment on table fix_flags is 'Fixes that their neighbours disprove: bits of fixFlags; join to fixes by identity.';

create table events (
  fleet_id integer not null,
  vehicle_id integer not null,
  fence_id integer not null,
  at timestamptz not null,
  kind text not null constraint events_kind_known check (kind in ('enter', 'exit', 'pass')),
  dwell double precision,
  commit_no bigint not null,
  retracted boolean not null default false,
  primary key (vehicle_id, fence_id, at, kind)
);
create index events_by_time on events (fleet_id, at);
create index events_by_commit on events (commit_no);
comment on column events.dwell is 'seconds inside, on an exit';

create table trips (
  fleet_id integer not null,
  vehicle_id integer not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  start_lng double precision not null,
  start_lat double precision not null,
  end_lng double precision not null,
  end_lat double precision not null,
  distance double precision not null,
  halt_count integer not null,
  commit_no bigint not null,
  retracted boolean not null default false,
  primary key (vehicle_id, started_at)
);
comment on table trips is 'From leaving the depot (or first movement) to returning (or last). ended_at is null while under way.';

create table halts (
  fleet_id integer not null,
  vehicle_id integer not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  lng double precision not null,
  lat double precision not null,
  commit_no bigint not null,
  retracted boolean not null default false,
  primary key (vehicle_id, started_at)
);

create table stop_visits (
  fleet_id integer not null,
  stop_id bigint primary key references stops,
  route_id integer not null references routes,
  vehicle_id integer not null,
  arrived_at timestamptz not null,
  departed_at timestamptz,
  confidence real not null,
  evidence text not null constraint stop_visits_evidence_known check (evidence in ('halt', 'app')),
  outcome text not null constraint stop_visits_outcome_known check (outcome in ('served', 'failed')),
  out_of_sequence boolean not null,
  commit_no bigint not null,
  retracted boolean not null default false
);
create index stop_visits_by_route on stop_visits (route_id);
create index stop_visits_by_commit on stop_visits (commit_no);

create table pace (
  fleet_id integer not null,
  route_id integer not null references routes,
  vehicle_id integer not null,
  at timestamptz not null,
  status text not null,
  stops_total integer not null,
  stops_done integer not null,
  stops_expected real not null,
  stops_behind real not null,
  seconds_behind double precision not null,
  rate real not null,
  rate_needed real not null,
  finish_planned timestamptz not null,
  finish_p50 timestamptz not null,
  finish_p90 timestamptz not null,
  late_probability real not null,
  next_stop_id bigint,
  primary key (route_id, at)
);
comment on table pace is 'Where each route stood against its plan, once a minute of event time and on each visit: what was known then, never revised.';

create table alerts (
  alert_id bigint generated always as identity primary key,
  fleet_id integer not null references fleets,
  cause text not null,
  kind text not null,
  severity text not null,
  vehicle_id integer,
  route_id integer,
  message text not null,
  rule text not null,
  raised_at timestamptz not null,
  acknowledged_at timestamptz,
  acknowledged_by text,
  resolved_at timestamptz
);
create unique index alerts_one_open_per_cause on alerts (fleet_id, cause) where resolved_at is null;
create index alerts_by_time on alerts (fleet_id, raised_at desc);

create table proposals (
  proposal_id bigint generated always as identity primary key,
  fleet_id integer not null references fleets,
  route_id integer not null references routes,
  from_version integer not null,
  created_at timestamptz not null,
  stop_ids bigint[] not null,
  cost_before double precision not null,
  cost_after double precision not null,
  explanation text not null,
  state text not null default 'open'
    constraint proposals_state_known check (state in ('open', 'accepted', 'dismissed', 'superseded')),
  decided_at timestamptz,
  decided_by text,
  decision_reason text
);
create unique index proposals_one_open_per_route on proposals (route_id) where state = 'open';
comment on column proposals.stop_ids is 'the remaining stops in the proposed order';

create table load_runs (
  load_run_id bigint generated always as identity primary key,
  fleet_id integer references fleets,
  scenario text not null,
  seed text not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  figures jsonb not null default '{}'
);
