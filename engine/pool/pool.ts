import { Piscina } from 'piscina';
import type { Run } from './tasks.ts';

export type Pool = AsyncDisposable & {
  readonly run: Run;
  /** Tasks done again because their thread died. */
  readonly retried: () => number;
};

/** A task whose thread dies is tried this often in all: what kills two threads is the task's fault. */
const ATTEMPTS = 2;

/** Threads for `tasks`. The queue is bounded; a thread that dies is replaced and its task repeated. */
export function openPool({ threads, queueMax }: { threads: number; queueMax: number }): Pool {
  const isSource = import.meta.url.endsWith('.ts');
  const piscina = new Piscina({
    filename: new URL(isSource ? './worker.ts' : './worker.js', import.meta.url).href,
    ...(isSource ? { execArgv: ['--import', 'tsx'] } : {}),
    minThreads: threads,
    maxThreads: threads,
    maxQueue: queueMax,
  });
  let retried = 0;
  const run: Run = async (name, input, options = {}) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await piscina.run({ name, input }, options);
      } catch (error) {
        if (attempt >= ATTEMPTS || options.signal?.aborted || !isThreadDeath(error)) throw error;
        retried++;
      }
    }
  };
  return { run, retried: () => retried, [Symbol.asyncDispose]: () => piscina.destroy() };
}

/** Whether the thread died under the task (memory, exit), rather than the task having thrown. */
function isThreadDeath(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return code.startsWith('ERR_WORKER') || /worker (exited|terminated)|exit code/i.test(error.message);
}
