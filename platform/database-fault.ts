import { asError, Fault } from '../schemas/fault.ts';

/** What PostgreSQL or the network said, as a fault; whatever is no matter of theirs stays as it is. */
export function databaseFault(thrown: unknown, url: string): unknown {
  if (thrown instanceof Fault) return thrown;
  const error = asError(thrown);
  const code = codeOf(error);
  const where = withoutPassword(url);
  // pg names the state of the server in five characters, Node the state of the network in words.
  if (/^(28|3D)/.test(code)) {
    return new Fault('database/refused', `the database at ${where} refuses us (${error.message})`, {
      cause: error,
    });
  }
  if (code === '53100') {
    return new Fault('data/full', `the database at ${where} has no space left (${error.message})`, {
      cause: error,
    });
  }
  if (
    /^(ECONN|ENOTFOUND|EAI_|EHOST|ENET|ETIMEDOUT|EPIPE|57P|08)/.test(code) ||
    /timeout|terminated/i.test(error.message)
  ) {
    const why = error.message || code;
    return new Fault('database/unreachable', `the database at ${where} cannot be reached (${why})`, {
      cause: error,
    });
  }
  if (/^[0-9A-Z]{5}$/.test(code)) {
    return new Fault('database/failed', `the database at ${where} failed (${error.message})`, {
      cause: error,
    });
  }
  return thrown;
}

function codeOf(error: Error): string {
  const { code, cause } = error as Error & { code?: unknown };
  if (typeof code === 'string') return code;
  // Several addresses tried give one error with a list of causes; a migration wraps the server's.
  const inner = error instanceof AggregateError ? error.errors[0] : cause;
  return inner instanceof Error ? codeOf(inner) : '';
}

export function withoutPassword(url: string): string {
  try {
    const shown = new URL(url);
    return `${shown.host}${shown.pathname}`;
  } catch {
    return 'DATABASE_URL';
  }
}
