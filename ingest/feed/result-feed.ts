import { pass, position } from './cursors.ts';
import { fixRow, fixRowColumns } from './fix-rows.ts';
import { judgedFixes } from './fix-table.ts';
import type { Feed } from './log-feed.ts';
import { insertRows, monthAt } from './rows.ts';
import { feedStops } from './stop-feed.ts';

/** Engine commits of one round; each holds at most what one batch changed. */
const COMMITS_PER_ROUND = 500;

const crossingColumns: [string, ...string[]] = [
  'fleet_id',
  'vehicle_id',
  'vehicle',
  'at',
  'fence_id',
  'fence_set',
  'fence',
  'fence_kind',
  'kind',
  'dwell',
  'version',
  'retracted',
];

/** Passes on what the engine concluded or took back since; says whether more is waiting. */
export async function feedResults(feed: Feed): Promise<boolean> {
  const { database } = feed;
  const after = await position(database, 'results');
  const { rows } = await database.query<{ last: string }>(
    'select coalesce(max(last_commit), 0) as last from engine_commits',
  );
  const last = Number(rows[0]?.last ?? 0);
  if (last <= after) return false;
  const upTo = Math.min(last, after + COMMITS_PER_ROUND);
  await feedJudgements(feed, after, upTo);
  await feedCrossings(feed, after, upTo);
  await feedBehaviours(feed, after, upTo);
  await feedStops(feed, 'visit.commit_no > $1 and visit.commit_no <= $2', [after, upTo]);
  await pass(database, 'results', upTo);
  return upTo < last;
}

const behaviourColumns: [string, ...string[]] = [
  ...(['fleet_id', 'vehicle_id', 'vehicle', 'kind', 'started_at', 'ended_at', 'value'] as const),
  ...['limit_value', 'distance', 'source', 'policy_version', 'fix_at', 'fix_key', 'version', 'retracted'],
];

async function feedBehaviours(feed: Feed, after: number, upTo: number): Promise<void> {
  const utc = (column: string) => `to_char(b.${column} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')`;
  const { rows } = await feed.database.query<unknown[]>({
    text: `select b.fleet_id, b.vehicle_id, v.name, b.kind, ${utc('started_at')}, ${utc('ended_at')}, b.value,
        b.limit_value, b.distance, b.source, b.policy_version, ${utc('fix_at')}, b.fix_key::float8,
        b.commit_no::float8, b.retracted::integer
      from behaviours b
      join vehicles v using (vehicle_id)
      where b.commit_no > $1 and b.commit_no <= $2`,
    values: [after, upTo],
    rowMode: 'array',
  });
  await insertRows(
    feed.clickhouse,
    'behaviours',
    behaviourColumns,
    rows,
    monthAt(behaviourColumns.indexOf('fix_at')),
  );
}

async function feedJudgements(feed: Feed, after: number, upTo: number): Promise<void> {
  const judged = await judgedFixes(feed.database, after, upTo);
  const names = await feed.vehicleNames(judged.map(({ fix }) => fix.vehicleId));
  const rows = judged.map(({ fix, version }) => fixRow(fix, names.get(fix.vehicleId) ?? '', version));
  await insertRows(feed.clickhouse, 'fixes', fixRowColumns, rows, monthAt(fixRowColumns.indexOf('at')));
}

async function feedCrossings(feed: Feed, after: number, upTo: number): Promise<void> {
  const { rows } = await feed.database.query<unknown[]>({
    text: `select e.fleet_id, e.vehicle_id, v.name, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS'),
        e.fence_id, g.fence_set, g.name, g.kind, e.kind, e.dwell, e.commit_no::float8, e.retracted::integer
      from events e
      join vehicles v using (vehicle_id)
      join geofences g using (fence_id)
      where e.commit_no > $1 and e.commit_no <= $2`,
    values: [after, upTo],
    rowMode: 'array',
  });
  await insertRows(
    feed.clickhouse,
    'crossings',
    crossingColumns,
    rows,
    monthAt(crossingColumns.indexOf('at')),
  );
}
