/** A seeded source of chance: the same seed gives the same numbers on every machine. */
export type Random = {
  /** Uniform in [0, 1). */
  readonly next: () => number;
  /** Uniform integer in [0, below). */
  readonly integer: (below: number) => number;
  /** Uniform in [from, to). */
  readonly between: (from: number, to: number) => number;
  /** Standard normal (Box–Muller). */
  readonly normal: () => number;
  /** exp of a normal with these parameters. */
  readonly lognormal: (mu: number, sigma: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(from: readonly T[]) => T;
  /** Passes over so many numbers, two for a normal one: what follows is as if they had been used. Gives 0. */
  readonly skip: (numbers: number) => number;
  /** An independent generator named by `label`: adding draws to one never shifts another. */
  readonly fork: (label: string) => Random;
};

/** 32-bit FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/). */
export function hash32(text: string, seed = 0x811c9dc5): number {
  let hash = seed >>> 0;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash;
}

/** SFC32 (PractRand, Chris Doty-Humphrey, public domain), seeded by hashing text or a number. */
export function random(seed: string | number): Random {
  const text = String(seed);
  let a = hash32(text);
  let b = hash32(text, 0x9e3779b9);
  let c = hash32(text, 0x85ebca6b);
  let counter = 1;

  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) next();

  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const integer = (below: number): number => Math.floor(next() * below);
  return {
    next,
    integer,
    between: (from, to) => from + (to - from) * next(),
    normal,
    lognormal: (mu, sigma) => Math.exp(mu + sigma * normal()),
    chance: (probability) => next() < probability,
    pick: (from) => {
      const item = from[integer(from.length)];
      if (item === undefined) throw new RangeError('cannot pick from an empty list');
      return item;
    },
    skip: (numbers) => {
      for (let i = 0; i < numbers; i++) next();
      return 0;
    },
    fork: (label) => random(`${text}/${label}`),
  };
}
