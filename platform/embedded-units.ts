import { join } from 'node:path';
import type { Log } from '../schemas/program.ts';
import { type EmbeddedClickhouse, openClickhouse } from './embedded/clickhouse.ts';
import { type Exit, openPostgres } from './embedded/postgres.ts';
import type { Running, Unit } from './supervisor.ts';

type Server = {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly close: () => Promise<void>;
};

/**
 * The embedded PostgreSQL under the supervisor. `url` is that of the first start: it keeps its port
 * and password, so that whoever knows it reaches it again after a crash.
 */
export function postgresUnit(folder: string, port: number, log: Log): Unit & { readonly url: () => string } {
  let url = '';
  let taken = port;
  return {
    name: 'postgres',
    url: () => url,
    start: async () => {
      const server = await openPostgres({ folder: join(folder, 'postgres'), port: taken, log });
      url = server.url;
      taken = server.port;
      return running(server);
    },
  };
}

/** The embedded ClickHouse, opened once already: whether it can run here is known before. */
export function clickhouseUnit(first: EmbeddedClickhouse, folder: string, log: Log): Unit {
  const password = decodeURIComponent(new URL(first.url).password);
  let next: EmbeddedClickhouse | undefined = first;
  return {
    name: 'clickhouse',
    start: async () => {
      const server = next ?? (await openClickhouse({ folder, port: first.port, password, log }));
      next = undefined;
      if ('unavailable' in server) throw new Error(server.unavailable);
      return running(server);
    },
  };
}

function running(server: Server): Running {
  return {
    pid: server.pid,
    exited: server.exited.then(({ code, signal }) => `it ended with ${signal ?? `code ${code}`}`),
    stop: server.close,
    kill: () => {
      try {
        process.kill(server.pid, 'SIGKILL');
      } catch {
        // It has gone already.
      }
    },
  };
}
