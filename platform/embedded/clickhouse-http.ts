import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { RawInsertFormat, Session } from 'chdb';
import { asError } from '../../schemas/fault.ts';
import {
  type ClickhouseRequest,
  exceptionCode,
  isStreamed,
  literal,
  parseRequest,
  statusOf,
} from './clickhouse-request.ts';
import { createSessionPool, fresh, type Lease, PoolBusy, type SessionPool } from './clickhouse-sessions.ts';

const BODY_BYTES_MAX = 256 * 1024 * 1024;
const inflate = promisify(gunzip);

type Summary = { readonly written_rows: string; readonly written_bytes: string; readonly elapsed_ns: string };

/**
 * ClickHouse's HTTP interface over chDB, as much of it as its client libraries use. What the product
 * says to a real server it can say to this one.
 */
export function createClickhouseServer({
  open,
  password,
}: {
  readonly open: () => Session;
  readonly password: string;
}): { readonly server: Server; readonly close: () => void } {
  // Inserts have sessions of their own, so that slow questions do not hold up the feed.
  const queries = createSessionPool(open, 4);
  const inserts = createSessionPool(open, 2);
  const server = createServer((request, response) => {
    void answer(request, response, { open, password, queries, inserts }).catch((thrown) => {
      fail(response, asError(thrown).message, thrown instanceof PoolBusy ? 202 : undefined);
    });
  });
  server.requestTimeout = 0;
  const close = () => {
    server.close();
    server.closeIdleConnections();
    queries.close();
    inserts.close();
  };
  return { server, close };
}

type Rooms = {
  readonly open: () => Session;
  readonly password: string;
  readonly queries: SessionPool;
  readonly inserts: SessionPool;
};

async function answer(request: IncomingMessage, response: ServerResponse, rooms: Rooms): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (url.pathname === '/ping' || (url.pathname === '/' && request.method === 'GET' && url.search === '')) {
    response.end('Ok.\n');
    return;
  }
  if (!isAllowed(request, url, rooms.password)) {
    fail(response, 'Code: 516. DB::Exception: wrong user or password. (AUTHENTICATION_FAILED)', 516);
    return;
  }
  const body = await readBody(request);
  if (body === undefined) {
    fail(response, `Code: 307. DB::Exception: more than ${BODY_BYTES_MAX} bytes. (TOO_MANY_BYTES)`, 307);
    return;
  }
  const parsed = parseRequest(url, body);
  const queryId = url.searchParams.get('query_id');
  if (queryId !== null) response.setHeader('X-ClickHouse-Query-Id', queryId);
  response.setHeader('X-ClickHouse-Timezone', 'UTC');
  const use = (lease: Lease) => run(parsed, body, lease, response);
  if (parsed.settings.readonly !== undefined) {
    // A session once read-only stays so: it gets one of its own.
    const lease = fresh(rooms.open);
    await use(lease).finally(() => lease.session.close());
  } else {
    await (parsed.kind === 'insert' ? rooms.inserts : rooms.queries).withSession(use);
  }
}

async function run(
  request: ClickhouseRequest,
  body: Buffer,
  lease: Lease,
  response: ServerResponse,
): Promise<void> {
  const { session } = lease;
  let settled = false;
  try {
    await prepare(request, lease);
    settled = true;
    if (request.insert) {
      await insertBody(request, request.insert, body, session, response);
    } else if (request.kind === 'select' && isStreamed(request.format)) {
      await streamQuery(request, session, response);
    } else {
      const result = await session.queryAsync(request.sql, { format: request.format });
      head(response, request.format);
      response.end(result.bytes());
    }
  } catch (thrown) {
    const text = asError(thrown).message;
    fail(response, text, exceptionCode(text));
  } finally {
    if (settled) await reset(request, session);
  }
}

/** Puts database, parameters and settings of the request into the session. */
async function prepare(request: ClickhouseRequest, lease: Lease): Promise<void> {
  const { session } = lease;
  if (request.database !== lease.database) {
    await session.queryAsync(`use \`${request.database.replaceAll('`', '')}\``);
    lease.database = request.database;
  }
  for (const name of lease.params) {
    // Set by an earlier request: a server would not know it, so it must not silently have a value.
    if (!(name in request.params) && new RegExp(`\\{\\s*${name}\\s*:`).test(request.sql)) {
      throw new Error(
        `Code: 456. DB::Exception: Substitution \`${name}\` is not set. (UNKNOWN_QUERY_PARAMETER)`,
      );
    }
  }
  const assignments = [];
  for (const [name, value] of Object.entries(request.params)) {
    if (!/^\w+$/.test(name)) throw new Error(`Code: 36. DB::Exception: bad parameter name. (BAD_ARGUMENTS)`);
    lease.params.add(name);
    assignments.push(`param_${name} = ${literal(value)}`);
  }
  for (const [name, value] of Object.entries(request.settings)) {
    if (name !== 'readonly') assignments.push(`${name} = ${literal(value)}`);
  }
  if (assignments.length > 0) await session.queryAsync(`set ${assignments.join(', ')}`);
  if (request.settings.readonly)
    await session.queryAsync(`set readonly = ${literal(request.settings.readonly)}`);
}

/** Settings of one request must not leak into the next. */
async function reset(request: ClickhouseRequest, session: Session): Promise<void> {
  const names = Object.keys(request.settings);
  if (names.length === 0 || request.settings.readonly !== undefined) return;
  await session.queryAsync(`set ${names.map((name) => `${name} = default`).join(', ')}`);
}

async function insertBody(
  request: ClickhouseRequest,
  { table, columns }: NonNullable<ClickhouseRequest['insert']>,
  body: Buffer,
  session: Session,
  response: ServerResponse,
): Promise<void> {
  const format = request.format as RawInsertFormat;
  const result = await session.insert({
    table,
    values: body,
    format,
    ...(columns.length > 0 && { columns }),
  });
  const summary: Summary = {
    written_rows: String(result.rowsWritten),
    written_bytes: String(result.bytesWritten),
    elapsed_ns: String(Math.round(result.elapsed * 1e9)),
  };
  response.setHeader('X-ClickHouse-Summary', JSON.stringify(summary));
  head(response, request.format);
  response.end();
}

async function streamQuery(
  request: ClickhouseRequest,
  session: Session,
  response: ServerResponse,
): Promise<void> {
  const stream = session.queryStream(request.sql, { format: request.format });
  for await (const chunk of stream) {
    // The caller has hung up: leaving the loop cancels the query.
    if (response.destroyed) return;
    if (!response.headersSent) head(response, request.format);
    if (!response.write(chunk.raw())) await drained(response);
  }
  if (!response.headersSent) head(response, request.format);
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((done) => {
    const settle = () => {
      response.off('drain', settle);
      response.off('close', settle);
      done();
    };
    response.on('drain', settle);
    response.on('close', settle);
  });
}

function head(response: ServerResponse, format: string): void {
  const type = format.startsWith('JSON') ? 'application/json' : 'text/plain';
  response.writeHead(200, { 'Content-Type': `${type}; charset=UTF-8`, 'X-ClickHouse-Format': format });
}

function fail(response: ServerResponse, text: string, code: number | undefined): void {
  // Half an answer is out: only breaking the connection says that the rest will not come.
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const headers: Record<string, string> = { 'Content-Type': 'text/plain; charset=UTF-8' };
  if (code !== undefined) headers['X-ClickHouse-Exception-Code'] = String(code);
  response.writeHead(statusOf(code), headers).end(`${text}\n`);
}

function isAllowed(request: IncomingMessage, url: URL, password: string): boolean {
  const [scheme, basic] = (request.headers.authorization ?? '').split(' ');
  const fromBasic =
    scheme?.toLowerCase() === 'basic'
      ? Buffer.from(basic ?? '', 'base64')
          .toString('utf8')
          .split(':')
          .slice(1)
          .join(':')
      : undefined;
  const offered = fromBasic ?? request.headers['x-clickhouse-key'] ?? url.searchParams.get('password') ?? '';
  const [a, b] = [Buffer.from(String(offered)), Buffer.from(password)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The whole body, or undefined when it is larger than we take. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  return request.headers['content-encoding'] === 'gzip'
    ? inflate(body, { maxOutputLength: BODY_BYTES_MAX })
    : body;
}
