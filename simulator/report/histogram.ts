/**
 * Counts by size in buckets 5 % wide, as HDR histograms do: constant memory, quantiles true to 5 %
 * (http://hdrhistogram.org/). Milliseconds.
 */
export type Histogram = {
  readonly add: (ms: number) => void;
  readonly count: () => number;
  readonly quantile: (share: number) => number;
};

const WIDTH = Math.log(1.05);
/** Everything below a tenth of a millisecond is one bucket. */
const LEAST = 0.1;

export function openHistogram(): Histogram {
  const buckets: number[] = [];
  let total = 0;
  return {
    add: (ms) => {
      const bucket = Math.max(0, Math.ceil(Math.log(Math.max(ms, LEAST) / LEAST) / WIDTH));
      while (buckets.length <= bucket) buckets.push(0);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      total++;
    },
    count: () => total,
    quantile: (share) => {
      let left = share * total;
      for (const [bucket, count] of buckets.entries()) {
        left -= count;
        if (left <= 0 && total > 0) return LEAST * Math.exp(bucket * WIDTH);
      }
      return 0;
    },
  };
}

export type LatencyMs = { readonly p50: number; readonly p95: number; readonly p99: number };

export const latencyOf = (histogram: Histogram): LatencyMs => {
  const at = (share: number) => Math.round(histogram.quantile(share) * 10) / 10;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
};
