import { createHash, timingSafeEqual } from 'node:crypto';
import { topicName } from '../../schemas/topics.ts';

/** Who is on the other end of a connection. */
export type Identity =
  | { readonly kind: 'service' }
  | { readonly kind: 'device'; readonly fleet: string; readonly device: string }
  | { readonly kind: 'gateway'; readonly fleet: string; readonly gateway: string };

/**
 * The identity a user name claims: `service`, `device:{fleet}/{device}` or `gateway:{fleet}/{name}`. Also
 * `{fleet}/device/{device}` and `{fleet}/gateway/{name}`, which Mosquitto can hold in its password file.
 */
export function identityOf(username: string, service: string): Identity | undefined {
  if (username === service) return { kind: 'service' };
  const ours = /^(device|gateway):([^/]+)\/([^/]+)$/.exec(username);
  const [, fleetFirst = '', kindSecond, nameLast = ''] =
    /^([^/]+)\/(device|gateway)\/([^/]+)$/.exec(username) ?? [];
  const [, kind = kindSecond, fleet = fleetFirst, name = nameLast] = ours ?? [];
  if (!topicName.test(fleet) || !topicName.test(name)) return undefined;
  if (kind === 'device') return { kind, fleet, device: name };
  if (kind === 'gateway') return { kind, fleet, gateway: name };
  return undefined;
}

/** What is kept of a credential. */
export type Credential = {
  readonly secretHash: string;
  /** The secret before the last rotation, and the instant until which it still opens. */
  readonly former?: { readonly secretHash: string; readonly until: number } | undefined;
  readonly mayRegister: boolean;
};

/** The hash that a secret opens now: of the secret in force, or of the former one while the two overlap. */
export function admitting(credential: Credential, secret: Uint8Array, now: number): string | undefined {
  return hashesInForce(credential, now).find((hash) => isSecret(secret, hash));
}

/** Whether whoever came in by this hash may stay. */
export function isInForce(credential: Credential, secretHash: string, now: number): boolean {
  return hashesInForce(credential, now).includes(secretHash);
}

function hashesInForce({ secretHash, former }: Credential, now: number): string[] {
  return former !== undefined && now < former.until ? [secretHash, former.secretHash] : [secretHash];
}

/**
 * Whether `secret` is the one kept as `sha256$salt$hash` (salt and hash base64url). One round is
 * enough because secrets are generated with 128 bits or more; compared in constant time.
 */
export function isSecret(secret: Uint8Array, kept: string): boolean {
  const [scheme, salt, hash, ...rest] = kept.split('$');
  if (scheme !== 'sha256' || salt === undefined || hash === undefined || rest.length > 0) return false;
  const expected = Buffer.from(hash, 'base64url');
  const actual = createHash('sha256').update(Buffer.from(salt, 'base64url')).update(secret).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

/** Whether two secrets held in the clear are equal, in constant time whatever their lengths. */
export function isSameSecret(a: Uint8Array, b: Uint8Array): boolean {
  const digest = (secret: Uint8Array) => createHash('sha256').update(secret).digest();
  return timingSafeEqual(digest(a), digest(b));
}
