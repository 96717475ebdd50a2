import { type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/**
 * A well-formed hash that no password matches: comparing with it makes an unknown account cost as
 * much time as a known one, so the answer's delay says nothing about who has an account.
 */
const nobody = `scrypt$32768$8$1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** Whether `password` is the one kept as `scrypt$N$r$p$salt$hash`; false when there is none. */
export async function passwordMatches(password: string, kept: string | undefined): Promise<boolean> {
  const [scheme, cost, blockSize, parallelization, salt, hash] = (kept ?? nobody).split('$');
  if (scheme !== 'scrypt' || salt === undefined || hash === undefined) return false;
  const wanted = Buffer.from(hash, 'base64url');
  const N = Number(cost);
  const r = Number(blockSize);
  const got = await derive(password, Buffer.from(salt, 'base64url'), wanted.length, {
    N,
    r,
    p: Number(parallelization),
    // Twice what scrypt needs (128·N·r bytes); Node's default of 32 MiB refuses N = 2^15, r = 8.
    maxmem: 256 * N * r,
  });
  return timingSafeEqual(got, wanted) && kept !== undefined;
}

function derive(password: string, salt: Buffer, bytes: number, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, bytes, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
