import { random } from '../../schemas/random.ts';
import type { Sighting } from './clean-days.ts';
import { type Fault, type Report, withFaults } from './faults.ts';
import { judged } from './judged.ts';

/** Metres beyond which noise itself is a wrong position. */
const NOISE_MAX = 50;

export type Score = {
  readonly faults: number;
  readonly recall: number;
  readonly precision: number;
  /** Flags of reports without a fault, by bit. */
  readonly wrong: Map<number, number>;
  /** For the reader of a failure. */
  readonly missed: readonly Report[];
};

/**
 * How well faults of one kind are told from good reports, over all days. A report whose own noise has
 * put it further off than 50 m is neither good nor a fault: it counts for nothing.
 */
export function score(days: readonly (readonly Sighting[])[], fault: Fault, seed: string): Score {
  const chance = random(`${seed}/${fault.name}`);
  const missed: Report[] = [];
  const wrong = new Map<number, number>();
  let [faults, found, flagged] = [0, 0, 0];
  for (const day of days) {
    const reports = withFaults(day, fault, chance);
    const flags = judged(reports);
    for (const [i, report] of reports.entries()) {
      const isFlagged = flags[i] !== 0;
      if (report.isFault) {
        faults++;
        if (isFlagged) found++;
        else missed.push(report);
      } else if (!isFlagged || report.error > NOISE_MAX) continue;
      else wrong.set(flags[i]!, (wrong.get(flags[i]!) ?? 0) + 1);
      if (isFlagged) flagged++;
    }
  }
  return { faults, recall: found / faults, precision: found / Math.max(1, flagged), wrong, missed };
}
