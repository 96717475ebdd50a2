import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../schemas/fault.ts';
import { silentLog } from '../schemas/program.ts';
import type { Config } from './config.ts';
import { openClickhouse } from './embedded/clickhouse.ts';
import { clickhouseFor } from './wiring.ts';

/**
 * Runs `use` with the URL of the history: the one that CLICKHOUSE_URL names, that of the platform that runs
 * on the data folder, or the embedded one, opened for as long as `use` takes. Undefined where there is none.
 */
export async function withHistory<T>(
  config: Config,
  use: (url: string) => Promise<T>,
): Promise<T | undefined> {
  const known = await clickhouseFor(config);
  if (known !== undefined) return use(known.url);
  const folder = join(config.dataFolder, 'clickhouse');
  if (config.clickhouse.kind !== 'embedded' || !existsSync(folder)) return undefined;
  const opened = await openClickhouse({ folder, log: silentLog });
  if ('unavailable' in opened) throw new Fault('analytics/missing', opened.unavailable);
  try {
    return await use(opened.url);
  } finally {
    await opened.close();
  }
}
