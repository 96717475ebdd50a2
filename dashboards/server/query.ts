import pg from 'pg';

/** Runs one statement and gives its rows. Values go apart from the text, always. */
export type Query = <Row extends object>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

/**
 * The only door to the database. Every transaction runs as the role paceline_web, which may read
 * nothing but what the setting paceline.fleet_id names, and may write only what 0007 grants.
 */
export type Database = {
  /** One transaction that sees one fleet; read only unless `write`. */
  readonly withFleet: <T>(
    fleetId: number,
    use: (query: Query) => Promise<T>,
    options?: FleetOptions,
  ) => Promise<T>;
  /** One transaction that sees no fleet: for logging in, and for asking whether the database is there. */
  readonly withoutFleet: <T>(use: (query: Query) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
};

export type FleetOptions = {
  readonly write?: boolean;
  /** Milliseconds a statement may take. */
  readonly timeout?: number;
};

const defaultTimeout = 10_000;

const oid = { int8: 20, date: 1082, timestamp: 1114, timestamptz: 1184, numeric: 1700 };

/** Everything numeric is a number here: identifiers stay far below 2^53, and JSON has no other. */
const parsers: Record<number, (text: string) => unknown> = {
  [oid.int8]: Number,
  [oid.numeric]: Number,
  [oid.date]: (text) => text,
};

export function openDatabase(
  databaseUrl: string,
  options: { readonly connections?: number; readonly onError?: (error: Error) => void } = {},
): Database {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: options.connections ?? 10,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    // Given at connection, so no statement ever runs as the owner.
    options: '-c role=paceline_web -c timezone=UTC',
    application_name: 'paceline web',
    types: {
      getTypeParser: (type: number, format?: 'text' | 'binary') =>
        parsers[type] ?? pg.types.getTypeParser(type, format as 'text'),
    } as pg.CustomTypesConfig,
  });
  // An idle connection that breaks (the server restarted) is replaced at the next query.
  pool.on('error', options.onError ?? (() => {}));

  const transact = async <T>(
    fleetId: number | undefined,
    use: (query: Query) => Promise<T>,
    { write = false, timeout = defaultTimeout }: FleetOptions,
  ): Promise<T> => {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      await client.query(write ? 'begin' : 'begin read only');
      await client.query(
        `select set_config('paceline.fleet_id', $1, true), set_config('statement_timeout', $2, true)`,
        [fleetId === undefined ? '' : String(fleetId), String(timeout)],
      );
      const result = await use(async (text, values = []) => {
        const answer = await client.query(text, [...values]);
        return answer.rows;
      });
      await client.query('commit');
      return result;
    } catch (thrown) {
      await client.query('rollback').catch((cause: Error) => {
        broken = cause;
      });
      throw thrown;
    } finally {
      client.release(broken);
    }
  };

  return {
    withFleet: (fleetId, use, fleetOptions = {}) => transact(fleetId, use, fleetOptions),
    withoutFleet: (use) => transact(undefined, use, {}),
    close: () => pool.end(),
  };
}
