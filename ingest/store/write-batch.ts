import { createHash } from 'node:crypto';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { packFixes } from '../../schemas/batch.ts';
import { assert } from '../../schemas/fault.ts';
import type { Fix } from '../../schemas/fix.ts';
import type { Delivery } from '../broker/delivery.ts';
import { type Tally, tally } from '../tally.ts';
import { byCertainty, type Placed } from './certain.ts';
import { copyRows } from './copy-rows.ts';
import * as sql from './statements.ts';
import { tallyText, type Uncounted } from './uncounted.ts';
import { writeAnswers } from './write-answers.ts';

/** What the transaction needs to know beside the batch. */
export type Commit = {
  readonly sourceId: number;
  /** Number of the last batch of this source. */
  readonly lastBatch: number;
  /** Names this commit, so that a writer that lost its connection can ask whether it took place. */
  readonly token: string;
  readonly deliveries: readonly Delivery[];
  readonly newestAt: (vehicleId: number) => number | undefined;
  /** How long the commit before this one took, ms: what a commit cost is known only after it. */
  readonly commitMs: number;
  readonly rejectionBytes: number;
  /** Whether to believe `newestAt` of what is not there yet; if it is wrong, the commit costs twice. */
  readonly isTrusting: boolean;
  /** Tallies of earlier commits that wait to be counted. */
  readonly uncounted: Uncounted;
};

export type Written = {
  readonly lastBatch: number;
  readonly tally: Tally;
  /** Whether the counters hold this commit and all before it; else its tally waits beside its batch. */
  readonly isCounted: boolean;
  /** Whether fixes held for new were there already: somebody else writes fixes of these vehicles. */
  readonly wasMistaken?: boolean;
};

/**
 * Stores one batch in one transaction: fixes, reports, rejections, counters, and the packed log of
 * what was new under the next number. A batch with nothing new takes no number.
 */
export async function writeBatch(client: Client, commit: Commit): Promise<Written> {
  try {
    return await attempt(client, commit, commit.isTrusting);
  } catch (error) {
    if (!commit.isTrusting || !isRepeated(error)) throw error;
    await client.query('rollback');
    return { ...(await attempt(client, commit, false)), wasMistaken: true };
  }
}

/** SQLSTATE of a unique violation. */
const isRepeated = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === '23505';

async function attempt(client: Client, commit: Commit, isTrusting: boolean): Promise<Written> {
  const fixes = commit.deliveries.flatMap((delivery) => delivery.fixes);
  const batch = commit.lastBatch + 1;
  const begun = client.query('begin');
  const parts = byCertainty(fixes, isTrusting ? commit.newestAt : () => Number.POSITIVE_INFINITY);
  const isAllNew = parts.doubtful.fixes.length === 0;
  const end = { kind: 'commit', sourceId: commit.sourceId, batch } as const;
  const rows = copyRows(byVehicle(parts.certain.fixes), end);
  await begun;
  const copied = parts.certain.fixes.length === 0 ? undefined : copyInto(client, sql.copyFixes, rows);
  // While the server is at work; what it says can only be an error.
  const foreseen = isAllNew ? packed(fixes) : undefined;
  await copied;
  const isNew = isAllNew ? () => true : await writeDoubtful(client, { fixes, ...parts, end });
  const reportCount = await writeReports(client, commit, batch);
  const deliveries = await writeAnswers(client, commit.deliveries);
  await writeRejections(client, { ...commit, deliveries });
  await writeKnocks(client, commit);
  const counted = tally(deliveries, isNew, commit.newestAt);
  const fresh = isAllNew ? fixes : fixes.filter((_, n) => isNew(n));
  const payload = foreseen ?? packed(fresh);
  const written = await writeRest(client, commit, { batch, fresh, payload, reportCount, counted });
  await client.query('commit');
  return written;
}

/**
 * In the order of the table's key, as nearly as it costs nothing: fixes of one vehicle land on one page
 * of the index, which spares the server an eighth of its work where each vehicle has a few.
 */
function byVehicle(fixes: readonly Fix[]): readonly Fix[] {
  const order = Float64Array.from(fixes, ({ vehicleId }, n) => vehicleId * FIXES_MAX + n).sort();
  return Array.from(order, (place) => fixes[place % FIXES_MAX] as Fix);
}

/** More than one commit ever holds; times a vehicle's number it is exact. */
const FIXES_MAX = 2 ** 21;

async function copyInto(client: Client, copy: string, rows: Buffer): Promise<void> {
  await pipeline([rows], client.query(copyFrom(copy)) as Writable);
}

type Write = {
  /** All of the batch, and those of which some may be there already. */
  readonly fixes: readonly Fix[];
  readonly doubtful: Placed;
  readonly end: { readonly sourceId: number; readonly batch: number };
};

/** Stores those doubtful fixes that are not there yet, and tells for each of the batch whether it was new. */
async function writeDoubtful(client: Client, write: Write): Promise<(n: number) => boolean> {
  const { fixes, doubtful, end } = write;
  const rows = copyRows(doubtful.fixes, { kind: 'place', places: doubtful.places });
  await copyInto(client, sql.fillStaging, rows);
  const inserted = await client.query({
    name: 'insert fixes',
    text: sql.insertFixes,
    values: [end.sourceId, end.batch],
  });
  const count = inserted.rowCount ?? 0;
  if (count === doubtful.fixes.length) return () => true;
  if (count === 0 && doubtful.fixes.length === fixes.length) return () => false;
  return mixed(client, write, count);
}

/** Some fixes were new and some were not: finds out which. A fix twice in one batch counts once. */
async function mixed(
  client: Client,
  { fixes, doubtful, end }: Write,
  inserted: number,
): Promise<(n: number) => boolean> {
  const { first, last } = span(doubtful.fixes);
  const known = await client.query({
    name: 'select known',
    text: sql.selectKnown,
    values: [end.sourceId, end.batch, first, last],
  });
  const before = new Set<number>(known.rows.map((row) => row.n));
  const seen = new Set<string>();
  const fresh = fixes.map((fix, n) => {
    const identity = `${fix.vehicleId}/${fix.at}/${fix.key}`;
    const isFirst = !seen.has(identity);
    seen.add(identity);
    return isFirst && !before.has(n);
  });
  const count = fresh.filter(Boolean).length - (fixes.length - doubtful.fixes.length);
  assert(count === inserted, `${inserted} fixes were inserted and ${count} found to be new`);
  return (n) => fresh[n] === true;
}

async function writeReports(client: Client, commit: Commit, batch: number): Promise<number> {
  const reports = commit.deliveries.flatMap((delivery) => delivery.reports);
  if (reports.length === 0) return 0;
  const inserted = await client.query(sql.insertReports, [
    reports.map((report) => report.fleetId),
    reports.map((report) => report.vehicleId),
    reports.map((report) => report.at),
    reports.map((report) => report.stopCode),
    reports.map((report) => report.kind),
    reports.map((report) => report.reason ?? null),
    reports.map((report) => report.received),
    commit.sourceId,
    batch,
  ]);
  return inserted.rowCount ?? 0;
}

/** A B-tree entry holds at most 2,700 bytes, and topics may be 65,535 long. */
const TOPIC_MAX = 512;

/** Text the database can hold: no NUL, bounded. */
const storable = (text: string, max: number): string => text.replaceAll('\0', '\ufffd').slice(0, max);

async function writeRejections(client: Client, commit: Commit): Promise<void> {
  const rows = new Map<string, { values: readonly unknown[]; times: number }>();
  for (const { rejections, topic, received, fleetId, deviceId } of commit.deliveries) {
    for (const { reason, detail, payload } of rejections) {
      const hash = createHash('sha256').update(payload).digest();
      const kept = storable(topic, TOPIC_MAX);
      const id = `${kept} ${hash.toString('base64')}`;
      const row = rows.get(id);
      if (row !== undefined) {
        row.times++;
        continue;
      }
      const head = Buffer.from(payload.subarray(0, commit.rejectionBytes));
      const values = [
        fleetId ?? null,
        deviceId ?? null,
        received,
        kept,
        reason,
        storable(detail, 1_000),
        head,
        hash,
      ];
      rows.set(id, { values, times: 1 });
    }
  }
  if (rows.size === 0) return;
  const list = [...rows.values()].map(({ values, times }) => [...values, times]);
  await client.query(sql.insertRejections, transpose(list, 9));
}

async function writeKnocks(client: Client, commit: Commit): Promise<void> {
  const rows = new Map<string, { values: readonly unknown[]; attempts: number }>();
  for (const { knock, topic, received } of commit.deliveries) {
    if (knock === undefined) continue;
    const id = `${knock.fleetId} ${knock.device}`;
    const head = Buffer.from(knock.payload.subarray(0, commit.rejectionBytes));
    const attempts = (rows.get(id)?.attempts ?? 0) + 1;
    rows.set(id, {
      values: [knock.fleetId, knock.device, received, attempts, storable(topic, TOPIC_MAX), head],
      attempts,
    });
  }
  if (rows.size === 0) return;
  await client.query(
    sql.insertKnocks,
    transpose(
      [...rows.values()].map(({ values }) => values),
      6,
    ),
  );
}

async function writeRest(
  client: Client,
  commit: Commit,
  stored: {
    readonly batch: number;
    readonly fresh: readonly Fix[];
    readonly payload: Buffer;
    readonly reportCount: number;
    readonly counted: Tally;
  },
): Promise<Written> {
  const { fresh, payload, reportCount, counted, batch } = stored;
  const isLogged = fresh.length > 0 || reportCount > 0;
  // Without a batch there is no place for a tally to wait.
  const isCounted = !isLogged || commit.uncounted.isDue(counted);
  if (isCounted) {
    await client.query({ name: 'count', text: sql.count, values: commit.uncounted.with(counted).columns() });
  }
  const { first, last } = span(fresh);
  const values = [
    ...[commit.sourceId, batch, commit.token, isLogged, isCounted, fresh.length, reportCount],
    ...[finite(first), finite(last), isLogged ? payload : null, isCounted ? null : tallyText(counted)],
    ...transpose(
      counted.minutes.map((m) => [
        ...[m.fleetId, m.minute, m.messages, m.accepted, m.duplicate, m.late, m.filtered, m.rejected],
      ]),
      8,
    ),
    commit.commitMs,
  ];
  const { rows } = await client.query({ name: 'finish', text: sql.finish, values });
  const lastBatch = Number(rows[0]?.last_batch);
  assert(lastBatch === commit.lastBatch + Number(isLogged), `batch ${batch} became ${lastBatch}`);
  return { lastBatch, tally: counted, isCounted };
}

function packed(fixes: readonly Fix[]): Buffer {
  const bytes = packFixes(fixes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** First and last instant; ±Infinity when there is no fix. */
function span(fixes: readonly Fix[]): { readonly first: number; readonly last: number } {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const fix of fixes) {
    if (fix.at < first) first = fix.at;
    if (fix.at > last) last = fix.at;
  }
  return { first, last };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Rows to `width` columns, as `unnest` takes them. */
function transpose(rows: readonly (readonly unknown[])[], width: number): unknown[][] {
  return Array.from({ length: width }, (_, column) => rows.map((row) => row[column]));
}
