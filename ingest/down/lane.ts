import { setTimeout as wait } from 'node:timers/promises';
import { asError } from '../../schemas/fault.ts';
import type { Log } from '../../schemas/program.ts';

export type LaneOptions<T> = {
  /** What a key needs that already waits for something. */
  readonly merge: (waiting: T, added: T) => T;
  /** Keys of one turn. */
  readonly size: number;
  readonly work: (turn: ReadonlyMap<string, T>) => Promise<void>;
  readonly log: Log;
  readonly signal: AbortSignal;
};

const RETRY_MS = 500;

/** Work by key, one turn at a time; a turn that fails is tried again, together with what came since. */
export class Lane<T> {
  readonly #options: LaneOptions<T>;
  readonly #waiting = new Map<string, T>();
  #wake: () => void = () => {};

  constructor(options: LaneOptions<T>) {
    this.#options = options;
  }

  put(key: string, value: T): void {
    const waiting = this.#waiting.get(key);
    this.#waiting.set(key, waiting === undefined ? value : this.#options.merge(waiting, value));
    this.#wake();
  }

  async run(): Promise<void> {
    const { signal, work, log } = this.#options;
    while (!signal.aborted) {
      const turn = this.#take();
      if (turn.size === 0) {
        await this.#somethingToDo();
        continue;
      }
      try {
        await work(turn);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ reason: asError(error).message }, 'cannot send down to devices; trying again');
        for (const [key, value] of turn) this.put(key, value);
        await wait(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  #take(): Map<string, T> {
    const turn = new Map<string, T>();
    for (const [key, value] of this.#waiting) {
      if (turn.size === this.#options.size) break;
      turn.set(key, value);
    }
    for (const key of turn.keys()) this.#waiting.delete(key);
    return turn;
  }

  #somethingToDo(): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        this.#wake = () => {};
        resolve();
      };
      this.#wake = done;
      if (signal.aborted) done();
      else signal.addEventListener('abort', done, { once: true });
    });
  }
}
