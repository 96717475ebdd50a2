import { createHash, randomBytes } from 'node:crypto';

/** A secret in the clear, to be shown once, and as the tables keep it. */
export type NewSecret = {
  readonly secret: string;
  readonly hash: string;
  /** The same for brokers that are not ours. */
  readonly brokerHash: string;
};

/** Secrets of devices and gateways: 192 bits, so one round of a hash keeps them. */
export function generateSecret(): string {
  return randomBytes(24).toString('base64url');
}

/** `sha256$<salt>$<hash of salt and secret>`, base64url. Our broker checks one per connection. */
export function hashSecret(secret: string): string {
  const salt = randomBytes(16);
  const hash = createHash('sha256').update(salt).update(secret, 'utf8').digest();
  return `sha256$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

/**
 * `$6$salt$hash`, base64: SHA-512 of secret and salt, as mosquitto_passwd writes it. The salt is twelve
 * letters: Mosquitto takes twelve bytes, and EMQX text.
 */
export function hashForBrokers(secret: string): string {
  const salt = randomBytes(9).toString('base64url');
  const hash = createHash('sha512').update(secret, 'utf8').update(salt, 'ascii').digest();
  return `$6$${Buffer.from(salt, 'ascii').toString('base64')}$${hash.toString('base64')}`;
}

export function newSecret(): NewSecret {
  const secret = generateSecret();
  return { secret, hash: hashSecret(secret), brokerHash: hashForBrokers(secret) };
}
