import { peerResult, type RoutePeer } from './bench-peers.ts';
import { reoptimizations } from './bench-reopt.ts';
import { type Bar, bars } from './bench-sets.ts';
import { check } from './solver/check.ts';
import type { Instance } from './solver/formats/instance.ts';
import { solve } from './solver/solve.ts';
import { afterTime } from './solver/stop-when.ts';

/** An instance with the best cost anyone has found, in its format's convention. */
export type BenchInstance = {
  readonly set: string;
  readonly name: string;
  readonly read: () => Instance;
  readonly reference: number;
};

export type RouteBenchOptions = {
  readonly instances: readonly BenchInstance[];
  readonly seeds: number;
  /** Who else solves the same instances in the same run. */
  readonly peers: readonly RoutePeer[];
  /** Few instances and short budgets, for every commit. */
  readonly isQuick: boolean;
  /** Only bars whose name begins so. */
  readonly only: string;
  /** Milliseconds of processor time this process has used; searches are bounded by it, as the bars are. */
  readonly cpu: () => number;
  readonly wall: () => number;
  readonly progress: (line: string) => void;
};

export type RouteBench = {
  readonly results: Record<string, number>;
  readonly bars: readonly {
    readonly name: string;
    readonly value: number | null;
    readonly unit: string;
    readonly target: number;
    readonly ok: boolean | null;
  }[];
};

/** What all runs have in common. */
type Tally = { runs: number; feasible: number; overrunMs: number };

/**
 * Plan quality against time: the mean gap to the best known cost at each budget, every plan judged by the
 * checker. A bar without instances is not measured.
 */
export function bench(options: RouteBenchOptions): RouteBench {
  const { isQuick, only, progress, wall } = options;
  const tally: Tally = { runs: 0, feasible: 0, overrunMs: 0 };
  const results: Record<string, number> = {};
  const measured: RouteBench['bars'][number][] = [];
  warmUp(options);
  for (const bar of bars) {
    if (!bar.name.startsWith(only) || (isQuick && bar.quickCount === 0)) continue;
    const value = meanGap(bar, options, tally, results);
    const isMet = value === null ? null : value <= bar.target;
    measured.push({ name: bar.name, value, unit: '%', target: bar.target, ok: isMet });
    if (value !== null) Object.assign(results, besides(bar, options));
    progress(`${bar.name}: ${value?.toFixed(3) ?? 'no instances'} % (target ${bar.target})`);
  }
  if ('reopt_p95_ms'.startsWith(only) || only === '') {
    const { times, areFeasible } = reoptimizations(isQuick ? 8 : 40, wall);
    const p95 = times.sort((a, b) => a - b)[Math.ceil(0.95 * times.length) - 1] ?? 0;
    measured.push({
      name: 'reopt_p95_ms',
      value: rounded(p95),
      unit: 'ms',
      target: 500,
      ok: p95 <= 500 && areFeasible,
    });
  }
  const share = tally.runs === 0 ? null : tally.feasible / tally.runs;
  measured.push({
    name: 'feasible_share',
    value: share,
    unit: '',
    target: 1,
    ok: share === null ? null : share === 1,
  });
  const overrun = tally.runs === 0 ? null : rounded(tally.overrunMs);
  measured.push({
    name: 'overrun_ms',
    value: overrun,
    unit: 'ms',
    target: 20,
    ok: overrun === null ? null : overrun <= 20,
  });
  return { results, bars: measured };
}

/** Compiled code is what production runs; the first second of a process is not. */
function warmUp({ instances, cpu }: RouteBenchOptions): void {
  for (const set of new Set(instances.map((instance) => instance.set))) {
    const problem = instances.find((instance) => instance.set === set)?.read().problem;
    if (problem) solve(problem, { seed: 'warm', stop: afterTime(cpu, 500) });
  }
}

/** Longer searches of peers are left to those who have an afternoon. */
const PEER_BUDGET_MAX_MS = 10_000;

/** Mean gap of each peer on the bar's instances with the bar's budget, and how many it did not answer. */
function besides(
  bar: Bar,
  { instances, isQuick, peers, progress }: RouteBenchOptions,
): Record<string, number> {
  const results: Record<string, number> = {};
  if (bar.budgetMs > PEER_BUDGET_MAX_MS) return results;
  const chosen = instancesOf(bar, instances, isQuick);
  for (const peer of peers) {
    const { meanGap, unanswered, cpuMs } = peerResult(peer, chosen, bar.budgetMs);
    if (meanGap === null) continue;
    results[`${bar.name} beside: ${peer.name}`] = meanGap;
    if (unanswered > 0) results[`${bar.name} beside: ${peer.name}, no feasible plan`] = unanswered;
    progress(
      `  ${bar.name} ${peer.name}: ${meanGap} % in ${cpuMs} ms, no plan for ${unanswered} of ${chosen.length}`,
    );
  }
  return results;
}

function instancesOf(bar: Bar, instances: readonly BenchInstance[], isQuick: boolean): BenchInstance[] {
  const chosen = instances.filter(({ set, name }) => set === bar.set && (bar.only?.test(name) ?? true));
  return spread(chosen, isQuick ? bar.quickCount : chosen.length);
}

function meanGap(
  bar: Bar,
  { instances, seeds, isQuick, cpu, progress }: RouteBenchOptions,
  tally: Tally,
  results: Record<string, number>,
): number | null {
  const gaps: number[] = [];
  for (const { name, read, reference } of instancesOf(bar, instances, isQuick)) {
    const { problem, costScale } = read();
    let sum = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      const begin = cpu();
      const { plan } = solve(problem, { seed, stop: afterTime(cpu, bar.budgetMs) });
      tally.overrunMs = Math.max(tally.overrunMs, cpu() - begin - bar.budgetMs);
      const { feasible, cost } = check(problem, plan);
      tally.runs++;
      if (feasible) tally.feasible++;
      const gap = 100 * (cost / costScale / reference - 1);
      sum += gap;
      gaps.push(gap);
    }
    results[`${bar.name} ${name}`] = rounded(sum / seeds);
    progress(`  ${bar.name} ${name}: ${(sum / seeds).toFixed(3)} %`);
  }
  return gaps.length === 0 ? null : rounded(gaps.reduce((a, b) => a + b, 0) / gaps.length);
}

/** `count` of them, evenly spread. */
function spread<T>(from: readonly T[], count: number): T[] {
  if (count >= from.length) return [...from];
  return Array.from({ length: count }, (_, k) => from[Math.floor(((k + 0.5) * from.length) / count)] as T);
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
