-- What goes down to devices, and what they say of it. Routes themselves are composed from `routes`,
-- `stops` and `handovers`: nothing is kept in a broker's memory alone.

create table commands (
  command_id bigint generated always as identity primary key,
  fleet_id integer not null references fleets,
  device_id integer not null references devices,
  kind text not null,
  body jsonb,
  created_at timestamptz not null default now(),
  created_by text not null,
  expires_at timestamptz not null,
  state text not null default 'waiting'
    constraint commands_state_known check (state in ('waiting', 'sent', 'received', 'done', 'refused', 'failed', 'expired', 'cancelled')),
  attempts integer not null default 0,
  sent_at timestamptz,
  answered_at timestamptz,
  answer jsonb
);
create index commands_of_device on commands (device_id, created_at desc);
create index commands_unfinished on commands (expires_at) where state in ('waiting', 'sent', 'received');
comment on table commands is 'Orders to devices with their delivery state; sent when the device is connected, again after a reconnect until expires_at.';

create table route_answers (
  fleet_id integer not null references fleets,
  vehicle_id integer not null references vehicles,
  route_id integer not null references routes,
  version integer not null,
  state text not null constraint route_answers_state_known check (state in ('received', 'done', 'refused', 'failed')),
  at timestamptz not null,
  reason text,
  primary key (vehicle_id, route_id, version)
);
comment on table route_answers is 'The newest word of a device on a version of its route.';

create table handovers (
  handover_id bigint generated always as identity primary key,
  fleet_id integer not null references fleets,
  proposal_id bigint references proposals,
  from_route_id integer not null references routes,
  to_route_id integer not null references routes,
  lng double precision not null,
  lat double precision not null,
  meet_at timestamptz not null,
  wait_until timestamptz not null,
  service real not null,
  stop_ids bigint[] not null,
  from_after_stop_id bigint references stops,
  to_after_stop_id bigint references stops,
  state text not null default 'agreed'
    constraint handovers_state_known check (state in ('agreed', 'done', 'failed', 'cancelled')),
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  check (from_route_id <> to_route_id)
);
create index handovers_from on handovers (from_route_id);
create index handovers_to on handovers (to_route_id);
comment on table handovers is 'Two vans meet and parcels change vans: agreed when a person accepted the rescue.';
comment on column handovers.stop_ids is 'the stops whose parcels change vans; they belong to to_route_id from acceptance on';
comment on column handovers.from_after_stop_id is 'the giver comes after this stop of its own; null: before any other stop';
comment on column handovers.to_after_stop_id is 'the taker comes after this stop of its own; null: before any other stop';

comment on column commands.command_id is 'number; also the id in the message';
comment on column commands.fleet_id is 'fleet';
comment on column commands.device_id is 'to whom';
comment on column commands.kind is 'what to do: message, locate, interval, output, raw';
comment on column commands.body is 'what the kind needs';
comment on column commands.created_at is 'when it was asked for';
comment on column commands.created_by is 'by whom: e-mail of the person, or a part of the platform';
comment on column commands.expires_at is 'not sent any more after this';
comment on column commands.state is 'waiting, sent, received, done, refused, failed, expired, cancelled';
comment on column commands.attempts is 'how often it was sent';
comment on column commands.sent_at is 'when it was last sent';
comment on column commands.answered_at is 'when the device last answered';
comment on column commands.answer is 'the newest answer of the device';
comment on column route_answers.fleet_id is 'fleet';
comment on column route_answers.vehicle_id is 'the vehicle the device speaks for';
comment on column route_answers.route_id is 'route';
comment on column route_answers.version is 'of the route';
comment on column route_answers.state is 'received, done, refused or failed';
comment on column route_answers.at is 'when the device said so, by its clock';
comment on column route_answers.reason is 'why refused or failed';
comment on column handovers.handover_id is 'number; H and this number is its code in messages';
comment on column handovers.fleet_id is 'fleet';
comment on column handovers.proposal_id is 'the rescue that was accepted';
comment on column handovers.from_route_id is 'route of the giver';
comment on column handovers.to_route_id is 'route of the helper';
comment on column handovers.lng is 'where they meet: degrees east';
comment on column handovers.lat is 'degrees north';
comment on column handovers.meet_at is 'when both are expected';
comment on column handovers.wait_until is 'who is there waits until then';
comment on column handovers.service is 'planned seconds of the hand-over itself';
comment on column handovers.state is 'agreed, done, failed or cancelled';
comment on column handovers.created_at is 'when it was agreed';
comment on column handovers.ended_at is 'when it was done, failed or cancelled';

do $$
declare
  name text;
begin
  foreach name in array array['commands', 'route_answers', 'handovers'] loop
    execute format('alter table %I enable row level security', name);
    execute format('create policy one_fleet on %I to paceline_web using (fleet_id = current_fleet()) with check (fleet_id = current_fleet())', name);
  end loop;
end $$;
grant select on commands, route_answers, handovers to paceline_web;
grant insert on commands, handovers to paceline_web;
grant update (state, answered_at) on commands to paceline_web;
grant update (state, ended_at) on handovers to paceline_web;
