import { expect, test } from 'vitest';
import { faultCampaign } from './faults.ts';

test('faultCampaign() finds nothing lost, doubled or logged otherwise, after one fault of each kind', async () => {
  const { DATABASE_URL: _, ...environment } = process.env;
  const { kills, audit, hasOutside } = await faultCampaign({
    kills: 4,
    fixes: 60_000,
    seed: 'suite',
    environment,
    signal: new AbortController().signal,
    say() {},
  });
  // Where no Mosquitto is installed, its half is left out.
  expect(kills).toEqual(
    hasOutside
      ? { broker: 1, ingest: 1, database: 1, network: 1 }
      : { broker: 2, ingest: 0, database: 2, network: 0 },
  );
  expect(audit).toMatchObject({ lost: 0, duplicated: 0, unoffered: 0, examples: [] });
  expect(audit.acknowledged).toBeGreaterThanOrEqual(60_000);
  expect(audit.stored).toBe(audit.acknowledged);
  expect(audit.logged).toBe(audit.stored);
}, 300_000);
