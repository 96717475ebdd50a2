import pg from 'pg';
import { expect, test } from 'vitest';
import { migrate } from './migrate.ts';
import { openTestDatabase } from './testing/database.ts';

test('migrate() applies nothing, when the database is up to date', async () => {
  await using database = await openTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    expect(await migrate(client)).toEqual([]);
    const found = await client.query(`select to_regclass('fixes') as fixes, to_regclass('v_fix') as view`);
    expect(found.rows).toEqual([{ fixes: 'fixes', view: 'v_fix' }]);
  } finally {
    await client.end();
  }
});

test('migrate() leaves a comment on every table, view and column', async () => {
  await using database = await openTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    const { rows } = await client.query(`
      select c.relname as relation, a.attname as column
      from pg_class c
      join pg_attribute a on a.attrelid = c.oid and not a.attisdropped and a.attnum >= 0
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition
        and (obj_description(c.oid, 'pg_class') is null or (a.attnum > 0 and col_description(c.oid, a.attnum) is null))
    `);
    expect(rows).toEqual([]);
  } finally {
    await client.end();
  }
});

test('migrate() keeps fixes of any clock, when it partitions by week', async () => {
  await using database = await openTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    const instants = [
      '1970-01-01T00:00:01Z',
      '2004-01-01T00:00:00Z',
      '2014-12-31T23:59:59Z',
      '2015-01-01T00:00:00Z',
      '2026-06-01T00:00:00Z',
      '2099-12-31T00:00:00Z',
    ];
    await client.query('select ensure_fix_partitions($1)', [instants]);
    await client.query('select ensure_fix_partitions($1)', [instants]);
    await client.query(
      `insert into fixes (fleet_id, vehicle_id, device_id, at, key, received, lng, lat, source_id, batch)
       select 1, 1, 1, at, 1, now(), 0, 1, 1, 1 from unnest($1::timestamptz[]) as at`,
      [instants],
    );
    const { rows } = await client.query('select count(*)::int as stored from fixes');
    expect(rows).toEqual([{ stored: instants.length }]);
  } finally {
    await client.end();
  }
});
