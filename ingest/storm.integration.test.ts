import { expect, test } from 'vitest';
import { openTestDatabase } from '../platform/testing/database.ts';
import { storm } from './storm.ts';

test('storm() loses and doubles nothing, when far more comes at once than ingest may hold', async () => {
  const database = await openTestDatabase();
  try {
    const { bars, results } = await storm({
      ...{ databaseUrl: database.url, commit: 'test', devices: 200, backlog: 60, inFlight: 60 },
      // Two hundred devices may send 12,000 messages at once; from 1,000 on publishers are cut off.
      limits: { pendingMessages: 500 },
    });
    expect(bars).toMatchObject([
      { name: 'lost', value: 0 },
      { name: 'duplicated', value: 0 },
      { name: 'ingest_peak_rss_mb' },
    ]);
    expect(results.acknowledged).toBe(200 * 60);
    expect(results.reconnects).toBeGreaterThan(0);
  } finally {
    await database.close();
  }
}, 120_000);
