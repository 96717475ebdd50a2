import { parentPort, workerData } from 'node:worker_threads';
import type { ProblemInput } from '../engine/route/solver/problem-input.ts';
import { type Solved, solve } from '../engine/route/solver/solve.ts';
import { afterIterations, afterTime } from '../engine/route/solver/stop-when.ts';

/** What one thread is asked; the matrices are shared, not copied. */
export type SolveTask = {
  readonly problem: ProblemInput;
  readonly from: readonly (readonly string[])[] | undefined;
  readonly seed: string;
  readonly seconds: number;
  /** Instead of `seconds`: the same plan from the same seed. */
  readonly iterations: number | undefined;
  /** Non-zero: come to an end now. */
  readonly stop: Int32Array;
};

export type SolveMessage =
  | { readonly kind: 'better'; readonly cost: number; readonly iterations: number }
  | { readonly kind: 'done'; readonly solved: Solved; readonly seconds: number };

const PROGRESS_MS = 250;

if (parentPort) {
  const port = parentPort;
  const task: SolveTask = workerData;
  const post = (message: SolveMessage): void => port.postMessage(message);
  let told = Number.NEGATIVE_INFINITY;
  const begin = performance.now();
  const stop =
    task.iterations === undefined
      ? afterTime(() => performance.now(), task.seconds * 1000, {
          isStopped: () => Atomics.load(task.stop, 0) !== 0,
        })
      : afterIterations(task.iterations);
  const solved = solve(task.problem, {
    seed: task.seed,
    stop,
    from: task.from,
    onBest: (cost, iterations) => {
      const now = performance.now();
      if (now - told < PROGRESS_MS) return;
      told = now;
      post({ kind: 'better', cost, iterations });
    },
  });
  post({ kind: 'done', solved, seconds: (performance.now() - begin) / 1000 });
}
