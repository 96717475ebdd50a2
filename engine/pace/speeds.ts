import type { Position } from '../../schemas/position.ts';
import { HOURS, hourOf } from './hour-of-day.ts';

/**
 * What past days say of the streets: by hour of the day for the whole fleet, and by area, as sums that
 * grow older with each day. `expected` is what a leg should have taken by its plan, the fleet's ratio
 * and its driver's; `actual` is what it took.
 *
 *   hours  hour-major (UTC) [services, Σ off (logarithm), Σ expected, Σ actual seconds of legs]
 *   areas  by cell: Σ expected, Σ actual seconds of legs
 */
export type Speeds = {
  readonly hours: Float64Array;
  readonly areas: ReadonlyMap<number, readonly [expected: number, actual: number]>;
};

export const SPEED_COLUMNS = 4;
export const speedColumn = { services: 0, off: 1, expected: 2, actual: 3 } as const;

export const noSpeeds: Speeds = { hours: new Float64Array(HOURS * SPEED_COLUMNS), areas: new Map() };

/** Degrees of latitude and longitude that make one area: about a mile. */
const AREA = 0.015;
const COLUMNS = 2 ** 16;

export const areaOf = ({ lng, lat }: Position): number =>
  Math.floor((lat + 90) / AREA) * COLUMNS + Math.floor((lng + 180) / AREA);

/** The middle of an area. */
export const areaMiddle = (area: number): Position => ({
  lng: ((area % COLUMNS) + 0.5) * AREA - 180,
  lat: (Math.floor(area / COLUMNS) + 0.5) * AREA - 90,
});

/**
 * Until so much was seen nothing is believed: the noise of legs (variance of one over its plan, 40 s)
 * and of services (0.36 of the logarithm), over how much hours (σ 3 %) and areas (6 %) usually differ.
 */
const HOUR_SECONDS = 40 / 0.03 ** 2;
const AREA_SECONDS = 40 / 0.06 ** 2;
const HOUR_SERVICES = 0.36 / 0.03 ** 2;

/** How a leg and a service that are planned for an instant and a place come out, against the plan's own. */
export type StreetFactors = { readonly hour: number; readonly area: number; readonly service: number };

export function streetFactors({ hours, areas }: Speeds, at: number, place: Position): StreetFactors {
  const from = hourOf(at) * SPEED_COLUMNS;
  const column = (which: keyof typeof speedColumn) => hours[from + speedColumn[which]]!;
  const [expected, actual] = areas.get(areaOf(place)) ?? [0, 0];
  return {
    hour: (column('actual') + HOUR_SECONDS) / (column('expected') + HOUR_SECONDS),
    area: (actual + AREA_SECONDS) / (expected + AREA_SECONDS),
    service: Math.exp(column('off') / (column('services') + HOUR_SERVICES)),
  };
}
