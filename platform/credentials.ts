import { randomBytes, type ScryptOptions, scrypt } from 'node:crypto';

/** What people read off a screen and type: no letter that looks like another, 80 bits. */
export function generatePassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789x';
  const text = Array.from(randomBytes(16), (byte) => letters[byte & 31]).join('');
  return text.replace(/(.{4})(?=.)/g, '$1-');
}

/** 32 MiB and a tenth of a second a guess; parameters travel with the hash and can be raised later. */
const cost = { N: 2 ** 15, r: 8, p: 1 };

/** People's passwords: `scrypt$N$r$p$salt$hash`, base64url, so that a guess is expensive. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, 32, { ...cost, maxmem: 256 * cost.N * cost.r });
  const { N, r, p } = cost;
  return ['scrypt', N, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

function derive(password: string, salt: Buffer, bytes: number, options: ScryptOptions): Promise<Buffer> {
  return new Promise((done, fail) => {
    scrypt(password, salt, bytes, options, (error, key) => (error ? fail(error) : done(key)));
  });
}
