/** One figure of the bench: a set of instances, a budget, and the mean gap it should not exceed. */
export type Bar = {
  readonly name: string;
  readonly set: string;
  /** Of these instances only; absent: all. */
  readonly only?: RegExp;
  readonly budgetMs: number;
  /** Per cent. */
  readonly target: number;
  /** Instances taken with `--quick`; 0 leaves the bar out. */
  readonly quickCount: number;
};

/** Names and targets are those the project set itself; the sets are folders of instances. */
export const bars: readonly Bar[] = [
  { name: 'solomon_100ms', set: 'solomon', budgetMs: 100, target: 0.7, quickCount: 99 },
  { name: 'solomon_1s', set: 'solomon', budgetMs: 1_000, target: 0.2, quickCount: 6 },
  { name: 'solomon_10s', set: 'solomon', budgetMs: 10_000, target: 0.03, quickCount: 0 },
  { name: 'gh200_200ms', set: 'homberger_200', budgetMs: 200, target: 1.2, quickCount: 99 },
  { name: 'gh200_1s', set: 'homberger_200', budgetMs: 1_000, target: 0.6, quickCount: 4 },
  { name: 'gh200_10s', set: 'homberger_200', budgetMs: 10_000, target: 0.2, quickCount: 0 },
  {
    name: 'gh200_class2_1s',
    set: 'homberger_200',
    only: /2_2_/,
    budgetMs: 1_000,
    target: 0.7,
    quickCount: 3,
  },
  { name: 'gh1000_1s', set: 'homberger_1000', budgetMs: 1_000, target: 3.5, quickCount: 4 },
  { name: 'gh1000_10s', set: 'homberger_1000', budgetMs: 10_000, target: 1.6, quickCount: 0 },
  { name: 'gh1000_60s', set: 'homberger_1000', budgetMs: 60_000, target: 1, quickCount: 0 },
  { name: 'leuven2_60s', set: 'belgium', only: /leuven2/i, budgetMs: 60_000, target: 3, quickCount: 0 },
  { name: 'mdvrptw_60s', set: 'mdvrptw', budgetMs: 60_000, target: 2, quickCount: 0 },
  { name: 'sdvrptw_10s', set: 'sdvrptw', budgetMs: 10_000, target: 1.5, quickCount: 1 },
];
