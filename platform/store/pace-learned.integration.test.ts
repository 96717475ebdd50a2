import pg from 'pg';
import { expect, test } from 'vitest';
import { nothingLearned } from '../../engine/pace/learned.ts';
import { learnedFrom, learnedJson } from '../../engine/pace/learned-json.ts';
import { openTestDatabase } from '../testing/database.ts';
import { openEngineStore } from './engine-store.ts';

test('writeLearned() keeps one row a day and a month of them, and readLearned() gives back the newest as it was', async () => {
  await using database = await openTestDatabase();
  await using store = await openEngineStore(database.url);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query<{ fleet_id: number }>(
    `insert into fleets (name, time_zone) values ('learned', 'UTC') returning fleet_id`,
  );
  const fleetId = rows[0]!.fleet_id;
  const driver = { shifts: 3, service: 0.21, serviceVariance: 0.002, travel: -0.03, travelVariance: 0.001 };
  const learned = {
    ...nothingLearned,
    ...{ version: 7, drivers: new Map([[42, driver]]), between: { service: 0.02, travel: 0.001 } },
    speeds: { ...nothingLearned.speeds, areas: new Map([[123_456, [900, 1100] as const]]) },
  };
  const row = (serviceDate: string, version: number) => ({
    ...{ fleetId, serviceDate, version, learnedAt: 1_790_000_000, routeCount: 2, visitCount: 250 },
    data: learnedJson({ ...learned, version }),
  });
  await store.writeLearned(row('2026-08-01', 5));
  await store.writeLearned(row('2026-09-20', 6));
  await store.writeLearned(row('2026-09-21', 7));
  await store.writeLearned(row('2026-09-21', 9));
  const [newest] = (await store.readLearned()).filter((one) => one.fleetId === fleetId);
  expect(newest?.serviceDate).toBe('2026-09-21');
  expect(learnedFrom(newest?.data)).toEqual(learned);
  const kept = await client.query('select version from pace_learned where fleet_id = $1 order by 1', [
    fleetId,
  ]);
  expect(kept.rows.map(({ version }) => version)).toEqual([6, 7]);
  await client.end();
  expect(learnedFrom({ form: 99 })).toBe(nothingLearned);
});
