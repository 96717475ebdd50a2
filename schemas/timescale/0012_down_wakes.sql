-- Who waits for something to send down to devices is woken by the transaction that makes it. A
-- notification only wakes: what is sent is read from the tables, and looked for now and then.

create function notify_routes() returns trigger
  language plpgsql as $$
declare
  ids text;
begin
  if tg_op = 'INSERT' then
    select string_agg(distinct vehicle_id::text, ',') into ids from new_routes;
  else
    select string_agg(distinct u.vehicle_id::text, ',') into ids
    from new_routes n join old_routes o using (route_id)
    cross join lateral (values (n.vehicle_id), (o.vehicle_id)) as u (vehicle_id)
    where (n.version, n.vehicle_id) is distinct from (o.version, o.vehicle_id);
  end if;
  if ids is not null then
    -- A notification holds 8,000 bytes; a whole plan is told as "look at all of them".
    perform pg_notify('paceline_down', 'vehicles:' || case when length(ids) > 7000 then '*' else ids end);
  end if;
  return null;
end $$;
comment on function notify_routes is 'Names the vehicles whose route is another now (vehicles:1,2 or vehicles:*), by vehicle_id.';
create trigger routes_wake_inserted after insert on routes
  referencing new table as new_routes for each statement execute function notify_routes();
create trigger routes_wake_updated after update on routes
  referencing old table as old_routes new table as new_routes for each statement execute function notify_routes();

create function notify_command() returns trigger
  language plpgsql as $$
begin
  perform pg_notify('paceline_down', 'command:' || new.device_id);
  return null;
end $$;
comment on function notify_command is 'Names the device that a command waits for (command:17), by device_id.';
create trigger commands_wake after insert on commands
  for each row execute function notify_command();

-- How far a command or an answer has come; an answer may only take it further.
create function answer_rank(state text) returns integer
  language sql immutable
  as $$ select case when state in ('done', 'refused', 'failed') then 2 when state = 'received' then 1 else 0 end $$;
comment on function answer_rank is '0: the device said nothing yet; 1: it has it; 2: it said what became of it.';
