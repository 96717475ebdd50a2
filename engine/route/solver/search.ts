import { random } from '../../../schemas/random.ts';
import { adopt } from './adopt.ts';
import { advance, type CoolingParams, openCooling, temperatureAt } from './cooling.ts';
import { hasLocalSearch, improve } from './local-search.ts';
import { openNeighbours, openPlaces } from './neighbours.ts';
import type { Problem } from './problem.ts';
import { type RecreateParams, recreate, recreateMemory } from './recreate.ts';
import { type RuinParams, ruin, ruinRelated, type Touched } from './ruin.ts';
import { emptyStretch } from './segment.ts';
import type { StopWhen } from './stop-when.ts';
import { catchUp, copyBank, copyTour, copyTours, emptyTours, type Tours } from './tours.ts';

export type SearchParams = RuinParams &
  RecreateParams &
  CoolingParams & {
    /** Share of ruins that take related stops instead of strings. */
    readonly relatedChance: number;
    /** How many nearest stops the local search tries a stop beside; 0 for no local search. */
    readonly moveMax: number;
  };

/** Found on Solomon's and Homberger's sets at 0.1 to 10 s; none is tuned to an instance. */
export const defaultParams: SearchParams = {
  removedMean: 10,
  stringMax: 10,
  splitChance: 0.5,
  relatedChance: 0.1,
  blinkChance: 0.01,
  nearMax: 40,
  placesMax: 40,
  waitWeight: 0.1,
  walkedFrom: 40,
  moveMax: 20,
  hot: 3,
  warm: 0.3,
  cold: 0.05,
};

/** Stops are put back by nearness in space, taken out by nearness in space and a little in time. */
const inSpace = { wait: 0, late: 0 };
const inTime = { wait: 0.1, late: 0.3 };
/** How many neighbours a ruin knows of its seed. */
const ADJACENT = 100;

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
  const neighbours = openNeighbours(problem, params.nearMax, inSpace);
  const adjacency = openNeighbours(problem, ADJACENT, inTime);
  const memory = recreateMemory(problem, openPlaces(problem, params.placesMax, params.waitWeight));
  const touched = noneTouched(problem);
  const candidate = emptyTours(problem);
  if (options.from) adopt(problem, candidate, options.from);
  const { progress } = options.stop;
  const isOver = (): boolean => progress(0) >= 1;
  const first = { ...params, blinkChance: 0, walksTours: true };
  recreate(problem, candidate, touched, neighbours, memory, dice, first, isOver);
  forget(touched);
  const current = emptyTours(problem);
  copyTours(problem, candidate, current);
  const best = emptyTours(problem);
  copyTours(problem, candidate, best);

  const scale = legMean(problem, current);
  const how = { ...params, walksTours: stopsPerTour(problem, current) > params.walkedFrom };
  const isImproving = params.moveMax > 0 && hasLocalSearch(problem);
  const stretch = emptyStretch();
  const stride = strideOf(problem, options.stop);
  const isWarm = options.from !== undefined;
  const cooling = openCooling();
  let iterations = 0;
  for (;;) {
    const done = progress(iterations);
    if (done >= 1) break;
    const reach = done > 0 ? iterations / done / problem.stopCount : 0;
    if (advance(cooling, done, reach, problem.stopCount, isWarm)) {
      catchUp(problem, best, current);
      catchUp(problem, best, candidate);
    }
    const temperature = scale * temperatureAt(cooling, params, done, reach, isWarm);
    for (let k = 0; k < stride; k++) {
      iterations++;
      if (dice.next() < params.relatedChance) {
        ruinRelated(problem, candidate, touched, adjacency, dice, params);
      } else ruin(problem, candidate, touched, adjacency, dice, params);
      recreate(problem, candidate, touched, neighbours, memory, dice, how);
      const isPromising = candidate.totalCost < best.totalCost - 1e-6;
      if (isImproving && isPromising)
        improve(problem, candidate, touched, neighbours, stretch, params.moveMax, isOver);
      const threshold = current.totalCost - temperature * Math.log(1 - dice.next());
      const isBest = judge(problem, { candidate, current, best }, touched, threshold);
      if (isBest) options.onBest?.(best, iterations);
    }
  }
  best.totalCost = exactCost(problem, best);
  return { tours: best, iterations };
}

/** Take the candidate over where its cost is below the threshold, else undo it; whether it is the best so far. */
function judge(
  problem: Problem,
  { candidate, current, best }: Readonly<Record<'candidate' | 'current' | 'best', Tours>>,
  touched: Touched,
  threshold: number,
): boolean {
  const isTaken = candidate.totalCost < threshold;
  const isBest = isTaken && candidate.totalCost < best.totalCost - 1e-6;
  if (isTaken) copyTouched(problem, candidate, current, touched);
  else copyTouched(problem, current, candidate, touched);
  if (isBest) catchUp(problem, candidate, best);
  forget(touched);
  return isBest;
}

/** Iterations between two looks at the clock: an iteration takes microseconds where timing is O(1), else up to milliseconds. */
function strideOf({ traits }: Problem, { strideMax }: StopWhen): number {
  return traits.isRich || traits.hasShipments ? 1 : strideMax;
}

/** The total without what thousands of additions and subtractions may have rounded. */
function exactCost(problem: Problem, { cost, bank, bankCount }: Tours): number {
  let sum = 0;
  for (let v = 0; v < problem.vehicleCount; v++) sum += cost[v]!;
  for (let k = 0; k < bankCount; k++) sum += problem.unservedCost[bank[k]!]!;
  return sum;
}

function copyTouched(problem: Problem, from: Tours, to: Tours, touched: Touched): void {
  for (let k = 0; k < touched.count; k++) copyTour(problem, from, to, touched.vehicles[k]!);
  copyBank(from, to);
}

function noneTouched({ vehicleCount }: Problem): Touched {
  return { mark: new Uint8Array(vehicleCount), vehicles: new Int32Array(vehicleCount), count: 0 };
}

function forget(touched: Touched): void {
  for (let k = 0; k < touched.count; k++) touched.mark[touched.vehicles[k]!] = 0;
  touched.count = 0;
}

function stopsPerTour({ stopCount, vehicleCount }: Problem, { size, bankCount }: Tours): number {
  let used = 0;
  for (let v = 0; v < vehicleCount; v++) if (size[v]! > 0) used++;
  return used === 0 ? 0 : (stopCount - bankCount) / used;
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
