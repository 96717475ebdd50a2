import { Worker } from 'node:worker_threads';
import type { ProblemInput } from '../engine/route/solver/problem-input.ts';
import type { Solved } from '../engine/route/solver/solve.ts';
import type { SolveMessage, SolveTask } from './solve-worker.ts';

const isSource = import.meta.url.endsWith('.ts');
const entry = new URL(isSource ? './solve-worker.ts' : './solve-worker.js', import.meta.url);
/** tsx does not reach into threads of a program it runs itself: a thread from sources asks for it by name. */
const fromSource = `import('tsx/esm/api').then(({ tsImport }) => tsImport(${JSON.stringify(entry.href)}, ${JSON.stringify(import.meta.url)}))`;

/** Solve on several threads, each from a seed of its own, and keep the best plan. */
export async function solveOnThreads(options: {
  readonly problem: ProblemInput;
  readonly from?: readonly (readonly string[])[] | undefined;
  readonly seed: string;
  readonly seconds: number;
  readonly iterations?: number | undefined;
  readonly threads: number;
  /** Aborting ends the search early; the best plan so far is the result. */
  readonly signal: AbortSignal;
  readonly onBetter: (cost: number, iterations: number) => void;
}): Promise<{ readonly solved: Solved; readonly seconds: number }> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const end = (): void => void Atomics.store(stop, 0, 1);
  if (options.signal.aborted) end();
  options.signal.addEventListener('abort', end);
  let best = Number.POSITIVE_INFINITY;
  const better = (cost: number, iterations: number): void => {
    if (cost >= best) return;
    best = cost;
    options.onBetter(cost, iterations);
  };
  const { problem, from, seconds, iterations } = options;
  const runs = Array.from({ length: options.threads }, (_, thread) => {
    // The first thread has the plain seed, so one thread gives what `solve` gives.
    const seed = thread === 0 ? options.seed : `${options.seed}/${thread}`;
    return runThread({ problem, from, seed, seconds, iterations, stop }, better);
  });
  try {
    const results = await Promise.all(runs);
    return results.reduce((a, b) => (b.solved.score < a.solved.score ? b : a));
  } finally {
    options.signal.removeEventListener('abort', end);
  }
}

function runThread(task: SolveTask, better: (cost: number, iterations: number) => void) {
  return new Promise<{ solved: Solved; seconds: number }>((resolve, reject) => {
    const worker = isSource
      ? new Worker(fromSource, { eval: true, workerData: task })
      : new Worker(entry, { workerData: task });
    worker.on('error', reject);
    worker.on('message', (message: SolveMessage) => {
      if (message.kind === 'better') better(message.cost, message.iterations);
      else resolve({ solved: message.solved, seconds: message.seconds });
    });
  });
}
