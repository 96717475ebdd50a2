import { existsSync } from 'node:fs';
import type { Doctor } from '../../schemas/doctor.ts';
import type { Eraser } from '../../schemas/eraser.ts';
import { asError, Fault } from '../../schemas/fault.ts';
import type { FenceDesk } from '../../schemas/fence-desk.ts';
import type { ProgramContext } from '../../schemas/program.ts';
import { type ClickHouseConfig, openRouteDays } from '../queries/route-days.ts';
import { buildApp } from './app.ts';
import { type BrokerConfig, hearLiveTopics } from './live/broker.ts';
import { openLiveHub } from './live/hub.ts';
import { type Database, openDatabase } from './query.ts';

export type WebConfig = {
  readonly databaseUrl: string;
  readonly clickhouse?: ClickHouseConfig | undefined;
  readonly mqtt: BrokerConfig;
  readonly host: string;
  readonly port: number;
  /** Of one address; default 1200. */
  readonly requestsPerMinute?: number | undefined;
  /** Generated at first start; 256 bits or more. */
  readonly jwtSecret: string;
  /** Then it serves https; PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Whether people reach the page by https (a proxy in front): the cookie then travels no other way. */
  readonly isSecure?: boolean | undefined;
  /** GeoJSON of roads, water and parks. */
  readonly basemapFile?: string | undefined;
  /** Who knows formats; undefined: the doctor's page says so. */
  readonly doctor?: Doctor | undefined;
  /** Who removes personal data; undefined: only the command does. */
  readonly eraser?: Eraser | undefined;
  /** Who reads fences from files; undefined: they can only be looked at. */
  readonly fences?: FenceDesk | undefined;
  /** Folder of the built page, absolute. */
  readonly staticDir: string;
};

/** The web process: API, page and live push, until the signal aborts. */
export async function runWeb(config: WebConfig, context: ProgramContext): Promise<void> {
  const { signal, log, now, ready, metrics } = context;
  const database = openDatabase(config.databaseUrl, {
    onError: (error) => log.warn({ error: error.message }, 'database connection lost'),
  });
  const routeDays = config.clickhouse ? openRouteDays(config.clickhouse) : undefined;
  const live = openLiveHub({ database, log, now });
  const broker = hearLiveTopics(config.mqtt, live, log);
  const app = await buildApp({
    database,
    live,
    routeDays,
    doctor: config.doctor,
    eraser: config.eraser,
    fences: config.fences,
    jwtSecret: config.jwtSecret,
    requestsPerMinute: config.requestsPerMinute,
    tls: config.tls,
    isSecure: config.isSecure ?? config.tls !== undefined,
    basemapFile: config.basemapFile,
    staticDir: config.staticDir,
    dashboardsDir: dashboardsDir(),
    log,
    metrics,
    now,
  });
  try {
    await askDatabase(database);
    const address = await listen(app, config);
    ready({ url: address });
    await aborted(signal);
  } finally {
    await app.close();
    await broker.close();
    live.close();
    await routeDays?.close();
    await database.close();
  }
}

/** A wrong address or password is better said at the start than at the first request. */
async function askDatabase(database: Database): Promise<void> {
  try {
    await database.withoutFleet((query) => query('select 1'));
  } catch (thrown) {
    const cause = asError(thrown);
    const isRefused = 'code' in cause && /^(28|3D|22023)/.test(String(cause.code));
    throw new Fault(isRefused ? 'database/refused' : 'database/unreachable', cause.message, { cause });
  }
}

async function listen(app: Awaited<ReturnType<typeof buildApp>>, { host, port }: WebConfig): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (thrown) {
    const cause = asError(thrown);
    if (!('code' in cause) || cause.code !== 'EADDRINUSE') throw cause;
    throw new Fault('port/taken', `port ${port} on ${host} is taken`, { cause });
  }
}

/** The Grafana JSON: beside the sources, also when this runs built from dist/. */
function dashboardsDir(): URL {
  const beside = new URL('../grafana/', import.meta.url);
  return existsSync(beside) ? beside : new URL('../../../dashboards/grafana/', import.meta.url);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
