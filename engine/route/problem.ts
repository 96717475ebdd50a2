import { distanceOf, type Position } from '../../schemas/position.ts';

/**
 * The remaining stops of one van under way, in their running order. Seconds, instants, degrees; plain
 * columns, so that it can cross to a thread.
 */
export type SequenceProblem = {
  /** Where the van is free to go from, and when. */
  readonly start: Position;
  readonly startAt: number;
  readonly depot: Position;
  readonly lng: Float64Array;
  readonly lat: Float64Array;
  readonly service: Float64Array;
  /** −∞ and +∞ where a stop has no window. The window is for the start of service. */
  readonly windowFrom: Float64Array;
  readonly windowUntil: Float64Array;
  /** Seconds a straight metre takes, circuity included. */
  readonly perMetre: number;
  /** So many first stops stay where they are: the driver is on the way to them. */
  readonly committed: number;
};

/** A second late at a promised window counts as this many seconds of driving. */
export const LATENESS_WEIGHT = 3;

/** What a tour takes: its length, and how late it is at windows in all. */
export type TourCost = { readonly seconds: number; readonly lateness: number; readonly cost: number };

/**
 * Travel seconds between all places, row by row: 0 is the start, 1 … n the stops, n + 1 the depot.
 */
export function travelMatrix({ start, depot, lng, lat, perMetre }: SequenceProblem): Float64Array {
  const n = lng.length;
  const size = n + 2;
  const x = (i: number) => (i === 0 ? start.lng : i > n ? depot.lng : lng[i - 1]!);
  const y = (i: number) => (i === 0 ? start.lat : i > n ? depot.lat : lat[i - 1]!);
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++) {
      const seconds = distanceOf(x(i), y(i), x(j), y(j)) * perMetre;
      matrix[i * size + j] = seconds;
      matrix[j * size + i] = seconds;
    }
  }
  return matrix;
}
