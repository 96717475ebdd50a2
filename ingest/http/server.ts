import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Log } from '../../schemas/program.ts';
import { deviceTopic, topicName } from '../../schemas/topics.ts';
import { admitting } from '../access/credentials.ts';
import type { Directory } from '../access/directory.ts';
import type { Address, Delivery, Message } from '../broker/delivery.ts';
import { type Listen, listen } from '../broker/listen.ts';
import type { Certificates, IngestLimits } from '../config.ts';
import { deviceNamed, type FormatRegistry, type Route } from '../formats/registry.ts';
import { type Claim, targetOf } from './credential.ts';

export type HttpIngestOptions = {
  readonly listen: Listen;
  /** Then it is https. */
  readonly tls?: Certificates | undefined;
  readonly directory: Directory;
  readonly formats: FormatRegistry;
  readonly limits: IngestLimits;
  readonly log: Log;
  /** The wall clock, an instant. */
  readonly now: () => number;
  readonly receive: (message: Message) => void;
  /** 1 is where senders are asked to come again. */
  readonly fullness: () => number;
};

export type HttpIngest = AsyncDisposable & { readonly port: number; readonly recheck: () => void };

const RETRY_SECONDS = 5;
const HEADERS_MS = 10_000;
const REQUEST_MS = 30_000;
const IDLE_MS = 65_000;

/** An answer: what a program reads, and a sentence for a person. */
type Reply = {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
};

/**
 * Fixes over HTTP, with the guarantees of the broker: 200 means committed. Paths:
 *
 *   POST      /ingest/{telemetry|stops|answers}   our own messages, as on that topic of the device
 *   POST, GET /ingest/{format}                    a foreign format by its name; `osmand` is `traccar`
 *   POST, GET /                                   as /ingest/osmand, where apps have no path
 *
 * A gateway says for which device with one more part, unless the payload says it.
 */
export async function openHttpIngest(options: HttpIngestOptions): Promise<HttpIngest> {
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    serve(options, request).then(
      (reply) => answer(request, response, reply),
      (error) => {
        // Whoever hung up in the middle of a request needs no answer.
        if (response.destroyed) return;
        options.log.warn({ reason: String(error) }, 'cannot answer a request');
        answer(request, response, busy('the server cannot check it now'));
      },
    );
  };
  const { tls } = options;
  const server =
    tls === undefined
      ? createServer(onRequest)
      : createSecureServer({ cert: tls.cert, key: tls.key }, onRequest);
  server.maxConnections = options.limits.connections;
  server.headersTimeout = HEADERS_MS;
  server.requestTimeout = REQUEST_MS;
  server.keepAliveTimeout = IDLE_MS;
  const port = await listen(server, options.listen, 'HTTP ingest');
  return {
    port,
    // Each request brings its credential.
    recheck() {},
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function serve(options: HttpIngestOptions, request: IncomingMessage): Promise<Reply> {
  const { formats, fullness, now, limits } = options;
  const target = targetOf(request);
  if (target === undefined) return problem(400, 'path', 'the path is no URL path');
  const place = placeOf(target.path, formats);
  if (place === undefined) {
    return problem(404, 'path', 'send to /ingest/telemetry, /ingest/stops or /ingest/{format}');
  }
  if (request.method !== 'POST' && !(request.method === 'GET' && place.takesQuery)) {
    return { ...problem(405, 'method', 'send it with POST'), headers: { Allow: 'POST' } };
  }
  if (fullness() >= 1) return busy('too much waits to be stored');
  const mayRegister = target.claim && (await admitted(options, target.claim));
  if (target.claim === undefined || mayRegister === undefined) {
    return {
      ...problem(401, 'credential', 'user name and secret are missing or wrong'),
      headers: { 'WWW-Authenticate': 'Basic realm="Paceline ingest", charset="UTF-8"' },
    };
  }
  const body = await bodyOf(request, limits.messageBytes);
  const payload = body.length > 0 || !place.takesQuery ? body : Buffer.from(target.query.toString());
  if (payload.length === 0) return problem(400, 'shape', 'it is empty');
  const address = addressOf(target.claim, place, payload);
  if (address === 'foreign') return problem(403, 'device', 'a device may speak for itself only');
  const { fleet } = target.claim.identity;
  const device = address?.device ?? '';
  const topic =
    place.route === undefined
      ? deviceTopic({ fleet, device, channel: place.channel })
      : `http/${place.name}/${device}`;
  const received = Math.round(now() * 1000) / 1000;
  return store(options, { topic, address, fleet, payload, received, mayRegister }, place);
}

type Place = {
  readonly name: string;
  readonly channel: 'telemetry' | 'stops' | 'answers';
  readonly route: Route | undefined;
  readonly device: string | undefined;
  /** Whether the query of the URL may be the payload. */
  readonly takesQuery: boolean;
};

function placeOf([root, name = 'osmand', device, ...rest]: readonly string[], formats: FormatRegistry) {
  if ((root !== undefined && root !== 'ingest') || rest.length > 0) return undefined;
  const place = (route: Route | undefined, channel: Place['channel'], takesQuery: boolean): Place => ({
    ...{ name, channel, route, device, takesQuery },
  });
  if (name === 'telemetry' || name === 'stops' || name === 'answers') return place(undefined, name, false);
  const format = name === 'osmand' ? 'traccar' : name;
  const route = formats.named(format);
  return route === undefined ? undefined : place(route, 'telemetry', format === 'traccar');
}

/** Whose data it is; a device speaks for itself whatever its payload says, a gateway for whom it names. */
function addressOf({ identity }: Claim, place: Place, payload: Uint8Array): Address | 'foreign' | undefined {
  const { channel, route } = place;
  const { fleet } = identity;
  if (identity.kind === 'device') {
    const isOther = place.device !== undefined && place.device !== identity.device;
    return isOther ? 'foreign' : { fleet, device: identity.device, channel, route };
  }
  const device = place.device ?? (route === undefined ? undefined : deviceNamed(route, payload));
  if (device === undefined || !topicName.test(device)) return undefined;
  return { fleet, device, channel, route };
}

/** Whether who asks may make devices known; undefined: it is not who it says. */
async function admitted({ directory, now }: HttpIngestOptions, claim: Claim): Promise<boolean | undefined> {
  for (const isLast of [false, true]) {
    const credential = directory.credential(claim.identity);
    if (credential !== undefined && admitting(credential, Buffer.from(claim.secret), now()) !== undefined) {
      return credential.mayRegister;
    }
    // It may be newer than what we hold. The wait in `refresh` also slows down those who guess.
    if (!isLast) await directory.refresh();
  }
  return undefined;
}

/** The body, or a little more of it than is allowed, so that it can be refused by its size. */
async function bodyOf(request: IncomingMessage, max: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > max) break;
  }
  return Buffer.concat(chunks).subarray(0, max + 1);
}

/** Resolves after the commit that holds all of the message, to what became of it. */
function store(
  { receive }: HttpIngestOptions,
  message: Omit<Message, 'acknowledge' | 'judged'>,
  place: Place,
): Promise<Reply> {
  return new Promise((resolve) => {
    let judged: Delivery | undefined;
    receive({
      ...message,
      judged: (delivery) => {
        judged = delivery;
      },
      acknowledge: () => resolve(replyOf(judged, place)),
    });
  });
}

function replyOf(delivery: Delivery | undefined, place: Place): Reply {
  if (delivery === undefined) return { status: 200, body: {} };
  const { fixes, reports, answers = [], rejections, knock } = delivery;
  if (knock !== undefined) {
    return problem(
      403,
      'unknown_device',
      `${knock.device} is not known in this fleet; it is listed to be claimed`,
    );
  }
  const accepted = fixes.length + reports.length + answers.length;
  const [first] = rejections;
  if (first !== undefined && accepted === 0) {
    return problem(first.reason === 'too_large' ? 413 : 400, first.reason, first.detail);
  }
  // OwnTracks reads its answer as a list of messages to it.
  if (place.name === 'owntracks') return { status: 200, body: [] };
  const refused = rejections.map(({ reason, detail }) => ({ reason, detail }));
  return { status: 200, body: { accepted, rejected: refused } };
}

const problem = (statusCode: number, code: string, message: string): Reply => ({
  status: statusCode,
  body: { statusCode, code, message },
});

const busy = (message: string): Reply => ({
  ...problem(503, 'busy', message),
  headers: { 'Retry-After': String(RETRY_SECONDS) },
});

function answer(request: IncomingMessage, response: ServerResponse, { status, body, headers }: Reply): void {
  if (response.destroyed) return;
  const text = JSON.stringify(body);
  // What of the request was not read would be taken for the next one.
  const isWhole = request.complete || request.method === 'GET';
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    ...(isWhole ? {} : { Connection: 'close' }),
    ...headers,
  });
  response.end(text);
}
