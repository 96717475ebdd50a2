-- Rescues are proposals between routes: what they would do stands in `detail` until a person decides;
-- what was agreed stands in `handovers`; what it was before in `undo`.

alter table proposals
  add column kind text not null default 'order'
    constraint proposals_kind_known check (kind in ('order', 'rescue')),
  add column helper_route_id integer references routes,
  add column helper_version integer,
  add column detail jsonb,
  add column choice integer,
  add column undo jsonb;
comment on column proposals.kind is 'order: another running order of one route; rescue: stops for another van';
comment on column proposals.helper_route_id is 'rescue: route of the first choice''s helper';
comment on column proposals.helper_version is 'rescue: version of the helper''s route it starts from';
comment on column proposals.detail is 'rescue: RescueDetail of schemas/rescue.ts';
comment on column proposals.choice is 'rescue: which of the choices was accepted, from 0';
comment on column proposals.undo is 'rescue accepted: versions of the routes after it, and the stops as they were before';

drop index proposals_one_open_per_route;
create unique index proposals_one_open_per_route on proposals (route_id, kind) where state = 'open';

alter table proposals drop constraint proposals_state_known;
alter table proposals add constraint proposals_state_known
  check (state in ('open', 'accepted', 'dismissed', 'superseded', 'undone'));

create table out_of_service (
  vehicle_id integer primary key references vehicles,
  fleet_id integer not null references fleets,
  since timestamptz not null,
  reason text not null,
  marked_by text not null
);
comment on table out_of_service is 'Vans that a person took out of service (broken down, driver ill): their stops need other vans.';
comment on column out_of_service.vehicle_id is 'the van';
comment on column out_of_service.fleet_id is 'its fleet';
comment on column out_of_service.since is 'from when on';
comment on column out_of_service.reason is 'why, in a person''s words';
comment on column out_of_service.marked_by is 'e-mail of who said so';
alter table out_of_service enable row level security;
create policy one_fleet on out_of_service to paceline_web
  using (fleet_id = current_fleet()) with check (fleet_id = current_fleet());
grant select, insert, delete on out_of_service to paceline_web;

grant update (choice, undo) on proposals to paceline_web;
grant update (route_id, code, planned_arrival) on stops to paceline_web;

create view v_rescue with (security_barrier) as
select
  p.proposal_id, h.handover_id, p.decided_at as accepted_at, p.decided_by as accepted_by,
  p.state as proposal_state, h.state,
  g.route_id, g.code as route, gv.name as vehicle,
  t.route_id as helper_route_id, t.code as helper_route, tv.name as helper_vehicle,
  h.meet_at, h.ended_at, cardinality(h.stop_ids) as stops_moved,
  (select count(*) from stop_visits v where v.stop_id = any(h.stop_ids) and not v.retracted) as stops_served,
  (select count(*) from stop_visits v join stops s using (stop_id)
   where v.stop_id = any(h.stop_ids) and not v.retracted and v.arrived_at > s.window_until) as stops_late,
  to_timestamp((c.choice #>> '{giver,finishBefore}')::float8) as finish_without,
  to_timestamp((c.choice #>> '{giver,finishAfter}')::float8) as finish_expected,
  gp.finish_p50 as finish_now, gp.status as status_now,
  hp.finish_p50 as helper_finish_now, hp.status as helper_status_now,
  hp.finish_planned as helper_finish_planned
from handovers h
left join proposals p using (proposal_id)
cross join lateral (select p.detail #> array['choices', coalesce(p.choice, 0)::text] as choice) c
join routes g on g.route_id = h.from_route_id
join vehicles gv on gv.vehicle_id = g.vehicle_id
join routes t on t.route_id = h.to_route_id
join vehicles tv on tv.vehicle_id = t.vehicle_id
left join lateral (
  select finish_p50, status from pace where pace.route_id = g.route_id order by at desc limit 1
) gp on true
left join lateral (
  select finish_p50, finish_planned, status from pace where pace.route_id = t.route_id order by at desc limit 1
) hp on true
where h.fleet_id = current_fleet();
comment on view v_rescue is 'Every hand-over that was agreed, with what was expected of it and what came of it: finish_without is the giver''s return had nothing been done, finish_now what is known of it now.';
do $$
declare
  about text[];
begin
  foreach about slice 1 in array array[
    ['proposal_id', 'the proposal that was accepted'], ['handover_id', 'number of the hand-over'],
    ['accepted_at', 'when a person accepted it'], ['accepted_by', 'who'],
    ['proposal_state', 'accepted or undone'], ['state', 'of the hand-over: agreed, done, failed or cancelled'],
    ['route_id', 'route of the giver'], ['route', 'its code'], ['vehicle', 'its van'],
    ['helper_route_id', 'route of the helper'], ['helper_route', 'its code'], ['helper_vehicle', 'its van'],
    ['meet_at', 'when both were expected'], ['ended_at', 'when it was done, failed or cancelled'],
    ['stops_moved', 'stops whose parcels change vans'], ['stops_served', 'of these, served by now'],
    ['stops_late', 'of these, served after their promised window'],
    ['finish_without', 'expected return of the giver, had nothing been done'],
    ['finish_expected', 'expected return of the giver with the rescue, when it was proposed'],
    ['finish_now', 'return of the giver as it is known now'], ['status_now', 'pace of the giver now'],
    ['helper_finish_now', 'return of the helper as it is known now'],
    ['helper_status_now', 'pace of the helper now'], ['helper_finish_planned', 'planned return of the helper']
  ] loop
    execute format('comment on column v_rescue.%I is %L', about[1], about[2]);
  end loop;
end $$;
grant select on v_rescue to paceline_web;

create function notify_out_of_service() returns trigger
  language plpgsql as $$
begin
  perform pg_notify('paceline_world', 'out_of_service');
  return null;
end $$;
comment on function notify_out_of_service is 'Wakes the engine when a van is taken out of service or comes back.';
create trigger out_of_service_wake after insert or delete on out_of_service
  for each statement execute function notify_out_of_service();
