import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Doctor } from '../../schemas/doctor.ts';
import type { Eraser } from '../../schemas/eraser.ts';
import type { FenceDesk } from '../../schemas/fence-desk.ts';
import { silentLog } from '../../schemas/program.ts';
import type { Role } from '../api.ts';
import type { RouteDays } from '../queries/route-days.ts';
import { buildApp } from '../server/app.ts';
import type { App } from '../server/deps.ts';
import { type HubOptions, type LiveHub, openLiveHub } from '../server/live/hub.ts';
import { type Database, openDatabase } from '../server/query.ts';
import { password, type SeededFleet } from './seed.ts';

/** The whole web application on a real socket and a real database, without a broker. */
export type Site = AsyncDisposable & {
  readonly app: App;
  readonly live: LiveHub;
  readonly database: Database;
  readonly url: string;
  /** The cookie of a fresh session. */
  readonly logIn: (fleet: SeededFleet, role: Role) => Promise<string>;
};

export async function openSite(
  databaseUrl: string,
  options: {
    readonly hub?: Partial<HubOptions>;
    readonly routeDays?: RouteDays;
    readonly doctor?: Doctor;
    readonly eraser?: Eraser;
    readonly fences?: FenceDesk;
    readonly staticDir?: string;
    readonly basemapFile?: string;
  } = {},
): Promise<Site> {
  const empty = await mkdtemp(join(tmpdir(), 'paceline-page-'));
  const now = () => Date.now() / 1000;
  const database = openDatabase(databaseUrl, { connections: 4 });
  const live = openLiveHub({ database, log: silentLog, now, ...options.hub });
  const app = await buildApp({
    database,
    live,
    routeDays: options.routeDays,
    doctor: options.doctor,
    eraser: options.eraser,
    fences: options.fences,
    jwtSecret: randomBytes(32).toString('hex'),
    isSecure: false,
    basemapFile: options.basemapFile,
    staticDir: options.staticDir ?? empty,
    dashboardsDir: new URL('../grafana/', import.meta.url),
    log: silentLog,
    now,
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    app,
    live,
    database,
    url,
    logIn: async (fleet, role) => {
      const answer = await app.inject({
        method: 'POST',
        url: '/api/login',
        payload: { email: fleet.email(role), password },
      });
      const [cookie] = answer.cookies;
      if (answer.statusCode !== 200 || !cookie) throw new Error(`log-in failed: ${answer.body}`);
      return `${cookie.name}=${cookie.value}`;
    },
    [Symbol.asyncDispose]: async () => {
      await app.close();
      live.close();
      await database.close();
      await rm(empty, { recursive: true });
    },
  };
}
