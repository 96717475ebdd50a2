import { expect, test } from 'vitest';
import { killCampaign } from './campaign.ts';

test('killCampaign() finds nothing lost, nothing twice and the same conclusions, after a few kills', async () => {
  const said: string[] = [];
  // The embedded servers of the platform, whatever database the suite runs on.
  const { DATABASE_URL: _, ...environment } = process.env;
  const report = await killCampaign({
    kills: 4,
    vans: 4,
    seconds: 30,
    seed: 'suite',
    environment,
    signal: new AbortController().signal,
    say: (line) => said.push(line),
  });
  expect(report.kills).toEqual({ ingest: 1, postgres: 1, tree: 1, engine: 1 });
  expect(report.ledger).toMatchObject({ lost: 0, duplicated: 0, reportsLost: 0 });
  expect(report.ledger.acknowledged).toBeGreaterThan(10_000);
  expect(report.differences).toEqual([]);
  expect(report.rows.stop_visits).toBeGreaterThan(100);
}, 300_000);
