/** How far a search is through its budget, 0 … 1, asked every so many iterations. At 1 it ends. */
export type StopWhen = {
  readonly progress: (iterations: number) => number;
  /** Iterations that may pass between two questions, given how many per call went before. */
  readonly strideMax: number;
};

/** Ends after so many iterations: the same plan from the same seed on every machine. */
export function afterIterations(count: number): StopWhen {
  return { progress: (iterations) => iterations / count, strideMax: Math.max(1, Math.min(64, count)) };
}

/** Ends at an instant of `now`, or when `isStopped` says so. Any unit will do. */
export function afterTime(
  now: () => number,
  budget: number,
  { isStopped = () => false }: { readonly isStopped?: () => boolean } = {},
): StopWhen {
  const begin = now();
  return { progress: () => (isStopped() ? 1 : (now() - begin) / budget), strideMax: 16 };
}
