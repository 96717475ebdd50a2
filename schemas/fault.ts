/**
 * The error index: what can be wrong with the world around us, what it means and what to do.
 * `exit` is the exit code of a process that gives up for this reason. Codes are never reused.
 */
export const faults = {
  'config/invalid': { exit: 2, remedy: 'correct the variable or flag it names; see .env.example' },
  'port/taken': { exit: 3, remedy: 'stop the other program or choose another port' },
  'data/locked': { exit: 4, remedy: 'another Paceline uses this folder; stop it or pass --data' },
  'data/full': {
    exit: 5,
    remedy: 'free disk space; ingest resumes by itself and nothing acknowledged is lost',
  },
  'data/unusable': { exit: 5, remedy: 'make the data folder writable, or pass another with --data' },
  'database/unreachable': { exit: 6, remedy: 'start the database or correct DATABASE_URL' },
  'database/refused': { exit: 6, remedy: 'correct user, password or database in DATABASE_URL' },
  'database/failed': { exit: 6, remedy: 'read the database’s own message that follows' },
  'database/missing': { exit: 6, remedy: 'run `npm install` on a supported platform, or set DATABASE_URL' },
  'analytics/missing': { exit: 7, remedy: 'install the optional chdb package or set CLICKHOUSE_URL' },
  'analytics/unreachable': { exit: 7, remedy: 'start ClickHouse or correct CLICKHOUSE_URL' },
  'broker/unreachable': { exit: 8, remedy: 'start the broker or correct MQTT_URL' },
  'broker/refused': { exit: 8, remedy: 'correct the MQTT user name, password or access list' },
  'input/invalid': { exit: 9, remedy: 'correct the file or argument it names' },
  'tool/missing': {
    exit: 11,
    remedy:
      'install k6 1.0 or newer from its releases, or with Go by `go install .` in platform/load/extension; K6_BIN may name it',
  },
  'tool/failed': { exit: 11, remedy: 'read its own lines above' },
  'process/crashed': { exit: 10, remedy: 'read the log lines above; it is restarted with back-off' },
} as const;

export type FaultCode = keyof typeof faults;

/** The world is wrong: thrown to the one place that retries or gives up. Never for bad data. */
export class Fault extends Error {
  readonly code: FaultCode;

  constructor(code: FaultCode, detail: string, options: { readonly cause?: unknown } = {}) {
    super(detail, options);
    this.name = 'Fault';
    this.code = code;
  }

  /** One sentence for a person: what, where, and how to fix it. */
  get sentence(): string {
    return `${this.message} — ${faults[this.code].remedy}. [${this.code}]`;
  }

  get exitCode(): number {
    return faults[this.code].exit;
  }
}

/** Whatever was thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** We are wrong: stop, loudly. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`bug: ${message}`);
}
