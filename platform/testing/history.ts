import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../schemas/program.ts';
import { type ClickhouseUnavailable, openClickhouse } from '../embedded/clickhouse.ts';

export type TestHistory = {
  readonly url: string;
  readonly port: number;
  readonly close: () => Promise<void>;
};

/** An empty embedded ClickHouse in a temporary folder, or why there is none: chDB is an optional package. */
export async function openTestHistory(): Promise<TestHistory | ClickhouseUnavailable> {
  const folder = await mkdtemp(join(tmpdir(), 'paceline-history-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  const opened = await openClickhouse({ folder, log: silentLog });
  if ('unavailable' in opened) {
    await remove();
    console.warn(`skipped because chDB cannot run: ${opened.unavailable}`);
    return opened;
  }
  const close = async () => {
    await opened.close();
    await remove();
  };
  return { url: opened.url, port: opened.port, close };
}
