import pg from 'pg';

/** Runs one statement and gives its rows. Values go apart from the text, always. */
export type Query = {
  <Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The same for a statement whose columns nobody knows: one of a dashboard's file. */
  readonly table: (text: string) => Promise<Table>;
};

export type Table = {
  readonly columns: readonly { readonly name: string; readonly kind: 'time' | 'number' | 'text' }[];
  /** Row-major; instants are seconds since the epoch. */
  readonly rows: readonly (readonly (number | string | null)[])[];
};

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

const oid = {
  int8: 20,
  int2: 21,
  int4: 23,
  float4: 700,
  float8: 701,
  date: 1082,
  timestamptz: 1184,
  numeric: 1700,
};
const numbers = [oid.int8, oid.int2, oid.int4, oid.float4, oid.float8, oid.numeric];

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
      const result = await use(queryOf(client));
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

function queryOf(client: pg.PoolClient): Query {
  const query = async <Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> => {
    const answer = await client.query<Row>(text, [...values]);
    return answer.rows;
  };
  const table = async (text: string): Promise<Table> => {
    // The extended protocol takes one statement only, whatever the text says.
    const statement = { text, rowMode: 'array', queryMode: 'extended' };
    const answer: pg.QueryArrayResult<unknown[]> = await client.query(statement as pg.QueryArrayConfig);
    const columns = answer.fields.map(({ name, dataTypeID }) => ({ name, kind: kindOf(name, dataTypeID) }));
    return { columns, rows: answer.rows.map((row) => row.map(cell)) };
  };
  return Object.assign(query, { table });
}

/** As Grafana has it: a number called "time" is an instant too. */
function kindOf(name: string, type: number): Table['columns'][number]['kind'] {
  if (type === oid.timestamptz) return 'time';
  if (!numbers.includes(type)) return 'text';
  return name === 'time' ? 'time' : 'number';
}

function cell(value: unknown): number | string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.getTime() / 1000;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
