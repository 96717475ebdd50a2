import { cpus } from 'node:os';
import type { Bar, BenchResult } from '../../ingest/bench.ts';
import { fleetDays } from './fleet-days.ts';
import { type EngineCost, engineCost } from './load/engine-cost.ts';
import { PROGRESS, type RouteResult, replayFleet } from './replay.ts';
import {
  alertScore,
  averagePrecision,
  casesAt,
  coverage,
  finishBias,
  finishMae,
  mean,
  precisionAtRecall,
  strata,
} from './score.ts';
import { projectionMs } from './speed.ts';
import { worldsOf } from './worlds.ts';

export type PaceBenchOptions = {
  readonly commit: string;
  /** Few routes of some worlds: half a minute instead of several. */
  readonly isQuick: boolean;
  /** Names the days; other seeds are other days. */
  readonly seed: string;
  readonly progress: (line: string) => void;
};

/**
 * Vans of a fleet, its days, and seconds between two looks at it. A fleet is met knowing nothing; the first
 * days teach, and are told apart: `first_day` figures are of the very first one.
 */
const QUICK = { vans: 24, teaching: 2, days: 2, step: 180 };
const FULL = { vans: 52, teaching: 3, days: 5, step: 120 };
/** A stratum counts from so many forecasts. */
const STRATUM_MIN = 300;

/** A fleet of 10,000 vans with plans and 1,000 fences, in the middle of its day. */
const FLEET = { vans: 10_000, plans: 10_000, stops: 150, fences: 1_000, interval: 10, late: 0 };

/** What a fix costs the engine with that fleet over this database; five times as fast as in earnest. */
export function benchEngine(
  databaseUrl: string,
  { isQuick, progress }: Pick<PaceBenchOptions, 'isQuick' | 'progress'>,
): Promise<EngineCost> {
  const span = { warmSeconds: 120, seconds: 60, rounds: isQuick ? 1 : 3, speed: 5 };
  return engineCost({ ...FLEET, ...span, databaseUrl, threads: 2, progress });
}

/**
 * How well pace tells the future, on whole simulated shifts: the finish against what a planner would
 * say and against a forecaster who knows the simulator's hidden state; how often P50 and P90 hold; and
 * whether alerts are right. Services and legs are the simulator's own, seen without position noise.
 */
export function benchPace(
  { commit, isQuick, seed, progress }: PaceBenchOptions,
  engine: EngineCost,
): BenchResult {
  const { vans, teaching, days, step } = isQuick ? QUICK : FULL;
  const all = worldsOf(seed).flatMap((world) => {
    const shifts = fleetDays(world, { vans, days: teaching + days }, seed);
    const found = replayFleet(world.name, shifts, step);
    progress(
      lineOf(
        world.name,
        found.filter(({ day }) => day >= teaching),
      ),
    );
    return found;
  });
  const results = all.filter(({ day }) => day >= teaching);
  const speed = projectionMs(isQuick ? 3 : 7);
  const bars: Bar[] = [
    ...accuracyBars(results),
    ...calibrationBars(results),
    ...alertBars(results),
    atMost('routes_10k_ms', speed, 'ms', 250),
    atMost('engine_cpu_us_per_fix', engine.cpuUsPerFix, 'µs', 40),
  ];
  return {
    bench: 'pace',
    commit,
    node: process.version,
    cpus: cpus().length,
    results: {
      ...{ cpu: cpus()[0]?.model ?? 'unknown', seed, routes: results.length },
      engine_rss_mb: Math.round(engine.rssMb),
      ...figures(results),
      ...firstDay(all.filter(({ day }) => day === 0)),
    },
    bars,
  };
}

function lineOf(name: string, results: readonly RouteResult[]): string {
  const half = casesAt(results, 0.5);
  const { p50, p90 } = coverage(half);
  const { lateShare, falsePerOnTime, flipsPerRoute } = alertScore(results);
  return (
    `${name}: ${results.length} routes, ${percent(lateShare)} % late; at half MAE ${finishMae(half, 'p50').toFixed(1)} min ` +
    `(plan + delay ${finishMae(half, 'delayed').toFixed(1)}, plan × elapsed ${finishMae(half, 'scaled').toFixed(1)}, ` +
    `floor ${finishMae(half, 'floor').toFixed(1)}), P50 and P90 hold ${percent(p50)} and ${percent(p90)} %; ` +
    `false alerts ${falsePerOnTime.toFixed(3)} per on-time route, flips ${flipsPerRoute.toFixed(2)} per route`
  );
}

function figures(results: readonly RouteResult[]): Record<string, number | string> {
  const found: Record<string, number | string> = {};
  for (const progress of [0.25, 0.5, 0.75] as const) {
    const cases = casesAt(results, progress);
    const at = `at_${progress * 100}`;
    found[`finish_mae_min_${at}`] = round(finishMae(cases, 'p50'), 1);
    found[`finish_bias_min_${at}`] = round(finishBias(cases), 1);
    found[`plan_and_delay_mae_min_${at}`] = round(finishMae(cases, 'delayed'), 1);
    found[`plan_by_elapsed_mae_min_${at}`] = round(finishMae(cases, 'scaled'), 1);
    found[`floor_mae_min_${at}`] = round(finishMae(cases, 'floor'), 1);
    found[`p50_holds_${at}`] = round(coverage(cases).p50, 3);
    found[`p90_holds_${at}`] = round(coverage(cases).p90, 3);
    found[`p90_width_min_${at}`] = round(mean(cases.map(({ p50, p90 }) => (p90 - p50) / 60)), 1);
  }
  Object.assign(found, etaFigures(results));
  const alerts = alertScore(results);
  found.late_share = round(alerts.lateShare, 3);
  found.alert_recall = round(alerts.recall, 3);
  found.alert_lead_median_min = round(alerts.leadMinutes, 0);
  found.status_changes_per_route = round(mean(results.map(({ statusChanges }) => statusChanges)), 2);
  for (const hour of [1, 2.5, 5, 7.5]) {
    const then = results.flatMap(({ statuses }) =>
      statuses.filter((shown) => Math.abs(shown.hour - hour) < 0.05),
    );
    found[`at_risk_share_after_${hour}_h`] = round(
      mean(then.map(({ status }) => (status === 'at_risk' ? 1 : 0))),
      3,
    );
    found[`behind_share_after_${hour}_h`] = round(
      mean(then.map(({ status }) => (status === 'behind' ? 1 : 0))),
      3,
    );
  }
  return found;
}

/** Arrivals at the next stop and the next ten, against the floor's. */
function etaFigures(results: readonly RouteResult[]): Record<string, number> {
  const next = [0.25, 0.5, 0.75].flatMap((progress) => casesAt(results, progress)).map((made) => made.next);
  const found: Record<string, number> = {};
  for (const [name, stops] of [
    ['next_stop', next.flatMap((ten) => ten.slice(0, 1))],
    ['next_ten_stops', next.flat()],
  ] as const) {
    const ours = mean(stops.map(({ off }) => off));
    const floor = mean(stops.map(({ floorOff }) => floorOff));
    found[`${name}_mae_s`] = round(ours, 1);
    found[`${name}_floor_mae_s`] = round(floor, 1);
    found[`${name}_mae_vs_floor`] = round(ours / floor, 3);
    found[`${name}_p90_holds`] = round(mean(stops.map(({ isIn }) => (isIn ? 1 : 0))), 3);
  }
  return found;
}

/** A fleet's first day, met with nothing learned. */
function firstDay(results: readonly RouteResult[]): Record<string, number> {
  const half = casesAt(results, 0.5);
  const { p50, p90 } = coverage(half);
  return {
    first_day_mae_vs_floor_at_50: round(finishMae(half, 'p50') / finishMae(half, 'floor'), 3),
    first_day_p50_holds_at_50: round(p50, 3),
    first_day_p90_holds_at_50: round(p90, 3),
    first_day_false_alerts_per_on_time_route: round(alertScore(results).falsePerOnTime, 3),
  };
}

function accuracyBars(results: readonly RouteResult[]): Bar[] {
  const [half, late] = [casesAt(results, 0.5), casesAt(results, 0.75)];
  const better = Math.min(finishMae(half, 'delayed'), finishMae(half, 'scaled'));
  return [
    atMost('finish_mae_vs_floor_at_50', finishMae(half, 'p50') / finishMae(half, 'floor'), 'ratio', 1.12),
    atMost('finish_mae_vs_floor_at_75', finishMae(late, 'p50') / finishMae(late, 'floor'), 'ratio', 1.1),
    atMost('finish_mae_vs_baselines_at_50', finishMae(half, 'p50') / better, 'ratio', 0.8),
  ];
}

function calibrationBars(results: readonly RouteResult[]): Bar[] {
  const cases = PROGRESS.flatMap((progress) => casesAt(results, progress));
  const { p50, p90 } = coverage(cases);
  const covered = strata(results, STRATUM_MIN);
  const worst = covered.length === 0 ? null : Math.max(...covered.map((one) => Math.abs(one.p90 - 0.9)));
  return [
    // Distances from what is promised: 47–53 % and 88–92 %.
    atMost('p50_coverage_off', Math.abs(p50 - 0.5), 'share', 0.03),
    atMost('p90_coverage_off', Math.abs(p90 - 0.9), 'share', 0.02),
    {
      name: 'p90_coverage_off_worst_stratum',
      value: worst === null ? null : round(worst, 3),
      ...{ unit: 'share', target: 0.05, ok: worst === null ? null : worst <= 0.05 },
    },
  ];
}

function alertBars(results: readonly RouteResult[]): Bar[] {
  const ranked = (progress: number, of: 'late' | 'floorLate') =>
    averagePrecision(
      casesAt(results, progress).map((made) => ({ score: made[of], isLate: made.result.isLate })),
    );
  const hourBefore = (of: 'late' | 'floorLate') =>
    precisionAtRecall(
      results.flatMap(({ hourBefore, isLate }) => (hourBefore ? [{ score: hourBefore[of], isLate }] : [])),
      0.9,
    );
  const { falsePerOnTime, flipsPerRoute } = alertScore(results);
  return [
    atLeast('at_risk_precision_vs_floor_at_50', ranked(0.5, 'late') / ranked(0.5, 'floorLate'), 0.95),
    atLeast('at_risk_precision_vs_floor_at_75', ranked(0.75, 'late') / ranked(0.75, 'floorLate'), 0.95),
    atLeast('precision_hour_before_vs_floor', hourBefore('late') / hourBefore('floorLate'), 0.95),
    atMost('false_alerts_per_on_time_route', falsePerOnTime, 'alerts', 0.1),
    atMost('flips_per_route_day', flipsPerRoute, 'flips', 1),
  ];
}

const percent = (share: number): string => (share * 100).toFixed(0);

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

const atMost = (name: string, value: number, unit: string, target: number): Bar => ({
  ...{ name, value: round(value, 3), unit, target, ok: value <= target },
});

const atLeast = (name: string, value: number, target: number): Bar => ({
  ...{ name, value: round(value, 3), unit: 'ratio', target, ok: value >= target },
});
