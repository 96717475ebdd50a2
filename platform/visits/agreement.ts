/** Something that truly happened: a name that says what, and when. */
export type Wanted = {
  readonly name: string;
  readonly at: number;
  /** False where the truth hangs on less than a device can tell: it counts neither way. */
  readonly isSure: boolean;
};

export type Found = { readonly name: string; readonly at: number };

export type Agreement = {
  readonly hits: number;
  readonly missed: readonly Wanted[];
  readonly invented: readonly Found[];
  /** Seconds by which each hit was found late; negative where early. */
  readonly errors: readonly number[];
};

/**
 * One to one, of what has the same name and lies within `tolerance` seconds of each other, nearest
 * first; sure truths choose before the others.
 */
export function agreement(truth: readonly Wanted[], found: readonly Found[], tolerance: number): Agreement {
  const byName = new Map<string, { readonly found: Found; isTaken: boolean }[]>();
  for (const one of found) {
    const others = byName.get(one.name);
    if (others) others.push({ found: one, isTaken: false });
    else byName.set(one.name, [{ found: one, isTaken: false }]);
  }
  const missed: Wanted[] = [];
  const errors: number[] = [];
  for (const wanted of [...truth].sort((a, b) => Number(b.isSure) - Number(a.isSure))) {
    const off = ({ found: { at } }: { found: Found }): number => Math.abs(at - wanted.at);
    const free = (byName.get(wanted.name) ?? []).filter((one) => !one.isTaken && off(one) <= tolerance);
    const nearest = free.sort((a, b) => off(a) - off(b))[0];
    if (nearest) nearest.isTaken = true;
    if (!wanted.isSure) continue;
    if (nearest) errors.push(nearest.found.at - wanted.at);
    else missed.push(wanted);
  }
  const left = [...byName.values()].flat().filter(({ isTaken }) => !isTaken);
  return { hits: errors.length, missed, invented: left.map((one) => one.found), errors };
}

/** Several agreements as one: of several fleets, say. */
export function together(parts: readonly Agreement[]): Agreement {
  return {
    hits: parts.reduce((sum, { hits }) => sum + hits, 0),
    missed: parts.flatMap(({ missed }) => missed),
    invented: parts.flatMap(({ invented }) => invented),
    errors: parts.flatMap(({ errors }) => errors),
  };
}

export const precisionOf = ({ hits, invented }: Agreement): number =>
  hits / Math.max(1, hits + invented.length);
export const recallOf = ({ hits, missed }: Agreement): number => hits / Math.max(1, hits + missed.length);

/** The error, early or late, that nine of ten hits stay within, seconds. */
export function errorP90({ errors }: Agreement): number {
  const sorted = errors.map(Math.abs).sort((a, b) => a - b);
  return sorted[Math.ceil(0.9 * sorted.length) - 1] ?? Number.NaN;
}
