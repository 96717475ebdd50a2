import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** What came of one day under one policy, against the same day without help; plain numbers. */
export type DaySums = {
  readonly base: number;
  readonly late: number;
  readonly helpers: number;
  readonly harmed: number;
  readonly moved: number;
  readonly km: number;
  readonly minutes: number;
  readonly meetings: number;
  readonly failed: number;
  readonly violations: number;
};

/** A finished day of a bench, as a line of its file. */
export type KeptDay = {
  /** Commit, seed and seconds of the clairvoyant: days of anything else are not mixed in. */
  readonly key: string;
  readonly day: number;
  readonly vansLate: number;
  readonly policies: Readonly<Record<string, DaySums>>;
};

/** Days that earlier runs of the same bench finished, so that two hundred can be run in pieces. */
export function openKeptDays(path: string | undefined, key: string) {
  const days = new Map<number, KeptDay>();
  if (path !== undefined && existsSync(path)) {
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const kept = parsed(line);
      if (kept?.key === key) days.set(kept.day, kept);
    }
  }
  return {
    days,
    add: (kept: KeptDay): void => {
      days.set(kept.day, kept);
      if (path !== undefined) appendFileSync(path, `${JSON.stringify(kept)}\n`);
    },
  };
}

/** The last line of a run that was killed may be cut off: that day is run again. */
function parsed(line: string): KeptDay | undefined {
  try {
    return line === '' ? undefined : (JSON.parse(line) as KeptDay);
  } catch {
    return undefined;
  }
}
