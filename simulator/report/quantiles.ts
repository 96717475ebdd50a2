/**
 * Measured distributions as [share below, value]: what the world is calibrated against, never a
 * formula fitted by eye. Between two known quantiles the logarithm is interpolated.
 */
export type Quantiles = readonly (readonly [share: number, value: number])[];

/** Planned seconds at a stop (LMRRC routes, 13-route sample): median 70, mean 101. */
export const plannedService: Quantiles = [
  [0, 15],
  [0.05, 31],
  [0.25, 49],
  [0.5, 70],
  [0.75, 115],
  [0.9, 190],
  [0.95, 291],
  [0.99, 520],
  [1, 900],
];

/** Seconds really spent at a stop (GOAL couriers, Kaplan–Meier; lognormal(4.44, 0.72) fits it). */
export const dwell: Quantiles = [
  [0, 22],
  [0.1, 40],
  [0.25, 55],
  [0.5, 78],
  [0.75, 128],
  [0.9, 236],
  [0.99, 450],
  [1, 1260],
];

/** Parcels at a stop (LMRRC): half of the stops one, three quarters at most two. */
export const packages: Quantiles = [
  [0, 1],
  [0.5, 1.4],
  [0.75, 2.4],
  [0.95, 3.4],
  [0.99, 6.4],
  [1, 12],
];

export function quantile(quantiles: Quantiles, share: number): number {
  for (let i = 1; i < quantiles.length; i++) {
    const [below, low] = quantiles[i - 1]!;
    const [above, high] = quantiles[i]!;
    if (share > above) continue;
    const part = (share - below) / (above - below);
    return Math.exp(Math.log(low) + part * (Math.log(high) - Math.log(low)));
  }
  return quantiles.at(-1)![1];
}

/** The share of a standard normal below z (Zelen & Severo, Abramowitz and Stegun 26.2.17; |error| < 7.5e−8). */
export function normalShare(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    (Math.exp(-(z * z) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z >= 0 ? 1 - tail : tail;
}

/** The standard normal below which a share lies, for shares that `quantile` makes of it (bisection). */
export function normalScore(quantiles: Quantiles, value: number): number {
  let [low, high] = [-3.5, 3.5];
  for (let i = 0; i < 30; i++) {
    const middle = (low + high) / 2;
    if (quantile(quantiles, normalShare(middle)) < value) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
