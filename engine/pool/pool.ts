import { Piscina } from 'piscina';
import { type Metrics, noMetrics } from '../../schemas/metrics.ts';
import type { Run } from './tasks.ts';
import type { Answer } from './worker.ts';

export type Pool = AsyncDisposable & { readonly run: Run };

/** A task whose thread dies is tried this often in all: what kills two threads is the task's fault. */
const ATTEMPTS = 2;

export type PoolOptions = {
  readonly threads: number;
  /** Tasks that may wait for a thread; more are refused. */
  readonly queueMax: number;
  readonly metrics?: Metrics;
};

/** Threads for `tasks`. The queue is bounded; a thread that dies is replaced and its task repeated. */
export function openPool({ threads, queueMax, metrics = noMetrics }: PoolOptions): Pool {
  const isSource = import.meta.url.endsWith('.ts');
  const piscina = new Piscina({
    filename: new URL(isSource ? './worker.ts' : './worker.js', import.meta.url).href,
    ...(isSource ? { execArgv: ['--import', 'tsx'] } : {}),
    minThreads: threads,
    maxThreads: threads,
    maxQueue: queueMax,
  });
  const run: Run = async (name, input, options = {}) => {
    const given = performance.now();
    for (let attempt = 1; ; attempt++) {
      try {
        const answering: Promise<Answer> = piscina.run({ name, input }, options);
        metrics.set('paceline_pool_waiting_tasks', piscina.queueSize);
        const { output, seconds } = await answering;
        const total = (performance.now() - given) / 1000;
        metrics.observe('paceline_pool_run_seconds', seconds, name);
        metrics.observe('paceline_pool_wait_seconds', Math.max(0, total - seconds), name);
        return output as never;
      } catch (error) {
        if (attempt >= ATTEMPTS || options.signal?.aborted || !isThreadDeath(error)) throw error;
        metrics.count('paceline_pool_retried_total', 1, name);
      } finally {
        metrics.set('paceline_pool_waiting_tasks', piscina.queueSize);
      }
    }
  };
  return { run, [Symbol.asyncDispose]: () => piscina.destroy() };
}

/** Whether the thread died under the task (memory, exit), rather than the task having thrown. */
function isThreadDeath(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return code.startsWith('ERR_WORKER') || /worker (exited|terminated)|exit code/i.test(error.message);
}
