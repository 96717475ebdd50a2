import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Bar, BenchResult } from '../../ingest/bench.ts';
import { type Scenario, scenarios } from '../../simulator/scenario/scenario.ts';
import { type Agreement, errorP90, precisionOf, recallOf, together } from './agreement.ts';
import { type JudgedDay, judgedDay } from './judged-day.ts';
import { labelledWalks } from './labelled-walks.ts';
import { type Signal, simulatedDay } from './simulated-day.ts';

export type VisitBenchOptions = {
  readonly commit: string;
  /** Fewer and smaller fleets: half a minute. */
  readonly isQuick: boolean;
  /** Names the fleets; other seeds are other days. */
  readonly seed: string;
  /** Folder of the recordings, if there are any. */
  readonly recordings: string | undefined;
  readonly progress: (line: string) => void;
};

const SHIFT_START = 1_790_000_000;
/** Seconds between reports. The bars are those of the first. */
const INTERVALS = [5, 10, 30, 60];
/** What devices say besides position and speed. */
const SIGNALS: readonly (readonly Signal[])[] = [[], ['ignition'], ['ignition', 'door'], ['app']];
/** Fleets with ordinary devices, and with every class of device there is. */
const KINDS = ['demo', 'mixed-devices'];

const TARGET = { visit: 0.97, arrival: 15, crossing: 0.99, trip: 0.99, walk: 0.9 };

/** The judged fleets of one interval and one set of signals. */
type Line = { readonly name: string; readonly fleets: readonly JudgedDay[] };

/**
 * How halts, stop visits, crossings and trips agree with the truth of simulated fleets, which knows nothing of the
 * engine, and halts with people's labels of recordings.
 */
export function benchVisits(options: VisitBenchOptions): BenchResult {
  const { commit, isQuick, recordings } = options;
  const results: Record<string, number | string> = {};
  const bars: Bar[] = [];
  for (const kind of KINDS) {
    for (const interval of INTERVALS) {
      for (const line of linesOf(kind, interval, options)) {
        results[line.name] = described(line.fleets);
        if (interval === INTERVALS[0] && line.name.endsWith('alone')) bars.push(...barsOf(kind, line.fleets));
      }
    }
  }
  if (recordings === undefined) results['labelled walks'] = 'not judged: PACELINE_TEST_DATA is not set';
  else {
    const walks = labelledWalks(join(recordings, 'gps', 'amazon_goal.zip'));
    const { files, fixes, agreement, precision, recall } = walks;
    results['labelled walks'] =
      `${files} recordings, ${fixes} fixes; precision ${share(precision)}, recall ${share(recall)}`;
    bars.push(atLeast('walks_agreement', agreement, TARGET.walk));
  }
  results['fleets of each line'] = `${seedsOf(isQuick, options.seed).length} of ${vansOf(isQuick)} vans`;
  return { bench: 'visits', commit, node: process.version, cpus: cpus().length, results, bars };
}

const seedsOf = (isQuick: boolean, seed: string): string[] =>
  Array.from({ length: isQuick ? 2 : 5 }, (_, i) => `visits/${seed}/${i + 1}`);
const vansOf = (isQuick: boolean): number => (isQuick ? 4 : 8);

function linesOf(kind: string, interval: number, { isQuick, seed, progress }: VisitBenchOptions): Line[] {
  const base: Scenario = scenarios[kind]!;
  const lines = SIGNALS.map((signals) => ({
    name: `${kind}, ${interval} s, ${signals.length === 0 ? 'position and speed alone' : `with ${signals.join(' and ')}`}`,
    signals,
    fleets: [] as JudgedDay[],
  }));
  for (const name of seedsOf(isQuick, seed)) {
    const scenario = { ...base, seed: name, vans: vansOf(isQuick), intervalSeconds: interval };
    const day = simulatedDay(scenario, SHIFT_START);
    for (const line of lines) line.fleets.push(judgedDay(day, interval, line.signals));
  }
  for (const { name, fleets } of lines) progress(`${name}: ${described(fleets)}`);
  return lines;
}

function described(fleets: readonly JudgedDay[]): string {
  const visits = together(fleets.map((fleet) => fleet.visits));
  const crossings = together(fleets.map((fleet) => fleet.crossings));
  const trips = together(fleets.flatMap(({ tripStarts, tripEnds }) => [tripStarts, tripEnds]));
  const both = (one: Agreement): string => `${share(precisionOf(one))}/${share(recallOf(one))}`;
  const worst = Math.min(...fleets.map((fleet) => recallOf(fleet.visits)));
  return [
    `visits ${both(visits)} (worst fleet's recall ${share(worst)}), arrival p90 ${errorP90(visits).toFixed(1)} s`,
    `crossings ${both(crossings)}, ${fleets.reduce((sum, { flaps }) => sum + flaps, 0)} flaps`,
    `trips ${both(trips)}`,
  ].join('; ');
}

function barsOf(kind: string, fleets: readonly JudgedDay[]): Bar[] {
  const name = kind.replace('-', '_');
  const visits = together(fleets.map((fleet) => fleet.visits));
  const crossings = together(fleets.map((fleet) => fleet.crossings));
  const trips = together(fleets.flatMap(({ tripStarts, tripEnds }) => [tripStarts, tripEnds]));
  const flaps = fleets.reduce((sum, fleet) => sum + fleet.flaps, 0);
  return [
    atLeast(`${name}_visit_precision`, precisionOf(visits), TARGET.visit),
    atLeast(`${name}_visit_recall`, recallOf(visits), TARGET.visit),
    atMost(`${name}_arrival_p90`, errorP90(visits), TARGET.arrival, 's'),
    atLeast(`${name}_crossing_precision`, precisionOf(crossings), TARGET.crossing),
    atLeast(`${name}_crossing_recall`, recallOf(crossings), TARGET.crossing),
    atMost(`${name}_flaps`, flaps, 0, ''),
    atLeast(`${name}_trip_precision`, precisionOf(trips), TARGET.trip),
    atLeast(`${name}_trip_recall`, recallOf(trips), TARGET.trip),
  ];
}

const share = (value: number): string => value.toFixed(4);

function atLeast(name: string, value: number, target: number): Bar {
  return { name, value: Math.floor(value * 1e4) / 1e4, unit: '', target, ok: value >= target };
}

function atMost(name: string, value: number, target: number, unit: string): Bar {
  return { name, value: Math.ceil(value * 100) / 100, unit, target, ok: value <= target };
}
