import { cpus } from 'node:os';
import type { Bar, BenchResult } from '../../ingest/bench.ts';
import type { Random } from '../../schemas/random.ts';
import { cleanDays, type Sighting } from './clean-days.ts';
import * as faults from './faults.ts';
import { flagNames, judgedRecording } from './recordings.ts';
import { type Score, score } from './score.ts';

export type FilterBenchOptions = {
  readonly commit: string;
  /** Few vans: half a minute instead of several. */
  readonly isQuick: boolean;
  /** Names the days; other seeds are other days. */
  readonly seed: string;
  /** Folder of the recordings, if there are any. */
  readonly recordings: string | undefined;
  readonly progress: (line: string) => void;
};

const BAR = 0.98;
/**
 * Fixes each five seconds, as the demo has them, each ten, and each twenty, where what a van may have done
 * unseen between two fixes comes to the size of small spikes and jumps.
 */
const INTERVALS = [5, 10, 20];
const QUICK_VANS = 4;
const VANS = 12;

/** Evenly over orders of magnitude. */
const between =
  (from: number, to: number) =>
  (chance: Random): number =>
    from * (to / from) ** chance.next();

/** Faults above the noise, by the name of their bars. */
const above: Readonly<Record<string, faults.Fault>> = {
  spike: faults.spike(between(100, 20_000)),
  jump: faults.jump(between(1_000, 200_000)),
  zero: faults.zero,
  sign_flip: faults.signFlip,
  clock_ahead: faults.clock(between(61, 86_400), 4),
  clock_behind: faults.clock((chance) => -between(61, 14_400)(chance), 4),
  lost_date: faults.lostDate,
  stale_repeat: faults.stale(3),
};

/** What recall becomes where faults come near the noise. */
const curve: Readonly<Record<string, (magnitude: number) => faults.Fault>> = {
  'spike, m': (metres) => faults.spike(() => metres),
  'jump, m': (metres) => faults.jump(() => metres),
  'clock ahead, s': (seconds) => faults.clock(() => seconds, 4),
  'clock behind, s': (seconds) => faults.clock(() => -seconds, 4),
  'stale repeat above, m/s': (speed) => faults.stale(speed, speed + 1),
  'parked drift, m': (metres) => faults.drift(metres),
};
const magnitudes: Readonly<Record<string, readonly number[]>> = {
  'spike, m': [25, 50, 75, 100, 150, 300, 1000],
  'jump, m': [100, 200, 300, 500, 1000],
  'clock ahead, s': [5, 15, 30, 61, 300],
  'clock behind, s': [5, 15, 30, 61, 300],
  'stale repeat above, m/s': [0, 1, 2, 3, 5, 10],
  'parked drift, m': [30, 60, 100, 300],
};

/**
 * How well faulty fixes are told from good ones: faults of stated kinds and magnitudes are put into
 * simulated days at known places, and the days judged by ingest's and the engine's own filters.
 */
export function benchFilters(options: FilterBenchOptions): BenchResult {
  const { commit, isQuick, seed, recordings, progress } = options;
  const fleets = INTERVALS.map((interval) => ({
    interval,
    days: cleanDays(isQuick ? QUICK_VANS : VANS, seed, interval),
  }));
  const results: Record<string, number | string> = {};
  const bars: Bar[] = [];
  for (const { interval, days } of fleets) {
    const count = days.reduce((sum, day) => sum + day.length, 0);
    const clean = score(days, { name: 'none', put: () => 0 }, seed);
    const wrong = [...clean.wrong.values()].reduce((sum, times) => sum + times, 0);
    results[`fixes_${interval}s`] = count;
    results[`clean_flags_per_million_${interval}s`] = Math.round((wrong / count) * 1e6);
    progress(
      `${count} fixes of ${days.length} vans each ${interval} s; flagged without a fault: ${words(clean.wrong)}`,
    );
    for (const [name, fault] of Object.entries(above)) {
      const scored = score(days, fault, seed);
      progress(lineOf(`${name}, each ${interval} s`, scored));
      bars.push(atLeast(`${name}_recall_${interval}s`, scored.recall));
      bars.push(atLeast(`${name}_precision_${interval}s`, scored.precision));
    }
  }
  for (const [name, line] of curves(fleets[0]!.days, seed, progress)) results[name] = line;
  for (const [name, line] of listed(recordings, progress)) results[name] = line;
  return { bench: 'filters', commit, node: process.version, cpus: cpus().length, results, bars };
}

/** Recall and precision over magnitude. */
function curves(
  days: readonly (readonly Sighting[])[],
  seed: string,
  progress: (line: string) => void,
): [string, string][] {
  return Object.entries(curve).map(([kind, faultOf]) => {
    const points = magnitudes[kind]!.map((magnitude) => {
      const scored = score(days, faultOf(magnitude), seed);
      progress(lineOf(`${kind} ${magnitude}`, scored));
      return `${magnitude}: ${scored.recall.toFixed(2)}/${scored.precision.toFixed(2)}`;
    });
    return [`recall/precision by ${kind}`, points.join(', ')];
  });
}

const RECORDINGS = ['google_jump-demo', 'google_lmfs', 'capmetro_2017-03-21'];

/** What is flagged of the recordings: counted, and listed for whoever looks. */
function listed(folder: string | undefined, progress: (line: string) => void): [string, string][] {
  if (folder === undefined) return [['recordings', 'not judged: PACELINE_TEST_DATA is not set']];
  return RECORDINGS.map((name) => {
    const { count, flagged } = judgedRecording(`${folder}/gps/${name}.csv.gz`);
    const counts = new Map<number, number>();
    for (const { flags, line } of flagged) {
      counts.set(flags, (counts.get(flags) ?? 0) + 1);
      progress(`${name}: ${line}`);
    }
    return [`flagged of ${name}`, `${flagged.length} of ${count} fixes (${words(counts)})`];
  });
}

function words(counts: ReadonlyMap<number, number>): string {
  const parts = [...counts].map(([flags, times]) => `${flagNames(flags)} ${times}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

function lineOf(name: string, { faults, recall, precision, wrong }: Score): string {
  const rest = wrong.size === 0 ? '' : `; wrongly ${words(wrong)}`;
  return `${name}: ${faults} faults, recall ${recall.toFixed(4)}, precision ${precision.toFixed(4)}${rest}`;
}

function atLeast(name: string, value: number): Bar {
  return { name, value: Math.floor(value * 1e4) / 1e4, unit: '', target: BAR, ok: value >= BAR };
}
