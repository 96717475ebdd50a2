import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hash32, random } from '../../schemas/random.ts';
import type { CommandIo } from '../command.ts';
import { openTestDatabase, type TestDatabase } from '../testing/database.ts';
import {
  type Recorded,
  recordedFixes,
  recordingPath,
  recordingText,
  whyNoRecordings,
} from '../testing/recordings.ts';
import { runCli } from '../verbs.ts';

const skip = whyNoRecordings('npm run membership against the ray-casting oracle');
const neighbourhoods = 'geofences/neighbourhoods_austin_columbus_portland_sanfrancisco.ndjson.gz';

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await openTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await database?.close();
});

/** Runs a command line as a terminal would, and gives what it printed. */
async function cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const io: CommandIo = {
    stdout: (line) => void stdout.push(`${line}\n`),
    stderr: (line) => void stderr.push(`${line}\n`),
    environment: { DATABASE_URL: database.url },
    signal: new AbortController().signal,
    now: () => Date.now() / 1000,
  };
  const code = await runCli(args, io);
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}

/** Stores fixes as ingest's tables have them, a repeated report once, in the order given. */
async function store(fleet: string, fixes: readonly Recorded[]): Promise<void> {
  const names = [...new Set(fixes.map(({ vehicle }) => vehicle))];
  await client.query(
    'insert into vehicles (fleet_id, name) select fleet_id, n from fleets, unnest($2::text[]) n where name = $1',
    [fleet, names],
  );
  const instants = [...new Set(fixes.map(({ at }) => new Date(at * 1000).toISOString().slice(0, 10)))];
  await client.query('select ensure_fix_partitions($1::timestamptz[])', [instants]);
  for (let i = 0; i < fixes.length; i += 5000) {
    const some = fixes.slice(i, i + 5000);
    await client.query(
      `insert into fixes (fleet_id, vehicle_id, device_id, at, key, received, lng, lat, source_id, batch)
       select f.fleet_id, v.vehicle_id, 0, to_timestamp(t.at), t.key, now(), t.lng, t.lat, 1, 1
       from fleets f join vehicles v using (fleet_id)
       join unnest($2::text[], $3::float8[], $4::bigint[], $5::float8[], $6::float8[])
         as t (vehicle, at, key, lng, lat) on t.vehicle = v.name
       where f.name = $1
       on conflict do nothing`,
      [
        fleet,
        some.map(({ vehicle }) => vehicle),
        some.map(({ at }) => at),
        some.map(({ text }) => -1 - hash32(text)),
        some.map(({ lng }) => lng),
        some.map(({ lat }) => lat),
      ],
    );
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const chance = random('membership');
  const order = items.map((item) => ({ item, rank: chance.next() }));
  return order.sort((a, b) => a.rank - b.rank).map(({ item }) => item);
}

describe.skipIf(skip)('membership', () => {
  test.each([
    { recording: 'capmetro_2017-03-21', set: 'austin', oracle: 'capmetro_2017-03-21_x_austin' },
    { recording: 'google_lmfs', set: 'san-francisco', oracle: 'google_lmfs_x_san-francisco' },
    { recording: 'google_jump-demo', set: 'san-francisco', oracle: 'google_jump-demo_x_san-francisco' },
  ])(
    'prints exactly the oracle of $recording, whatever the order of arrival',
    async ({ recording, set, oracle }) => {
      const fixes = recordedFixes(`gps/${recording}.csv.gz`);
      const expected = recordingText(`geofences/${oracle}.csv.gz`);
      for (const [order, arriving] of [
        ['recorded', fixes],
        ['shuffled', shuffled([...fixes, ...fixes.slice(0, 100)])],
      ] as const) {
        const fleet = `${recording}-${order}`;
        expect(await cli('fleet', 'add', fleet)).toMatchObject({ code: 0 });
        const imported = await cli(
          'fences',
          'import',
          recordingPath(neighbourhoods),
          '--fleet',
          fleet,
          '--where',
          `set=${set}`,
        );
        expect(imported).toMatchObject({ code: 0, stderr: '' });
        await store(fleet, arriving);
        const { code, stdout } = await cli('membership', '--fleet', fleet, '--fences', set, '--csv');
        expect(code).toBe(0);
        expect(stdout === expected, `${fleet} differs from the oracle`).toBe(true);
      }
    },
  );
});

test('membership says which fleet or set is not there, when it is not', async () => {
  const nobody = await cli('membership', '--fleet', 'nobody', '--fences', 'austin');
  expect(nobody).toMatchObject({ code: 9, stderr: expect.stringContaining('there is no fleet “nobody”') });
  await cli('fleet', 'add', 'bare');
  const bare = await cli('membership', '--fleet', 'bare', '--fences', 'austin');
  expect(bare).toMatchObject({ code: 9, stderr: expect.stringContaining('no fences of the set “austin”') });
  expect(await cli('membership', '--fences', 'austin')).toMatchObject({ code: 2 });
});
