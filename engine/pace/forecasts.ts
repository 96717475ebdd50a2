import type { Pace } from '../../schemas/event.ts';
import { PROGRESS_KNOTS } from './calibration.ts';
import type { Projection } from './projection.ts';

/** What was said of a route's finish before past errors were counted in: expected instant and spread. */
export type Forecast = { readonly progress: number; readonly mean: number; readonly sd: number };

/** With the first projection made after each share of the stops: so each teaches once, however long it stood. */
export function forecastsWith(
  forecasts: readonly Forecast[],
  { stopsDone, stopsTotal }: Pace,
  { finish, finishSd }: Projection,
): readonly Forecast[] {
  const done = stopsTotal > 0 ? stopsDone / stopsTotal : 0;
  const reached = PROGRESS_KNOTS.findLast((knot) => knot > 0 && knot <= done);
  if (reached === undefined || forecasts.some(({ progress }) => progress >= reached)) return forecasts;
  return [...forecasts, { progress: reached, mean: finish, sd: finishSd }];
}
