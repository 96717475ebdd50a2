/**
 * Grafana's SQL macros, as far as our panels use them, with the behaviour of its PostgreSQL data
 * source (grafana.com/docs/grafana/latest/datasources/postgres/#macros): plain text replacement, and
 * a macro ends at the first closing bracket. Runs on the server only, over a file of ours; what
 * comes from the browser is instants and the values of variables, and every value is quoted.
 */
export type MacroScope = {
  /** The time range, instants. */
  readonly from: number;
  readonly until: number;
  /** Seconds between two points that the panel can show. */
  readonly interval: number;
  /** The values of each variable, checked already (variables.ts). */
  readonly variables: ReadonlyMap<string, readonly string[]>;
};

/** A mistake in a dashboard file. */
export class MacroError extends Error {}

// One pass, so that nothing that was put in is read again.
const pattern = /\$__(\w+)(?:\(([^)]*)\))?|\$\{(\w+)(?::(\w+))?\}|\$(\w+)/g;

/** The statement to run. */
export function expandSql(sql: string, scope: MacroScope): string {
  return sql.replace(
    pattern,
    (whole, macro?: string, inside?: string, braced?: string, format?: string, bare?: string) => {
      if (macro !== undefined) return expandMacro(macro, inside, scope);
      if (braced !== undefined && format === 'sqlstring') return expandVariable(braced, scope);
      throw new MacroError(`write \${${braced ?? bare}:sqlstring} instead of ${whole}`);
    },
  );
}

function expandMacro(macro: string, inside: string | undefined, scope: MacroScope): string {
  const { from, until, interval } = scope;
  const args = (inside ?? '').split(',').map((arg) => arg.trim());
  const [column = '', step = ''] = args;
  switch (macro) {
    case 'interval':
      return `${interval}s`;
    case 'interval_ms':
      return String(interval * 1000);
    case 'time':
      return `${named(macro, column)} as "time"`;
    case 'timeFilter':
      return `${named(macro, column)} between ${instant(from)} and ${instant(until)}`;
    case 'timeFrom':
      return instant(from);
    case 'timeTo':
      return instant(until);
    case 'timeGroup':
      return timeGroup(named(macro, column), step, interval);
    case 'timeGroupAlias':
      return `${timeGroup(named(macro, column), step, interval)} as "time"`;
    case 'unixEpochFilter':
      return `${named(macro, column)} >= ${Math.floor(from)} and ${named(macro, column)} <= ${Math.floor(until)}`;
    default:
      throw new MacroError(`$__${macro} is no macro that we know`);
  }
}

function named(macro: string, column: string): string {
  if (!/^[a-z_][\w.]*$/i.test(column)) throw new MacroError(`$__${macro} needs the name of a column`);
  return column;
}

function timeGroup(column: string, step: string, interval: number): string {
  const seconds = step === '$__interval' ? interval : secondsOf(step.replaceAll("'", ''));
  if (seconds === undefined) throw new MacroError(`${step} is no time step`);
  return `floor(extract(epoch from ${column})/${seconds})*${seconds}`;
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds of "30s", "5m", "1h" …; undefined when it is none. */
export function secondsOf(step: string): number | undefined {
  const [, amount, unit] = /^(\d+)([smhdw])$/.exec(step) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return Number(amount) * unitSeconds[unit]!;
}

function instant(at: number): string {
  return quote(new Date(at * 1000).toISOString());
}

function expandVariable(name: string, { variables }: MacroScope): string {
  const values = variables.get(name);
  if (!values) throw new MacroError(`there is no variable ${name}`);
  // No value at all must match nothing, and still be a list.
  return values.length === 0 ? 'null' : values.map(quote).join(',');
}

/** A string literal (standard_conforming_strings is on, so a backslash is one). */
export function quote(value: string): string {
  return `'${value.replaceAll('\0', '').replaceAll("'", "''")}'`;
}

const niceSteps = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
];

/** Seconds between points: so many that `points` fill the range, rounded up, and no less than `least`. */
export function intervalFor(range: number, points: number, least: number): number {
  const exact = Math.max(range / Math.max(1, points), least);
  return niceSteps.find((step) => step >= exact) ?? Math.ceil(exact / 86_400) * 86_400;
}
