/**
 * Which route a vehicle is on: the last that departs no more than an hour from now, for twelve hours
 * after its planned return; else the next one; without a next one that last one still.
 */
const currentRoute = `
  select route.* from (
    (select r.*, r.planned_return + interval '12 hours' >= now() as is_now, true as has_begun from routes r
     where r.vehicle_id = d.vehicle_id and r.planned_departure <= now() + interval '1 hour'
     order by r.planned_departure desc, r.route_id desc limit 1)
    union all
    (select r.*, false, false from routes r
     where r.vehicle_id = d.vehicle_id and r.planned_departure > now() + interval '1 hour'
     order by r.planned_departure, r.route_id limit 1)
  ) route
  order by is_now desc, has_begun limit 1`;

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::bigint`;

/** The routes of devices with all that a device is told: $1 fleets, $2 devices, by name. */
export const selectRoutes = `
  select f.name as fleet, d.name as device, v.name as vehicle, r.route_id as "routeId", r.code as route, r.version,
    to_char(r.service_date, 'YYYY-MM-DD') as "serviceDate", ${ms('now()')}::float8 as ts,
    coalesce((
      select json_agg(json_build_object('stopId', s.stop_id, 'code', s.code, 'lat', s.lat, 'lng', s.lng,
        'service', s.service, 'packages', s.packages, 'windowFrom', ${ms('s.window_from')},
        'windowUntil', ${ms('s.window_until')}) order by s.sequence, s.stop_id)
      from stops s where s.route_id = r.route_id), '[]') as stops,
    coalesce((
      select json_agg(json_build_object('handoverId', h.handover_id, 'role', h.role, 'with', o.name,
        'lat', h.lat, 'lng', h.lng, 'at', ${ms('h.meet_at')}, 'until', ${ms('h.wait_until')}, 'service', h.service,
        'afterStopId', h.after_stop_id, 'stops', coalesce((
          select json_agg(s.code order by s.sequence, s.stop_id) from stops s where s.stop_id = any(h.stop_ids)), '[]'))
        order by h.meet_at, h.handover_id)
      from (
        select *, 'give' as role, to_route_id as other_id, from_after_stop_id as after_stop_id
        from handovers where from_route_id = r.route_id
        union all
        select *, 'take', from_route_id, to_after_stop_id from handovers where to_route_id = r.route_id
      ) h join routes q on q.route_id = h.other_id join vehicles o on o.vehicle_id = q.vehicle_id
      where h.state in ('agreed', 'done')), '[]') as handovers
  from unnest($1::text[], $2::text[]) as wanted (fleet, device)
  join fleets f on f.name = wanted.fleet
  join devices d on d.fleet_id = f.fleet_id and d.name = wanted.device
  join vehicles v on v.vehicle_id = d.vehicle_id
  join lateral (${currentRoute}) r on true`;

/** Which route, and which version of it, every device of some fleets should have: $1 names of fleets, null for all. */
export const selectVersions = `
  select f.name || '/' || d.name as key, r.route_id || ':' || r.version as version
  from fleets f join devices d using (fleet_id) join lateral (${currentRoute}) r on true
  where $1::text[] is null or f.name = any($1)`;

export const selectDevicesOfFleets = `
  select f.name || '/' || d.name as key from fleets f join devices d using (fleet_id)
  where d.vehicle_id is not null and ($1::text[] is null or f.name = any($1))`;

export const selectDevicesOfVehicles = `
  select f.name || '/' || d.name as key from fleets f join devices d using (fleet_id)
  where d.vehicle_id = any($1::integer[])`;

export const selectDevice = `
  select f.name || '/' || d.name as key from fleets f join devices d using (fleet_id) where d.device_id = $1`;

/** Devices for which a command waits, or was sent so long ago without an answer: $1 seconds, null for never. */
export const selectDevicesWithCommands = `
  select distinct f.name || '/' || d.name as key
  from commands c join devices d using (device_id) join fleets f on f.fleet_id = d.fleet_id
  where c.expires_at > now()
    and (c.state = 'waiting' or (c.state = 'sent' and c.sent_at < now() - $1 * interval '1 second'))`;

/**
 * Takes the commands of devices that are to be sent now, oldest first, a hundred of each: $1 fleets,
 * $2 devices, by name, $3 whether also those that were sent and not answered.
 */
export const takeCommands = `
  with wanted as (
    select d.device_id, w.fleet, w.device, w.is_again
    from unnest($1::text[], $2::text[], $3::boolean[]) as w (fleet, device, is_again)
    join fleets f on f.name = w.fleet
    join devices d on d.fleet_id = f.fleet_id and d.name = w.device
  ), taken as (
    select c.command_id, w.fleet, w.device from wanted w
    cross join lateral (
      select command_id from commands
      where device_id = w.device_id and expires_at > now()
        and (state = 'waiting' or (state = 'sent' and w.is_again))
      order by command_id limit 100
      for update skip locked) c
  ), sent as (
    update commands c set state = 'sent', attempts = attempts + 1, sent_at = clock_timestamp()
    from taken where c.command_id = taken.command_id
    returning c.command_id, taken.fleet, taken.device, c.kind, c.body, c.created_at, c.expires_at
  )
  select fleet, device, command_id::text as id, kind, body, ${ms('created_at')}::float8 as ts,
    ${ms('expires_at')}::float8 as expires
  from sent order by command_id`;

export const refuseCommand = `
  update commands set state = 'refused', answered_at = now(),
    answer = jsonb_build_object('state', 'refused', 'reason', $2::text)
  where command_id = $1::bigint and state = 'sent'`;

export const expireCommands = `
  update commands set state = 'expired' where state in ('waiting', 'sent') and expires_at <= now()`;
