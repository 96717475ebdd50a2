import type { Client } from 'pg';
import type { Delivery } from '../broker/delivery.ts';
import type { Answered, Rejection } from '../decode/decoded.ts';

const answerCommands = `
  with said as (
    select * from unnest($1::integer[], $2::integer[], $3::bigint[], $4::text[], $5::double precision[],
      $6::double precision[], $7::text[], $8::text[])
      as s (n, device_id, command_id, state, at, received, answer, kind)
  ), named as (
    select s.n, s.device_id, s.state, s.at, s.received, s.answer, coalesce(s.command_id, (
      select o.command_id from commands o where o.device_id = s.device_id and o.state in ('sent', 'received') and (s.kind is null or o.kind = s.kind)
      order by o.sent_at, o.command_id limit 1)) as command_id
    from said s
  ), known as (
    select m.* from named m join commands c using (command_id, device_id)
  ), newest as (
    select distinct on (command_id) * from known order by command_id, answer_rank(state) desc, at desc, n desc
  ), updated as (
    update commands c
    set state = w.state, answered_at = to_timestamp(w.received), answer = w.answer::jsonb
    from newest w
    where c.command_id = w.command_id
      and (answer_rank(c.state), coalesce((c.answer ->> 'ts')::double precision, 0))
        < (answer_rank(w.state), w.at * 1000)
  )
  select n from known`;

const answerRoutes = `
  with said as (
    select * from unnest($1::integer[], $2::integer[], $3::integer[], $4::text[], $5::integer[], $6::text[],
      $7::double precision[], $8::text[]) as s (n, fleet_id, vehicle_id, code, version, state, at, reason)
  ), known as (
    select s.*, r.route_id from said s
    join lateral (
      select r.route_id, r.version from routes r
      where r.vehicle_id = s.vehicle_id and r.fleet_id = s.fleet_id and r.code = s.code
      order by abs(extract(epoch from r.planned_departure) - s.at), r.route_id limit 1) r
      on s.version <= r.version
  ), put as (
    insert into route_answers as a (fleet_id, vehicle_id, route_id, version, state, at, reason)
    select distinct on (vehicle_id, route_id, version) fleet_id, vehicle_id, route_id, version, state,
      to_timestamp(at), reason
    from known order by vehicle_id, route_id, version, at desc, answer_rank(state) desc, n desc
    on conflict (vehicle_id, route_id, version) do update
    set state = excluded.state, at = excluded.at, reason = excluded.reason
    where (a.at, answer_rank(a.state)) < (excluded.at, answer_rank(excluded.state))
  )
  select n from known`;

/** Who took parcels over knows it: done wins over failed, whichever comes first. */
const answerHandovers = `
  with said as (
    select * from unnest($1::integer[], $2::integer[], $3::integer[], $4::bigint[], $5::text[],
      $6::double precision[]) as s (n, fleet_id, vehicle_id, handover_id, state, at)
  ), known as (
    select s.* from said s join handovers h using (handover_id, fleet_id)
    where exists (
      select from routes r where r.route_id in (h.from_route_id, h.to_route_id) and r.vehicle_id = s.vehicle_id)
  ), ended as (
    select distinct on (handover_id) handover_id, case state when 'done' then 'done' else 'failed' end as state, at
    from known where state in ('done', 'failed', 'refused')
    order by handover_id, state = 'done' desc, at, n
  ), updated as (
    update handovers h set state = e.state, ended_at = to_timestamp(e.at)
    from ended e
    where h.handover_id = e.handover_id
      and (h.state = 'agreed' or (h.state = 'failed' and e.state = 'done'))
  )
  select n from known`;

type Placed = { readonly answer: Answered; readonly received: number; readonly delivery: Delivery };

/**
 * Stores what devices answered, in the transaction of the batch. An answer can only take a command
 * further, so repeats and any order end the same; what answers nothing that was sent becomes a
 * rejection of its message.
 */
export async function writeAnswers(
  client: Client,
  deliveries: readonly Delivery[],
): Promise<readonly Delivery[]> {
  if (!deliveries.some(({ answers }) => answers !== undefined && answers.length > 0)) return deliveries;
  const placed: Placed[] = deliveries.flatMap((delivery) =>
    (delivery.answers ?? []).map((answer) => ({ answer, received: delivery.received, delivery })),
  );
  const known = new Set<number>();
  const ask = async (text: string, rows: readonly (readonly unknown[])[]) => {
    if (rows.length === 0) return;
    const columns = rows[0]!.map((_, column) => rows.map((row) => row[column]));
    const result = await client.query<{ readonly n: number }>(text, columns);
    for (const { n } of result.rows) known.add(n);
  };
  const rows = placed.map(rowOf);
  await ask(
    answerCommands,
    rows.flatMap(({ command }) => (command === undefined ? [] : [command])),
  );
  await ask(
    answerRoutes,
    rows.flatMap(({ route }) => (route === undefined ? [] : [route])),
  );
  await ask(
    answerHandovers,
    rows.flatMap(({ handover }) => (handover === undefined ? [] : [handover])),
  );
  return withRejections(deliveries, placed, known);
}

type Row = { readonly [Table in 'command' | 'route' | 'handover']?: readonly unknown[] };

function rowOf({ answer, received }: Placed, n: number): Row {
  const { about, fleetId, vehicleId, deviceId, state, at, reason = null, text } = answer;
  if (about.kind === 'route') {
    return { route: [n, fleetId, vehicleId, about.route, about.version, state, at, reason] };
  }
  if (about.kind === 'handover') return { handover: [n, fleetId, vehicleId, about.id, state, at] };
  const kind = about.kind === 'oldest' ? (about.of ?? null) : null;
  return {
    command: [n, deviceId, about.kind === 'command' ? about.id : null, state, at, received, text, kind],
  };
}

function withRejections(
  deliveries: readonly Delivery[],
  placed: readonly Placed[],
  known: ReadonlySet<number>,
): readonly Delivery[] {
  const refused = new Map<Delivery, Rejection[]>();
  for (const [n, { answer, delivery }] of placed.entries()) {
    const mayBeNone = answer.about.kind === 'oldest' && answer.about.of !== undefined;
    if (known.has(n) || mayBeNone) continue;
    const rejection: Rejection = {
      reason: 'answer',
      detail: `the device was never sent ${named(answer.about)}`,
      payload: answer.payload,
    };
    const others = refused.get(delivery);
    if (others === undefined) refused.set(delivery, [rejection]);
    else others.push(rejection);
  }
  if (refused.size === 0) return deliveries;
  return deliveries.map((delivery) => {
    const more = refused.get(delivery);
    return more === undefined ? delivery : { ...delivery, rejections: [...delivery.rejections, ...more] };
  });
}

function named(about: Answered['about']): string {
  if (about.kind === 'command') return `command ${about.id}`;
  if (about.kind === 'handover') return `hand-over H${about.id}`;
  return about.kind === 'route' ? `version ${about.version} of route ${about.route}` : 'any command';
}
