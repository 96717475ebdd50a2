import { setTimeout as delay } from 'node:timers/promises';
import type { Running, Unit } from '../supervisor.ts';

export type Kept = AsyncDisposable & {
  /** SIGKILL, as soon as it runs; it is started again at once. Resolves when it has ended. */
  readonly kill: () => Promise<void>;
};

const AGAIN_MS = 200;

/**
 * Keeps a process running like the supervisor, but without its patience: a campaign kills oftener
 * than anything would crash, and what it must prove does not get truer by waiting.
 */
export async function keepAlive(unit: Unit, signal: AbortSignal): Promise<Kept> {
  const stopping = new AbortController();
  let running: Running | undefined = await unit.start(signal);
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      await running?.exited;
      running = undefined;
      await delay(AGAIN_MS, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      running = await unit.start(stopping.signal).catch(() => undefined);
    }
  })();
  return {
    kill: async () => {
      while (running === undefined) await delay(20, undefined, { signal });
      const victim = running;
      victim.kill();
      await victim.exited;
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await running?.stop();
      await watching;
      // One that was just being started.
      await running?.stop();
    },
  };
}
