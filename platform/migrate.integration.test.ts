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
