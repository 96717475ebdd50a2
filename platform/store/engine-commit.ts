import type pg from 'pg';
import type { Committed, EngineWork, StoredLearned } from '../../schemas/engine-store.ts';
import type { Alert, Conclusions } from '../../schemas/event.ts';
import { binaryArray, type ColumnType } from './binary-arrays.ts';

type Column<Row> = readonly [type: ColumnType, value: (row: Row) => unknown];

/** Columns as the parameters of one `unnest`. */
function columns<Row>(rows: readonly Row[], list: readonly Column<Row>[]): Buffer[] {
  return list.map(([type, value]) => binaryArray(type, rows, value));
}

/** `unnest($from::type[], …)` for those columns. */
function unnested(list: readonly (readonly [type: string, ...unknown[]])[], from: number): string {
  return `unnest(${list.map(([type], i) => `$${from + i}::${type}[]`).join(', ')})`;
}

/** All results of one step, and the cursor with them: one transaction. */
export async function commitWork(client: pg.Client, work: EngineWork): Promise<Committed> {
  await client.query('begin');
  try {
    await writeConclusions(client, work);
    await writeBooks(client, work);
    await writePaces(client, work);
    const committed = {
      alerts: await writeAlerts(client, work),
      proposals: await writeProposals(client, work),
    };
    await client.query('commit');
    return committed;
  } catch (cause) {
    await client.query('rollback').catch(() => {});
    throw cause;
  }
}

/** Rows of a table of conclusions: its key, its other columns, and how to get them from `Row`. */
type Table<Row> = {
  readonly name: string;
  readonly rows: (conclusions: Conclusions) => readonly Row[];
  readonly key: Readonly<Record<string, Column<Row>>>;
  readonly rest: Readonly<Record<string, Column<Row>>>;
};

/** Written as an instant (seconds), stored as a timestamptz. */
const AT = 'double precision';

const table = <Row extends { readonly vehicleId: number }>(of: Table<Row>): Table<Row> => of;

const crossings = table({
  name: 'events',
  rows: (found) => found.crossings,
  key: {
    vehicle_id: ['integer', (row) => row.vehicleId],
    fence_id: ['integer', (row) => row.fenceId],
    at: [AT, (row) => row.at],
    kind: ['text', (row) => row.kind],
  },
  rest: { dwell: ['double precision', (row) => row.dwell] },
});
const trips = table({
  name: 'trips',
  rows: (found) => found.trips,
  key: { vehicle_id: ['integer', (row) => row.vehicleId], started_at: [AT, (row) => row.startedAt] },
  rest: {
    ended_at: [AT, (row) => row.endedAt],
    start_lng: ['double precision', (row) => row.start.lng],
    start_lat: ['double precision', (row) => row.start.lat],
    end_lng: ['double precision', (row) => row.end.lng],
    end_lat: ['double precision', (row) => row.end.lat],
    distance: ['double precision', (row) => row.distance],
    halt_count: ['integer', (row) => row.haltCount],
  },
});
const halts = table({
  name: 'halts',
  rows: (found) => found.halts,
  key: { vehicle_id: ['integer', (row) => row.vehicleId], started_at: [AT, (row) => row.startedAt] },
  rest: {
    ended_at: [AT, (row) => row.endedAt],
    lng: ['double precision', (row) => row.position.lng],
    lat: ['double precision', (row) => row.position.lat],
  },
});
const judgements = table({
  name: 'fix_flags',
  rows: (found) => found.judgements,
  key: {
    vehicle_id: ['integer', (row) => row.vehicleId],
    at: [AT, (row) => row.at],
    key: ['bigint', (row) => row.key],
  },
  rest: { flags: ['integer', (row) => row.flags] },
});
const behaviours = table({
  name: 'behaviours',
  rows: (found) => found.behaviours,
  key: {
    vehicle_id: ['integer', (row) => row.vehicleId],
    fix_at: [AT, (row) => row.fixAt],
    fix_key: ['bigint', (row) => row.fixKey],
    kind: ['text', (row) => row.kind],
    started_at: [AT, (row) => row.startedAt],
  },
  rest: {
    ended_at: [AT, (row) => row.endedAt],
    value: ['double precision', (row) => row.value],
    limit_value: ['double precision', (row) => row.limit],
    distance: ['double precision', (row) => row.distance],
    source: ['text', (row) => row.source],
    policy_version: ['integer', (row) => row.policyVersion],
  },
});
const visits = table({
  name: 'stop_visits',
  rows: (found) => found.visits,
  key: { stop_id: ['bigint', (row) => row.stopId] },
  rest: {
    route_id: ['integer', (row) => row.routeId],
    vehicle_id: ['integer', (row) => row.vehicleId],
    arrived_at: [AT, (row) => row.arrivedAt],
    departed_at: [AT, (row) => row.departedAt],
    confidence: ['real', (row) => row.confidence],
    evidence: ['text', (row) => row.evidence],
    outcome: ['text', (row) => row.outcome],
    out_of_sequence: ['boolean', (row) => row.isOutOfSequence],
  },
});

async function writeConclusions(client: pg.Client, work: EngineWork): Promise<void> {
  const counted = [work.upserts, work.retractions].flatMap((found) =>
    Object.values(found).map((rows) => rows.length),
  );
  if (counted.every((count) => count === 0)) return;
  const { rows } = await client.query<{ commit: string }>(
    `update engine_commits set last_commit = last_commit + 1 where engine = 'engine' returning last_commit as commit`,
  );
  const commitNo = rows[0]?.commit ?? '0';
  await writeTable(client, crossings, work, commitNo);
  await writeTable(client, trips, work, commitNo);
  await writeTable(client, halts, work, commitNo);
  await writeTable(client, judgements, work, commitNo);
  await writeTable(client, behaviours, work, commitNo);
  await writeTable(client, visits, work, commitNo);
  await client.query(`select pg_notify('paceline_results', $1)`, [commitNo]);
}

async function writeTable<Row extends { readonly vehicleId: number }>(
  client: pg.Client,
  { name, rows, key, rest }: Table<Row>,
  { upserts, retractions, fleetOf }: EngineWork,
  commitNo: string,
): Promise<void> {
  const gone = rows(retractions);
  if (gone.length > 0) {
    const list = Object.values(key);
    const names = Object.keys(key);
    const matches = names.map((column, i) => `t.${column} = ${toSql(column, `gone.c${i}`)}`);
    await client.query(
      `update ${name} t set retracted = true, commit_no = $1
       from ${unnested(list, 2)} as gone (${names.map((_, i) => `c${i}`).join(', ')})
       where ${matches.join(' and ')}`,
      [commitNo, ...columns(gone, list)],
    );
  }
  const found = rows(upserts);
  if (found.length === 0) return;
  const all: Record<string, Column<Row>> = {
    fleet_id: ['integer', (row) => fleetOf(row.vehicleId)],
    ...key,
    ...rest,
  };
  const names = Object.keys(all);
  const sets = Object.keys(rest).map((column) => `${column} = excluded.${column}`);
  await client.query(
    `insert into ${name} (${names.join(', ')}, commit_no)
     select ${names.map((column, i) => toSql(column, `c${i}`)).join(', ')}, $1
     from ${unnested(Object.values(all), 2)} as found (${names.map((_, i) => `c${i}`).join(', ')})
     on conflict (${Object.keys(key).join(', ')}) do update
     set ${sets.join(', ')}, commit_no = excluded.commit_no, retracted = false`,
    [commitNo, ...columns(found, Object.values(all))],
  );
}

/** Columns named `at` or `…_at` are instants. */
function toSql(column: string, value: string): string {
  return /(^|_)at$/.test(column) ? `to_timestamp(${value})` : value;
}

/** Cursor, checkpoints, and which vehicles are to be derived again. */
async function writeBooks(client: pg.Client, work: EngineWork): Promise<void> {
  const { cursor, checkpoints, rederivations, rederived } = work;
  if (cursor && cursor.size > 0) {
    await client.query(
      `insert into consumers (consumer, source_id, batch)
       select 'engine', source_id, batch from unnest($1::smallint[], $2::bigint[]) as read (source_id, batch)
       on conflict (consumer, source_id) do update set batch = excluded.batch
       where consumers.batch < excluded.batch`,
      [[...cursor.keys()], [...cursor.values()]],
    );
  }
  if (rederived.length > 0) {
    const from = [rederived.map(({ vehicleId }) => vehicleId), rederived.map((done) => done.from)];
    const done = 'unnest($1::integer[], $2::float8[]) as done (vehicle_id, since)';
    await client.query(
      // An order from further back, given meanwhile, still stands.
      `delete from rederivations r using ${done}
       where r.vehicle_id = done.vehicle_id and r.from_at >= to_timestamp(done.since)`,
      from,
    );
    await client.query(
      `delete from engine_checkpoints c using ${done}
       where c.vehicle_id = done.vehicle_id and c.at > to_timestamp(done.since)`,
      from,
    );
  }
  if (rederivations.length > 0) {
    await client.query(
      `insert into rederivations (vehicle_id, from_at)
       select vehicle_id, to_timestamp(since) from unnest($1::integer[], $2::float8[]) as late (vehicle_id, since)
       on conflict (vehicle_id) do update set from_at = least(rederivations.from_at, excluded.from_at)`,
      [rederivations.map(({ vehicleId }) => vehicleId), rederivations.map(({ from }) => from)],
    );
  }
  if (checkpoints.length > 0) await writeCheckpoints(client, checkpoints);
}

async function writeCheckpoints(client: pg.Client, checkpoints: EngineWork['checkpoints']): Promise<void> {
  await client.query(
    `insert into engine_checkpoints (vehicle_id, at, state)
     select vehicle_id, to_timestamp(since), state
     from unnest($1::integer[], $2::float8[], $3::jsonb[]) as kept (vehicle_id, since, state)
     on conflict (vehicle_id, at) do update set state = excluded.state`,
    [
      checkpoints.map(({ vehicleId }) => vehicleId),
      checkpoints.map(({ at }) => at),
      checkpoints.map(({ state }) => JSON.stringify(state)),
    ],
  );
  // Thinned out as a vehicle goes on: one an hour after two hours, one in six after three days, one a week
  // after thirty. A fix that is so late is folded from further back, that is all.
  await client.query(
    `delete from engine_checkpoints c
     using (select vehicle_id, max(since) as since from unnest($1::integer[], $2::float8[]) as k (vehicle_id, since)
            group by 1) kept
     where c.vehicle_id = kept.vehicle_id
       and (c.at between to_timestamp(kept.since) - interval '1 day' and to_timestamp(kept.since) - interval '2 hours'
              and floor(extract(epoch from c.at) / 900)::bigint % 4 <> 0
            or c.at between to_timestamp(kept.since) - interval '10 days' and to_timestamp(kept.since) - interval '3 days'
              and floor(extract(epoch from c.at) / 3600)::bigint % 6 <> 0
            or c.at between to_timestamp(kept.since) - interval '60 days' and to_timestamp(kept.since) - interval '30 days'
              and floor(extract(epoch from c.at) / 3600)::bigint % 168 >= 6)`,
    [checkpoints.map(({ vehicleId }) => vehicleId), checkpoints.map(({ at }) => at)],
  );
}

/** Days kept, so that a projection can be made again with what was known then. */
const LEARNED_KEPT = '31 days';

export async function writeLearned(client: pg.Client, learned: StoredLearned): Promise<void> {
  const { fleetId, serviceDate, version, learnedAt, routeCount, visitCount, data } = learned;
  await client.query(
    `with old as (delete from pace_learned where fleet_id = $1 and service_date < $2::date - $8::interval)
     insert into pace_learned
       (fleet_id, service_date, version, learned_at, route_count, visit_count, data)
     values ($1, $2, $3, to_timestamp($4), $5, $6, $7)
     on conflict on constraint pace_learned_once_a_day do nothing`,
    [fleetId, serviceDate, version, learnedAt, routeCount, visitCount, JSON.stringify(data), LEARNED_KEPT],
  );
}

async function writePaces(client: pg.Client, { paces }: EngineWork): Promise<void> {
  if (paces.length === 0) return;
  const list: Record<string, Column<EngineWork['paces'][number]>> = {
    fleet_id: ['integer', (row) => row.fleetId],
    route_id: ['integer', (row) => row.routeId],
    vehicle_id: ['integer', (row) => row.vehicleId],
    at: [AT, (row) => row.at],
    status: ['text', (row) => row.status],
    stops_total: ['integer', (row) => row.stopsTotal],
    stops_done: ['integer', (row) => row.stopsDone],
    stops_expected: ['real', (row) => row.stopsExpected],
    stops_behind: ['real', (row) => row.stopsBehind],
    seconds_behind: ['double precision', (row) => row.secondsBehind],
    rate: ['real', (row) => row.rate],
    rate_needed: ['real', (row) => row.rateNeeded],
    finish_planned: [AT, (row) => row.finishPlanned],
    finish_p50: [AT, (row) => row.finishP50],
    finish_p90: [AT, (row) => row.finishP90],
    late_probability: ['real', (row) => row.lateProbability],
    next_stop_id: ['bigint', (row) => row.nextStopId],
    learned_version: ['integer', (row) => row.learnedVersion],
  };
  const names = Object.keys(list);
  const value = (column: string, i: number) =>
    /^(at|finish_.*)$/.test(column) ? `to_timestamp(c${i})` : `c${i}`;
  await client.query(
    `insert into pace (${names.join(', ')})
     select ${names.map(value).join(', ')}
     from ${unnested(Object.values(list), 1)} as stands (${names.map((_, i) => `c${i}`).join(', ')})
     on conflict (route_id, at) do nothing`,
    columns(paces, Object.values(list)),
  );
}

async function writeAlerts(client: pg.Client, { raised, resolved }: EngineWork): Promise<Alert[]> {
  if (resolved.length > 0) {
    await client.query(
      `update alerts set resolved_at = to_timestamp(done.at)
       from unnest($1::bigint[], $2::float8[]) as done (id, at)
       where alert_id = done.id and resolved_at is null`,
      [resolved.map(({ id }) => id), resolved.map(({ at }) => at)],
    );
  }
  if (raised.length === 0) return [];
  const list: Record<string, Column<EngineWork['raised'][number]>> = {
    fleet_id: ['integer', (row) => row.fleetId],
    cause: ['text', (row) => row.cause],
    kind: ['text', (row) => row.kind],
    severity: ['text', (row) => row.severity],
    vehicle_id: ['integer', (row) => row.vehicleId],
    route_id: ['integer', (row) => row.routeId],
    message: ['text', (row) => row.message],
    rule: ['text', (row) => row.rule],
    raised_at: [AT, (row) => row.raisedAt],
  };
  const names = Object.keys(list);
  const { rows } = await client.query<{ id: number; fleetId: number; cause: string }>(
    `insert into alerts (${names.join(', ')})
     select ${names.map((column, i) => toSql(column, `c${i}`)).join(', ')}
     from ${unnested(Object.values(list), 1)} as told (${names.map((_, i) => `c${i}`).join(', ')})
     on conflict (fleet_id, cause) where resolved_at is null do update set message = excluded.message
     returning alert_id::float8 as id, fleet_id as "fleetId", cause`,
    // One statement must not meet a cause twice.
    columns([...new Map(raised.map((alert) => [causeOf(alert), alert])).values()], Object.values(list)),
  );
  const ids = new Map(rows.map((row) => [causeOf(row), row.id]));
  return raised.map((alert) => ({ ...alert, id: ids.get(causeOf(alert)) ?? 0 }));
}

const causeOf = ({ fleetId, cause }: { readonly fleetId: number; readonly cause: string }): string =>
  `${fleetId} ${cause}`;

async function writeProposals(
  client: pg.Client,
  { proposed, superseded }: EngineWork,
): Promise<Committed['proposals']> {
  for (const { proposalId, at } of superseded) {
    await client.query(
      `update proposals set state = 'superseded', decided_at = to_timestamp($2)
       where proposal_id = $1 and state = 'open'`,
      [proposalId, at],
    );
  }
  const proposals: Committed['proposals'][number][] = [];
  for (const proposal of proposed) {
    const { rows } = await client.query<{ id: number }>(
      `insert into proposals
         (fleet_id, route_id, from_version, created_at, stop_ids, cost_before, cost_after, explanation,
          kind, detail, helper_route_id, helper_version)
       values ($1, $2, $3, to_timestamp($4), $5, $6, $7, $8, $9, $10, $11, $12)
       on conflict (route_id, kind) where state = 'open' do nothing
       returning proposal_id::float8 as id`,
      [
        proposal.fleetId,
        proposal.routeId,
        proposal.fromVersion,
        proposal.createdAt,
        proposal.stopIds,
        proposal.costBefore,
        proposal.costAfter,
        proposal.explanation,
        proposal.kind ?? 'order',
        proposal.detail ? JSON.stringify(proposal.detail) : null,
        proposal.helperRouteId ?? null,
        proposal.helperVersion ?? null,
      ],
    );
    proposals.push({ ...proposal, proposalId: rows[0]?.id ?? 0 });
  }
  return proposals;
}
