-- What was promised: routes and their stops. A fleet of 20,000 vans writes 3 million stops a day,
-- so stops carry integers and nothing that can be joined.

create table routes (
  route_id integer generated always as identity primary key,
  fleet_id integer not null references fleets,
  code text not null,
  service_date date not null,
  depot_id integer not null references depots,
  vehicle_id integer not null references vehicles,
  driver_id integer references drivers,
  planned_departure timestamptz not null,
  planned_return timestamptz not null,
  version integer not null default 1,
  changed bigint not null default 0,
  plan_hash bytea,
  unique (fleet_id, service_date, code)
);
create index routes_by_vehicle on routes (vehicle_id, planned_departure);
create index routes_by_change on routes (changed);
comment on column routes.version is 'grows by one whenever the running order or the plan changes; proposals name the version they start from';
comment on column routes.changed is 'The transaction that last changed the route or its stops, set by trigger. A reader that has seen everything below x reads changed >= x and < pg_snapshot_xmin(pg_current_snapshot()), which becomes its new x: every writer below that has finished, so no change is skipped, whatever order they commit in.';
comment on column routes.plan_hash is 'sha-256 of the route as last imported: the same plan again leaves orders accepted since then alone';

create function stamp_route_change() returns trigger
  language plpgsql as $$
begin
  new.changed := pg_current_xact_id()::text::bigint;
  return new;
end $$;
create trigger routes_stamp_change before insert or update on routes
  for each row execute function stamp_route_change();
comment on function stamp_route_change is 'Whoever changes the stops of a route also updates the route itself (its version), so the stamp covers both.';

create table stops (
  stop_id bigint generated always as identity primary key,
  fleet_id integer not null references fleets,
  route_id integer not null references routes,
  code text not null,
  sequence integer not null,
  lng double precision not null,
  lat double precision not null,
  planned_arrival timestamptz not null,
  service real not null,
  packages integer not null default 1,
  window_from timestamptz,
  window_until timestamptz,
  unique (route_id, code)
);
create index stops_in_order on stops (route_id, sequence);
comment on column stops.sequence is 'place in the running order, from 0; not unique while an order is being changed';
comment on column stops.service is 'planned seconds at the stop';
