import pg from 'pg';
import { expect, test } from 'vitest';
import { openTestDatabase } from '../testing/database.ts';
import { openEngineStore } from './engine-store.ts';

test('openEngineStore() says once that its connection was lost, also when nobody asked anything meanwhile', async () => {
  await using database = await openTestDatabase();
  await using store = await openEngineStore(database.url);
  expect(await store.readCursor()).toBeDefined();
  const person = new pg.Client({ connectionString: database.url });
  await person.connect();
  const isGone = async () => {
    const { rowCount } = await person.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'paceline engine' and datname = current_database()`,
    );
    return rowCount === 0;
  };
  await expect.poll(isGone).toBe(true);
  await person.end();
  // The end of the connection is told on the next turn or two.
  await expect
    .poll(
      () =>
        store.readCursor().then(
          () => 'answered',
          () => 'failed',
        ),
      { interval: 5 },
    )
    .toBe('failed');
  expect(await store.readCursor()).toBeDefined();
});
