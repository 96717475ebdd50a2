import type { ClientBase } from 'pg';

/** The feed's name among the consumers of the log: ingest prunes no batch that it has not passed. */
export const consumer = 'feed';

export type SourcePlace = {
  readonly sourceId: number;
  /** Last batch that ClickHouse has acknowledged. */
  readonly done: number;
  /** Last batch of the source. */
  readonly last: number;
};

/** Where the feed stands in each source's log; a source it did not know is entered at its start. */
export async function sourcePlaces(client: ClientBase): Promise<SourcePlace[]> {
  await client.query(
    `insert into consumers (consumer, source_id)
     select $1, source_id from sources s
     where not exists (select from consumers c where c.consumer = $1 and c.source_id = s.source_id)
     on conflict do nothing`,
    [consumer],
  );
  const { rows } = await client.query<{ source_id: number; done: string; last: string }>(
    `select source_id, c.batch as done, s.last_batch as last
     from consumers c join sources s using (source_id)
     where c.consumer = $1
     order by source_id`,
    [consumer],
  );
  return rows.map((row) => ({ sourceId: row.source_id, done: Number(row.done), last: Number(row.last) }));
}

export async function passBatches(client: ClientBase, sourceId: number, batch: number): Promise<void> {
  await client.query('update consumers set batch = $3 where consumer = $1 and source_id = $2', [
    consumer,
    sourceId,
    batch,
  ]);
}

export type Stream = 'results' | 'plans';

export async function position(client: ClientBase, stream: Stream): Promise<number> {
  const { rows } = await client.query<{ position: string }>(
    'select position from feed_cursors where stream = $1',
    [stream],
  );
  return Number(rows[0]?.position ?? 0);
}

export async function pass(client: ClientBase, stream: Stream, to: number): Promise<void> {
  await client.query(
    `insert into feed_cursors (stream, position) values ($1, $2)
     on conflict (stream) do update set position = excluded.position`,
    [stream, to],
  );
}

/** Back to the beginning: ClickHouse holds nothing (any more). */
export async function forgetPlaces(client: ClientBase): Promise<void> {
  await client.query('update consumers set batch = 0 where consumer = $1', [consumer]);
  await client.query('delete from feed_cursors');
}
