import { random } from '../../../schemas/random.ts';
import { adopt } from './adopt.ts';
import { emptyChoice } from './insertion.ts';
import { hasLocalSearch, improve } from './local-search.ts';
import { neighboursOf } from './neighbours.ts';
import type { Problem } from './problem.ts';
import { recreate, recreateMemory } from './recreate.ts';
import { ruin, type Touched } from './ruin.ts';
import { emptyStretch } from './segment.ts';
import type { StopWhen } from './stop-when.ts';
import { copyBank, copyTour, copyTours, emptyTours, type Tours } from './tours.ts';

export type SearchParams = {
  readonly removedMean: number;
  readonly stringMax: number;
  readonly splitChance: number;
  readonly blinkChance: number;
  readonly nearMax: number;
  /** How much waiting and lateness a pair of stops forces count against their nearness. */
  readonly ruinWait: number;
  readonly ruinLate: number;
  readonly waitWeight: number;
  readonly lateWeight: number;
  /** How many nearest stops the local search tries a stop beside; 0 for no local search. */
  readonly moveMax: number;
  /** Temperatures, as multiples of the mean cost of a leg in the first plan. */
  readonly hot: number;
  readonly cold: number;
};

export const defaultParams: SearchParams = {
  removedMean: 10,
  stringMax: 10,
  splitChance: 0.5,
  blinkChance: 0.01,
  nearMax: 40,
  ruinWait: 0.1,
  ruinLate: 0.3,
  waitWeight: 0,
  lateWeight: 0,
  moveMax: 20,
  hot: 3,
  cold: 0.02,
};

export type Found = { readonly tours: Tours; readonly iterations: number };

/** The loop: ruin, recreate, accept or undo, until told to stop. */
export function search(
  problem: Problem,
  options: {
    readonly seed: number | string;
    readonly stop: StopWhen;
    readonly params?: Partial<SearchParams>;
    /** The running plan, as nodes by vehicle; the result is never worse than it. */
    readonly from?: readonly (readonly number[])[] | undefined;
    readonly onBest?: (tours: Tours, iterations: number) => void;
  },
): Found {
  const params = { ...defaultParams, ...options.params };
  const dice = random(options.seed);
  const neighbours = neighboursOf(problem, { countMax: 100, ...params });
  const adjacency = neighboursOf(problem, {
    countMax: 100,
    waitWeight: params.ruinWait,
    lateWeight: params.ruinLate,
  });
  const memory = recreateMemory(problem, emptyChoice());
  const touched: Touched = {
    mark: new Uint8Array(problem.vehicleCount),
    vehicles: new Int32Array(problem.vehicleCount),
    count: 0,
  };
  const candidate = emptyTours(problem);
  if (options.from) adopt(problem, candidate, options.from);
  recreate(problem, candidate, touched, neighbours, memory, dice, { ...params, blinkChance: 0 });
  forget(touched);
  const current = emptyTours(problem);
  copyTours(problem, candidate, current);
  const best = emptyTours(problem);
  copyTours(problem, candidate, best);

  const scale = legMean(problem, current);
  const isImproving = params.moveMax > 0 && hasLocalSearch(problem);
  const stretch = emptyStretch();
  const { progress, strideMax } = options.stop;
  let temperature = params.hot * scale;
  let iterations = 0;
  for (;;) {
    const done = progress(iterations);
    if (done >= 1) break;
    temperature = params.hot * scale * (params.cold / params.hot) ** done;
    for (let k = 0; k < strideMax; k++) {
      iterations++;
      ruin(problem, candidate, touched, adjacency, dice, params);
      recreate(problem, candidate, touched, neighbours, memory, dice, params);
      if (isImproving && candidate.totalCost < best.totalCost - 1e-6) {
        improve(problem, candidate, touched, neighbours, stretch, params.moveMax);
      }
      const threshold = current.totalCost - temperature * Math.log(1 - dice.next());
      if (candidate.totalCost < threshold) {
        copyTouched(problem, candidate, current, touched);
        if (candidate.totalCost < best.totalCost - 1e-6) {
          copyTours(problem, candidate, best);
          options.onBest?.(best, iterations);
        }
      } else copyTouched(problem, current, candidate, touched);
      forget(touched);
    }
  }
  return { tours: best, iterations };
}

function copyTouched(problem: Problem, from: Tours, to: Tours, touched: Touched): void {
  for (let k = 0; k < touched.count; k++) copyTour(problem, from, to, touched.vehicles[k]!);
  copyBank(from, to);
}

function forget(touched: Touched): void {
  for (let k = 0; k < touched.count; k++) touched.mark[touched.vehicles[k]!] = 0;
  touched.count = 0;
}

function legMean(problem: Problem, tours: Tours): number {
  let sum = 0;
  let count = 0;
  for (let v = 0; v < problem.vehicleCount; v++) {
    if (tours.size[v] === 0) continue;
    sum += tours.cost[v]! - problem.fixedCost[v]!;
    count += tours.size[v]! + 1;
  }
  return count > 0 ? sum / count : 1;
}
