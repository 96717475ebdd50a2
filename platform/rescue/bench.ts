import { cpus } from 'node:os';
import type { Bar, BenchResult } from '../../ingest/bench.ts';
import { clairvoyantDay } from './clairvoyant.ts';
import { type DayResult, runDay } from './day.ts';
import { type DaySums, type KeptDay, openKeptDays } from './kept-days.ts';
import { greedy, ours } from './policies.ts';
import { townDay } from './town.ts';
import { truthOf } from './truth.ts';

export type RescueBenchOptions = {
  readonly commit: string;
  readonly isQuick: boolean;
  /** Names the days; other seeds are other days. */
  readonly seed: string;
  /** How many days, and seconds for each clairvoyant search, when not the usual. */
  readonly days?: number | undefined;
  readonly clairvoyantSeconds?: number | undefined;
  /** File of finished days: a run goes on where another one ended, and two may share the days. */
  readonly keep?: string | undefined;
  readonly part?: { readonly index: number; readonly of: number } | undefined;
  readonly now: () => number;
  readonly progress: (line: string) => void;
};

const VANS = 100;
const STOPS = 145;
const QUICK = { days: 10, seconds: 1 };
const FULL = { days: 200, seconds: 60 };
/** Days that share one town and plan, with other dice. */
const DAYS_A_TOWN = 4;

/**
 * Rescue, realised: the same simulated days without it, with the greedy rule of thumb, with ours, and with
 * one who knows the future. Every van follows its orders through dice that no policy but the last can see.
 */
export function benchRescue(options: RescueBenchOptions): BenchResult {
  const { commit, isQuick, seed, progress, part = { index: 0, of: 1 } } = options;
  const usual = isQuick ? QUICK : FULL;
  const count = options.days ?? usual.days;
  const seconds = options.clairvoyantSeconds ?? usual.seconds;
  const kept = openKeptDays(options.keep, `${commit}/${seed}/${VANS}x${STOPS}/${seconds} s`);
  for (let day = part.index; day < count; day += part.of) {
    if (kept.days.has(day)) continue;
    kept.add(dayOf(day, { ...options, seconds }));
    const known = [...kept.days.values()].filter((each) => each.day < count);
    if (known.length % 5 === 0) progress(`${known.length} of ${count} days: ${told(known)}`);
  }
  const days = [...kept.days.values()].filter(({ day }) => day < count);
  return resultOf(days, { commit, seed, seconds, count });
}

/** One day, run without help, by the rule of thumb, by ours and by who knows the future. */
function dayOf(day: number, options: RescueBenchOptions & { readonly seconds: number }): KeptDay {
  const { commit, seed, seconds, now } = options;
  const routes = townDay(`${seed}/town ${Math.floor(day / DAYS_A_TOWN)}`, VANS, STOPS);
  const truth = truthOf(`${seed}/day ${day}`, routes);
  const base = runDay(routes, truth, undefined);
  const thumb = runDay(routes, truth, greedy());
  const mine = runDay(routes, truth, ours());
  const knows = clairvoyantDay(routes, truth, {
    ...{ milliseconds: 1000 * seconds, now, seed: `${seed}/${day}` },
    known: [thumb, mine],
  });
  return {
    key: `${commit}/${seed}/${VANS}x${STOPS}/${seconds} s`,
    day,
    vansLate: base.lateVans.size,
    policies: { greedy: sums(base, thumb), ours: sums(base, mine), clairvoyant: sums(base, knows) },
  };
}

function resultOf(
  days: readonly KeptDay[],
  about: { readonly commit: string; readonly seed: string; readonly seconds: number; readonly count: number },
): BenchResult {
  const total = (policy: string, of: keyof DaySums): number =>
    days.reduce((sum, { policies }) => sum + policies[policy]![of], 0);
  const benefit = (policy: string): number => total(policy, 'base') - total(policy, 'late');
  const late = days.reduce((sum, { vansLate }) => sum + vansLate, 0);
  const results: Record<string, number | string> = {
    ...{ seed: about.seed, days: days.length, days_asked: about.count, vans: VANS, stops_per_van: STOPS },
    ...{ clairvoyant_seconds: about.seconds, vans_late_share: round(late / VANS / Math.max(1, days.length)) },
    late_stops_without: total('ours', 'base'),
  };
  for (const name of ['greedy', 'ours', 'clairvoyant']) {
    results[`${name}_late_stops`] = total(name, 'late');
    results[`${name}_saved_share`] = round(benefit(name) / Math.max(1, total(name, 'base')));
    results[`${name}_hand_overs_a_day`] = round(total(name, 'meetings') / Math.max(1, days.length));
    results[`${name}_helpers_late_share`] = round(
      total(name, 'harmed') / Math.max(1, total(name, 'helpers')),
    );
  }
  results.ours_meetings_missed = total('ours', 'failed');
  const moved = Math.max(1, total('ours', 'moved'));
  const helpers = Math.max(1, total('ours', 'helpers'));
  const saved = benefit('ours');
  const bars: Bar[] = [
    atLeast('late_stops_saved_share', saved / Math.max(1, total('ours', 'base')), 'share', 0.7),
    atLeast('benefit_vs_clairvoyant', saved / Math.max(1, benefit('clairvoyant')), 'ratio', 0.85),
    atLeast('benefit_vs_greedy', saved / Math.max(1, benefit('greedy')), 'ratio', 1.5),
    atMost('helpers_made_late_share', total('ours', 'harmed') / helpers, 'share', 0.03),
    atMost('minutes_per_moved_stop', total('ours', 'minutes') / moved, 'min', 1.5),
    atMost('km_per_moved_stop', total('ours', 'km') / moved, 'km', 0.5),
    atMost('violations', total('ours', 'violations'), 'violations', 0),
  ];
  const { commit } = about;
  return { bench: 'rescue', commit, node: process.version, cpus: cpus().length, results, bars };
}

/** A day against the same day without help; stops that are late only because of it count against it. */
function sums(base: DayResult, day: DayResult): DaySums {
  return {
    ...{ base: base.late.size, late: day.late.size, helpers: day.helpers.size },
    harmed: [...day.helpers].filter((van) => day.lateVans.has(van) && !base.lateVans.has(van)).length,
    moved: day.moved,
    km: (day.metres - base.metres) / 1000,
    minutes: (day.seconds - base.seconds) / 60,
    ...{ meetings: day.meetings, failed: day.failed, violations: day.violations.length },
  };
}

const told = (days: readonly KeptDay[]): string =>
  ['greedy', 'ours', 'clairvoyant']
    .map((name) => {
      const [base, late] = days.reduce(
        ([b, l], { policies }) => [b + policies[name]!.base, l + policies[name]!.late],
        [0, 0],
      );
      return `${name} saves ${Math.round((100 * (base - late)) / Math.max(1, base))} %`;
    })
    .join(', ');

const round = (value: number): number => Math.round(value * 1000) / 1000;

const atMost = (name: string, value: number, unit: string, target: number): Bar => ({
  ...{ name, value: round(value), unit, target, ok: value <= target },
});

const atLeast = (name: string, value: number, unit: string, target: number): Bar => ({
  ...{ name, value: round(value), unit, target, ok: value >= target },
});
