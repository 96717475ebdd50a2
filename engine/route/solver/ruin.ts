import type { Random } from '../../../schemas/random.ts';
import { lookAround, type Neighbours } from './neighbours.ts';
import type { Problem } from './problem.ts';
import { bankTour, putInBank, refreshTour, type Tours, unlink } from './tours.ts';

export type RuinParams = {
  /** How many stops one ruin takes out on average. */
  readonly removedMean: number;
  /** The longest string taken from one tour. */
  readonly stringMax: number;
  /** Probability that stops in the middle of a string are left where they are. */
  readonly splitChance: number;
};

/** Tours changed since the last decision. */
export type Touched = { readonly mark: Uint8Array; readonly vehicles: Int32Array; count: number };

export function touch(touched: Touched, vehicle: number): void {
  if (touched.mark[vehicle] !== 0) return;
  touched.mark[vehicle] = 1;
  touched.vehicles[touched.count++] = vehicle;
}

/**
 * Adjacent string removal, from SISR (Christiaens & Vanden Berghe 2020, https://doi.org/10.1287/trsc.2019.0914):
 * around a seed stop, a string of stops is taken out of each of several neighbouring tours, which makes
 * room in space and in capacity at once.
 */
export function ruin(
  problem: Problem,
  tours: Tours,
  touched: Touched,
  neighbours: Neighbours,
  random: Random,
  { removedMean, stringMax, splitChance }: RuinParams,
): void {
  const { stopCount, vehicleCount } = problem;
  const used = stopCount - tours.bankCount;
  if (used <= 0) return;
  let tourCount = 0;
  for (let v = 0; v < vehicleCount; v++) if (tours.size[v]! > 0) tourCount++;
  const lengthMax = Math.min(stringMax, Math.max(1, used / tourCount));
  const stringsMax = (4 * removedMean) / (1 + lengthMax) - 1;
  const strings = Math.floor(1 + random.next() * stringsMax);
  const seed = random.integer(stopCount);
  lookAround(problem, neighbours, seed);
  const { count, near } = neighbours;
  let ruined = 0;
  for (let k = -1; k < count && ruined < strings; k++) {
    const stop = k < 0 ? seed : near[seed * count + k]!;
    const vehicle = tours.tourOf[stop]!;
    if (vehicle < 0 || touched.mark[vehicle] !== 0) continue;
    touch(touched, vehicle);
    const size = tours.size[vehicle]!;
    const length = Math.floor(1 + random.next() * Math.min(size, lengthMax));
    const kept = length > 1 && length < size && random.next() < splitChance ? 1 : 0;
    removeString(problem, tours, stop, Math.min(length, size), kept, random);
    if (!refreshTour(problem, tours, vehicle)) bankTour(problem, tours, vehicle);
    ruined++;
  }
}

/**
 * Related removal (Shaw 1998, https://doi.org/10.1007/3-540-49481-2_30): the seed and most of the stops nearest to it,
 * whatever their tours. Where windows are tight, strings of one tour seldom fit anywhere but where they were.
 */
export function ruinRelated(
  problem: Problem,
  tours: Tours,
  touched: Touched,
  neighbours: Neighbours,
  random: Random,
  { removedMean }: RuinParams,
): void {
  const seed = random.integer(problem.stopCount);
  lookAround(problem, neighbours, seed);
  const { count, near } = neighbours;
  let left = 1 + random.integer(2 * removedMean);
  for (let k = -1; k < count && left > 0; k++) {
    const stop = k < 0 ? seed : near[seed * count + k]!;
    const vehicle = tours.tourOf[stop]!;
    if (vehicle < 0 || random.next() < 0.3) continue;
    touch(touched, vehicle);
    const other = problem.mate[stop]!;
    if (other >= 0) {
      unlink(tours, other);
      putInBank(problem, tours, other);
    }
    unlink(tours, stop);
    putInBank(problem, tours, stop);
    left--;
  }
  for (let k = 0; k < touched.count; k++) {
    const vehicle = touched.vehicles[k]!;
    if (!refreshTour(problem, tours, vehicle)) bankTour(problem, tours, vehicle);
  }
}

/** Take out `length` consecutive stops around `stop`, sparing `kept` somewhere among them. */
function removeString(
  problem: Problem,
  tours: Tours,
  stop: number,
  length: number,
  kept: number,
  random: Random,
): void {
  const { stopCount, mate } = problem;
  const { next, prev, tourOf } = tours;
  const total = length + kept;
  // How far the string may reach to either side, and where in it the stop then lies.
  let before = 0;
  for (let node = prev[stop]!; before < total - 1 && node < stopCount; node = prev[node]!) before++;
  let after = 0;
  for (let node = next[stop]!; after < total - 1 && node < stopCount; node = next[node]!) after++;
  const backMin = Math.max(0, total - 1 - after);
  const back = backMin + random.integer(Math.min(before, total - 1) - backMin + 1);
  let node = stop;
  for (let k = 0; k < back; k++) node = prev[node]!;
  const keepAt = kept > 0 ? random.integer(length) + (length > 1 ? 0 : 1) : total;
  for (let k = 0; k < total && node < stopCount; k++) {
    let following = next[node]!;
    if (k < keepAt || k >= keepAt + kept) {
      const other = mate[node]!;
      if (other >= 0 && tourOf[other]! >= 0) {
        if (other === following) following = next[other]!;
        unlink(tours, other);
        putInBank(problem, tours, other);
      }
      unlink(tours, node);
      putInBank(problem, tours, node);
    }
    node = following;
  }
}
