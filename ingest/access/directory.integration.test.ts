import pg from 'pg';
import { expect, test } from 'vitest';
import { openTestDatabase } from '../../platform/testing/database.ts';
import { makeFleet } from '../testing/world.ts';
import { Directory } from './directory.ts';

test('Directory.find() makes a device known for good, when everything is being read again meanwhile', async () => {
  await using database = await openTestDatabase();
  const pool = new pg.Pool({ connectionString: database.url, max: 4 });
  const blocker = new pg.Client({ connectionString: database.url });
  await blocker.connect();
  try {
    await makeFleet(pool, 'north');
    const directory = new Directory(pool);
    await directory.refresh();
    // The next reading has seen the devices, and waits for the gateways.
    await blocker.query('begin; lock table gateways in access exclusive mode');
    const reading = directory.refresh();
    const isWaiting = async () =>
      (await pool.query(`select from pg_locks where relation = 'gateways'::regclass and not granted`))
        .rowCount === 1;
    await expect.poll(isWaiting, { timeout: 10_000 }).toBe(true);
    const found = directory.find('north', ['van'], true);
    await blocker.query('rollback');
    await Promise.all([found, reading]);
    expect(directory.device('north', 'van')).toMatchObject({ fleetId: 1 });
  } finally {
    await blocker.end();
    await pool.end();
  }
});
