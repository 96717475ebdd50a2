import { runFeed } from '../../ingest/feed/main.ts';
import { Fault } from '../../schemas/fault.ts';
import { programCommand } from '../run-program.ts';
import { clickhouseFor } from '../wiring.ts';

export const command = programCommand(
  'feed',
  'committed rows to the history, alone',
  'Copies what is committed, and its corrections, to ClickHouse (CLICKHOUSE_URL), until Ctrl-C.',
  async ({ config, databaseUrl, context }) => {
    const clickhouse = await clickhouseFor(config);
    if (clickhouse === undefined) {
      throw new Fault(
        'analytics/missing',
        'there is no history to feed: no ClickHouse is configured or running',
      );
    }
    await runFeed({ databaseUrl, clickhouse }, context);
  },
);
