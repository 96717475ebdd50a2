import type { Session } from 'chdb';

/** One chDB session and what earlier requests left in it. A session runs one statement at a time. */
export type Lease = {
  readonly session: Session;
  database: string;
  /** Names of query parameters that some request has set; chDB cannot unset them. */
  readonly params: Set<string>;
};

export type SessionPool = {
  /** Runs `use` with a session of its own, waiting in line for one. */
  readonly withSession: <T>(use: (lease: Lease) => Promise<T>) => Promise<T>;
  readonly close: () => void;
};

/** The line is full: the caller is told, rather than kept. */
export class PoolBusy extends Error {
  override readonly name = 'PoolBusy';
}

const WAITING_MAX = 256;

/**
 * `size` sessions on one data folder. Sessions of one process run side by side, queries of one
 * session do not: a fast query would wait for a slow one.
 */
export function createSessionPool(open: () => Session, size: number): SessionPool {
  const all: Lease[] = Array.from({ length: size }, () => fresh(open));
  const idle = [...all];
  const waiting: ((lease: Lease) => void)[] = [];

  const take = (): Promise<Lease> => {
    const lease = idle.pop();
    if (lease !== undefined) return Promise.resolve(lease);
    if (waiting.length >= WAITING_MAX) return Promise.reject(new PoolBusy('too many queries wait'));
    return new Promise((done) => waiting.push(done));
  };

  const give = (lease: Lease) => {
    const next = waiting.shift();
    if (next) next(lease);
    else idle.push(lease);
  };

  return {
    withSession: async (use) => {
      const lease = await take();
      try {
        return await use(lease);
      } finally {
        give(lease);
      }
    },
    close: () => {
      for (const { session } of all) session.close();
    },
  };
}

export function fresh(open: () => Session): Lease {
  return { session: open(), database: 'default', params: new Set() };
}
