import type { IncomingMessage } from 'node:http';
import { type Identity, identityOf } from '../access/credentials.ts';

/** Who a request says it is from, and the secret that should prove it. */
export type Claim = {
  readonly identity: Exclude<Identity, { readonly kind: 'service' }>;
  readonly secret: string;
};

/** What of a request's target is no credential: the rest of its path, and its query without the secret. */
export type Target = {
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly claim: Claim | undefined;
};

/** No user name is this, so nobody comes in as the service. */
const NOBODY = '';

/**
 * Reads who asks. A header says it best: `Authorization: Basic` with the user name and secret of
 * MQTT, or `Bearer user name:secret`. Apps that send no header have it in their URL, as the last three
 * parts of the path, `/{fleet}/{device}/{secret}`, or as `fleet`, `id` and `key` of the query.
 */
export function targetOf({
  url = '/',
  headers,
}: Pick<IncomingMessage, 'url' | 'headers'>): Target | undefined {
  const [pathText = '', ...queryTexts] = url.split('?');
  const query = new URLSearchParams(queryTexts.join('?'));
  let path: string[];
  try {
    path = pathText
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    return undefined; // a % that begins no character
  }
  const byHeader = headers.authorization === undefined ? undefined : fromHeader(headers.authorization);
  if (byHeader !== undefined) return { path, query, claim: byHeader };
  const key = query.get('key');
  const fleet = query.get('fleet');
  if (key !== null && fleet !== null) {
    query.delete('key');
    const device = query.get('id') ?? query.get('deviceid') ?? '';
    return { path, query, claim: claimOf(`device:${fleet}/${device}`, key) };
  }
  if (path.length === 5) {
    const [, , named = '', device = '', secret = ''] = path;
    return { path: path.slice(0, 2), query, claim: claimOf(`device:${named}/${device}`, secret) };
  }
  return { path, query, claim: undefined };
}

function fromHeader(header: string): Claim | undefined {
  const [, scheme = '', rest = ''] = /^(\w+) +(.+)$/.exec(header.trim()) ?? [];
  const text = scheme.toLowerCase() === 'basic' ? Buffer.from(rest, 'base64').toString('utf8') : rest;
  // User names have a colon of their own; secrets, which we make, have none.
  const at = text.lastIndexOf(':');
  return at < 0 ? undefined : claimOf(text.slice(0, at), text.slice(at + 1));
}

function claimOf(username: string, secret: string): Claim | undefined {
  const identity = identityOf(username, NOBODY);
  return identity === undefined || identity.kind === 'service' ? undefined : { identity, secret };
}
