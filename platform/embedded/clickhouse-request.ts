/**
 * What a request of ClickHouse's HTTP interface asks for, told apart as far as chDB needs it.
 * https://clickhouse.com/docs/interfaces/http
 */
export type ClickhouseRequest = {
  readonly kind: 'select' | 'insert' | 'statement';
  readonly sql: string;
  /** Output format of a query, input format of an insert. */
  readonly format: string;
  readonly database: string;
  /** Raw values as the interface transports them: escaped as in tab-separated files. */
  readonly params: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  /** An insert of the body's bytes. */
  readonly insert?: { readonly table: string; readonly columns: readonly string[] };
};

/** Parameters of the interface itself; every other one is a setting or a query parameter. */
const reserved = new Set([
  'query',
  'database',
  'user',
  'password',
  'query_id',
  'session_id',
  'session_timeout',
  'session_check',
  'close_session',
  'role',
  'default_format',
  'compress',
  'decompress',
  'wait_end_of_query',
  'enable_http_compression',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'buffer_size',
  'quota_key',
  'stacktrace',
]);

/** Formats whose pieces, one after the other, are the whole: they can be streamed. */
const streamed = new Set([
  'JSONEachRow',
  'JSONCompactEachRow',
  'JSONStringsEachRow',
  'JSONCompactStringsEachRow',
  'TabSeparated',
  'TSV',
  'CSV',
]);

export function isStreamed(format: string): boolean {
  return streamed.has(format);
}

const settingName = /^[a-z][a-z0-9_]*$/i;
const comments = /^(?:\s+|--[^\n]*\n|\/\*[\s\S]*?\*\/)+/;
const trailingFormat = /\bformat\s+([a-z0-9]+)\s*;?\s*$/i;
const insertOfBody =
  /^insert\s+into\s+(?:table\s+)?([\w.`"]+)\s*(?:\(([^)]*)\)\s*)?format\s+([a-z0-9]+)\s*;?\s*$/i;

/** `body` is the statement itself, or the rows of the insert that the URL holds. */
export function parseRequest(url: URL, body: Buffer): ClickhouseRequest {
  const inUrl = url.searchParams.get('query');
  const insert = insertOfBody.exec(strip(inUrl ?? ''));
  const settings: Record<string, string> = {};
  const params: Record<string, string> = {};
  for (const [name, value] of url.searchParams) {
    if (name.startsWith('param_')) params[name.slice(6)] = value;
    else if (!reserved.has(name) && settingName.test(name)) settings[name] = value;
  }
  const common = { database: url.searchParams.get('database') ?? 'default', params, settings };
  if (insert) {
    const [, table = '', columns, format = ''] = insert;
    const names = columns?.split(',').map(unquote) ?? [];
    return { ...common, kind: 'insert', sql: '', format, insert: { table: unquote(table), columns: names } };
  }
  const sql = strip([inUrl ?? '', body.toString('utf8')].filter((part) => part !== '').join('\n'));
  const format = trailingFormat.exec(sql)?.[1] ?? url.searchParams.get('default_format') ?? 'TabSeparated';
  return { ...common, kind: /^(select|with)\b/i.test(sql) ? 'select' : 'statement', sql, format };
}

function strip(sql: string): string {
  return sql.replace(comments, '').trimEnd();
}

function unquote(name: string): string {
  return name.trim().replaceAll(/[`"]/g, '');
}

/** A string literal of ClickHouse's SQL. */
export function literal(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** The exception code in an error text such as `Code: 60. DB::Exception: …`. */
export function exceptionCode(text: string): number | undefined {
  const [, code] = /^Code: (\d+)\./.exec(text) ?? [];
  return code === undefined ? undefined : Number(code);
}

/** ClickHouse's HTTP status for an exception; the client goes by the code, people by the status. */
export function statusOf(code: number | undefined): number {
  if (code === undefined) return 500;
  if ([60, 81, 16, 115, 47].includes(code)) return 404;
  if ([62, 36, 42, 43, 53, 456, 457, 27, 117].includes(code)) return 400;
  if (code === 516) return 403;
  if (code === 202) return 503;
  if (code === 159) return 408;
  return 500;
}
