import { normalCdf } from './normal.ts';

/**
 * How forecasts of the finish came true, learned from past days: where the true finish lay, in spreads
 * (σ) from the expected one. A forecast's P50 and P90 are read off what was seen of forecasts like it,
 * so that they hold whatever the world is like; conformal prediction with a prior
 * (https://arxiv.org/abs/2107.07511, weights as in https://arxiv.org/abs/2202.13415).
 *
 *   counts   bin-major [BINS × CELLS]   forecasts whose error lay in a cell, weighted by how recent
 *
 * A bin holds forecasts made at about the same share of the stops done; cells are CELL wide from FROM.
 */
export type Calibration = { readonly counts: Float64Array };

/** Shares of the stops done about which forecasts are gathered. */
export const PROGRESS_KNOTS = [0, 0.1, 0.25, 0.5, 0.75, 0.9] as const;
const BINS = PROGRESS_KNOTS.length;
const FROM = -4;
const CELL = 0.1;
const CELLS = 110;

/** Before anything was seen: a normal with a longer right side, worth so many forecasts. */
const USUAL_WEIGHT = 40;
/** A day's forecasts count by this much a day later. */
const KEPT = 0.8;

/** Trouble makes days longer, seldom shorter: the usual error is a little to the right, and larger there. */
const SHIFT = 0.08;
const SKEW = 1.1;
const usualShares = Float64Array.from({ length: CELLS }, (_, cell) => {
  const z = FROM + (cell + 1) * CELL;
  const off = z - SHIFT;
  return normalCdf(off > 0 ? off / SKEW : off * SKEW);
});

export const noCalibration: Calibration = { counts: new Float64Array(BINS * CELLS) };

/** What was forecast of a route's finish at a share of its stops, and what came. */
export type Outcome = {
  readonly progress: number;
  readonly mean: number;
  readonly sd: number;
  readonly finish: number;
};

export function recalibrated({ counts }: Calibration, outcomes: readonly Outcome[]): Calibration {
  const kept = counts.map((count) => count * KEPT);
  for (const { progress, mean, sd, finish } of outcomes) {
    if (!(sd > 0)) continue;
    kept[binOf(progress) * CELLS + cellOf((finish - mean) / sd)]! += 1;
  }
  return { counts: kept };
}

function binOf(progress: number): number {
  let best = 0;
  for (let bin = 1; bin < BINS; bin++) {
    if (Math.abs(PROGRESS_KNOTS[bin]! - progress) < Math.abs(PROGRESS_KNOTS[best]! - progress)) best = bin;
  }
  return best;
}

const cellOf = (z: number): number => Math.max(0, Math.min(CELLS - 1, Math.floor((z - FROM) / CELL)));

/** Cumulative shares at the upper edge of each cell, for each knot: what forecasts are read off. */
export type Curves = {
  readonly shares: Float64Array;
  readonly p50: Float64Array;
  readonly p90: Float64Array;
};

/** A neighbouring knot's forecasts tell by this much of what a knot's own do. */
const NEIGHBOUR = 0.4;

export function curvesOf({ counts }: Calibration): Curves {
  const shares = new Float64Array(BINS * CELLS);
  const [p50, p90] = [new Float64Array(BINS), new Float64Array(BINS)];
  for (let bin = 0; bin < BINS; bin++) {
    let sum = 0;
    let before = 0;
    for (let cell = 0; cell < CELLS; cell++) {
      const edge = cell === CELLS - 1 ? 1 : usualShares[cell]!;
      sum += USUAL_WEIGHT * (edge - before) + counts[bin * CELLS + cell]!;
      for (const other of [bin - 1, bin + 1]) {
        if (other >= 0 && other < BINS) sum += NEIGHBOUR * counts[other * CELLS + cell]!;
      }
      before = edge;
      shares[bin * CELLS + cell] = sum;
    }
    for (let cell = 0; cell < CELLS; cell++) shares[bin * CELLS + cell]! /= sum;
    p50[bin] = zAt(shares, bin, 0.5);
    p90[bin] = zAt(shares, bin, 0.9);
  }
  return { shares, p50, p90 };
}

function zAt(shares: Float64Array, bin: number, share: number): number {
  let cell = 0;
  while (cell < CELLS - 1 && shares[bin * CELLS + cell]! < share) cell++;
  const low = cell === 0 ? 0 : shares[bin * CELLS + cell - 1]!;
  const high = shares[bin * CELLS + cell]!;
  return FROM + (cell + (high > low ? (share - low) / (high - low) : 1)) * CELL;
}

/** Between which knots a share of stops done lies, and how far along. */
function placeOf(progress: number): { readonly bin: number; readonly part: number } {
  let bin = 0;
  while (bin < BINS - 2 && PROGRESS_KNOTS[bin + 1]! <= progress) bin++;
  const [low, high] = [PROGRESS_KNOTS[bin]!, PROGRESS_KNOTS[bin + 1]!];
  return { bin, part: Math.max(0, Math.min(1, (progress - low) / (high - low))) };
}

/** The quantiles, in σ from the mean, of forecasts at this share of the stops. */
export function quantilesAt({ p50, p90 }: Curves, progress: number) {
  const { bin, part } = placeOf(progress);
  const mixed = (at: Float64Array) => at[bin]! + part * (at[bin + 1]! - at[bin]!);
  return { p50: mixed(p50), p90: mixed(p90) };
}

/** P(the finish lies more than z σ after the mean). */
export function shareAbove({ shares }: Curves, progress: number, z: number): number {
  const { bin, part } = placeOf(progress);
  const below = (of: number) => {
    const place = (z - FROM) / CELL;
    if (place <= 0) return 0;
    if (place >= CELLS) return 1;
    const cell = Math.floor(place);
    const low = cell === 0 ? 0 : shares[of * CELLS + cell - 1]!;
    return low + (place - cell) * (shares[of * CELLS + cell]! - low);
  };
  return 1 - (below(bin) + part * (below(bin + 1) - below(bin)));
}
