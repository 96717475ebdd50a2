import { cpus } from 'node:os';
import type { Bar, BenchResult } from '../../ingest/bench.ts';
import { clairvoyantDay } from './clairvoyant.ts';
import { type DayResult, runDay } from './day.ts';
import { greedy, ours } from './policies.ts';
import { townDay } from './town.ts';
import { truthOf } from './truth.ts';

export type RescueBenchOptions = {
  readonly commit: string;
  readonly isQuick: boolean;
  /** Names the days; other seeds are other days. */
  readonly seed: string;
  /** How many days, and milliseconds for each clairvoyant search, when not the usual. */
  readonly days?: number | undefined;
  readonly now: () => number;
  readonly progress: (line: string) => void;
};

const VANS = 100;
const STOPS = 145;
const QUICK = { days: 10, clairvoyantMs: 1_000 };
const FULL = { days: 200, clairvoyantMs: 60_000 };
/** Days that share one town and plan, with other dice. */
const DAYS_A_TOWN = 4;

type Sums = {
  base: number;
  late: number;
  created: number;
  helpers: number;
  harmed: number;
  moved: number;
  km: number;
  minutes: number;
  meetings: number;
  failed: number;
  lateVans: number;
  violations: number;
};

/**
 * Rescue, realised: the same simulated days without it, with the greedy rule of thumb, with ours, and with
 * one who knows the future. Every van follows its orders through dice that no policy but the last can see.
 */
export function benchRescue({ commit, isQuick, seed, days, now, progress }: RescueBenchOptions): BenchResult {
  const { days: usual, clairvoyantMs } = isQuick ? QUICK : FULL;
  const count = days ?? usual;
  const sums = new Map<string, Sums>();
  let behind = 0;
  for (let day = 0; day < count; day++) {
    const routes = townDay(`${seed}/town ${Math.floor(day / DAYS_A_TOWN)}`, VANS, STOPS);
    const truth = truthOf(`${seed}/day ${day}`, routes);
    const base = runDay(routes, truth, undefined);
    behind += base.lateVans.size / VANS;
    add(sums, 'greedy', base, runDay(routes, truth, greedy()));
    add(sums, 'ours', base, runDay(routes, truth, ours()));
    add(
      sums,
      'clairvoyant',
      base,
      clairvoyantDay(routes, truth, { milliseconds: clairvoyantMs, now, seed: `${seed}/${day}` }),
    );
    if ((day + 1) % 5 === 0 || day + 1 === count) progress(`${day + 1} of ${count} days: ${told(sums)}`);
  }
  const mine = sums.get('ours')!;
  const saved = benefit(mine);
  const results: Record<string, number | string> = {
    ...{ seed, days: count, vans: VANS, stops_per_van: STOPS, vans_late_share: round(behind / count) },
    late_stops_without: mine.base,
  };
  for (const [name, own] of sums) {
    results[`${name}_late_stops`] = own.late;
    results[`${name}_saved_share`] = round(benefit(own) / own.base);
    results[`${name}_hand_overs_a_day`] = round(own.meetings / count);
    results[`${name}_helpers_late_share`] = round(own.harmed / Math.max(1, own.helpers));
  }
  results.ours_meetings_missed = mine.failed;
  const moved = Math.max(1, mine.moved);
  const bars: Bar[] = [
    atLeast('late_stops_saved_share', saved / mine.base, 'share', 0.7),
    atLeast('benefit_vs_clairvoyant', saved / Math.max(1, benefit(sums.get('clairvoyant')!)), 'ratio', 0.85),
    atLeast('benefit_vs_greedy', saved / Math.max(1, benefit(sums.get('greedy')!)), 'ratio', 1.5),
    atMost('helpers_made_late_share', mine.harmed / Math.max(1, mine.helpers), 'share', 0.03),
    atMost('minutes_per_moved_stop', mine.minutes / moved, 'min', 1.5),
    atMost('km_per_moved_stop', mine.km / moved, 'km', 0.5),
    atMost('violations', mine.violations, 'violations', 0),
  ];
  return { bench: 'rescue', commit, node: process.version, cpus: cpus().length, results, bars };
}

/** Late stops fewer, those newly late counted against it. */
const benefit = ({ base, late }: Sums): number => base - late;

function add(sums: Map<string, Sums>, name: string, base: DayResult, day: DayResult): void {
  const none = { base: 0, late: 0, created: 0, helpers: 0, harmed: 0, moved: 0, km: 0, minutes: 0 };
  const sum = sums.get(name) ?? { ...none, meetings: 0, failed: 0, lateVans: 0, violations: 0 };
  sum.base += base.late.size;
  sum.late += day.late.size;
  sum.created += [...day.late].filter((id) => !base.late.has(id)).length;
  sum.helpers += day.helpers.size;
  sum.harmed += [...day.helpers].filter((van) => day.lateVans.has(van) && !base.lateVans.has(van)).length;
  sum.moved += day.moved;
  sum.km += (day.metres - base.metres) / 1000;
  sum.minutes += (day.seconds - base.seconds) / 60;
  sum.meetings += day.meetings;
  sum.failed += day.failed;
  sum.lateVans += day.lateVans.size;
  sum.violations += day.violations.length;
  sums.set(name, sum);
}

const told = (sums: ReadonlyMap<string, Sums>): string =>
  [...sums].map(([name, own]) => `${name} saves ${Math.round((100 * benefit(own)) / own.base)} %`).join(', ');

const round = (value: number): number => Math.round(value * 1000) / 1000;

const atMost = (name: string, value: number, unit: string, target: number): Bar => ({
  ...{ name, value: round(value), unit, target, ok: value <= target },
});

const atLeast = (name: string, value: number, unit: string, target: number): Bar => ({
  ...{ name, value: round(value), unit, target, ok: value >= target },
});
