import { randomUUID } from 'node:crypto';
import type { Delivery } from './broker/delivery.ts';

/** What one transaction stores. */
export type Batch = {
  /** Names the commit of this batch, however often it is tried. */
  readonly token: string;
  readonly deliveries: readonly Delivery[];
};

export type BatchLimits = {
  readonly batchFixes: number;
  readonly batchBytes: number;
  readonly gatherMs: number;
  readonly busyGatherMs: number;
  readonly busyMessages: number;
};

export const batchOf = (deliveries: readonly Delivery[]): Batch => ({ token: randomUUID(), deliveries });

/**
 * Deliveries that wait for the writer. While one batch commits the next gathers, so batches are as
 * large as the load makes them and a quiet fleet waits for nobody.
 */
export class Gathering {
  readonly #limits: BatchLimits;
  #waiting: Delivery[] = [];
  #fixes = 0;
  #bytes = 0;
  #messages = 0;
  /** When the first of those waiting came, in milliseconds. */
  #since = 0;
  #wake: (() => void) | undefined;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  push(delivery: Delivery): void {
    if (this.#waiting.length === 0) this.#since = performance.now();
    this.#waiting.push(delivery);
    this.#fixes += delivery.fixes.length;
    this.#bytes += delivery.bytes;
    this.#messages += delivery.messages ?? 1;
    if (this.#waiting.length === 1 || this.#isFull()) this.#wake?.();
  }

  /**
   * The next batch, when the first delivery has waited long enough or there is a batch full; an empty
   * one when nothing came for `idleMs`; undefined when stopped and empty.
   */
  async next(signal: AbortSignal, idleMs: number | undefined): Promise<Batch | undefined> {
    while (this.#waiting.length === 0) {
      if (signal.aborted) return undefined;
      await this.#change(signal, idleMs);
      if (idleMs !== undefined && this.#waiting.length === 0) return batchOf([]);
    }
    const { gatherMs, busyGatherMs, busyMessages } = this.#limits;
    await this.#age(gatherMs, signal);
    // Much comes: more company makes a commit cheaper for each, and is there soon. Publishers that
    // wait for us before they send more are not kept waiting for one another.
    const step = gatherMs / 2;
    for (let before = 0, ms = gatherMs + step; ms <= busyGatherMs; ms += step) {
      if (this.#messages - before < busyMessages) break;
      before = this.#messages;
      await this.#age(ms, signal);
    }
    return this.#take();
  }

  /** Waits until the first of those waiting has done so for `ms`, or there is a batch full. */
  async #age(ms: number, signal: AbortSignal): Promise<void> {
    const age = performance.now() - this.#since;
    if (!this.#isFull() && age < ms && !signal.aborted) await this.#change(signal, ms - age);
  }

  #take(): Batch {
    let fixes = 0;
    let bytes = 0;
    let count = 0;
    for (const delivery of this.#waiting) {
      fixes += delivery.fixes.length;
      bytes += delivery.bytes;
      const isOver = fixes > this.#limits.batchFixes || bytes > this.#limits.batchBytes;
      if (isOver && count > 0) {
        fixes -= delivery.fixes.length;
        bytes -= delivery.bytes;
        break;
      }
      count++;
    }
    const taken = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    for (const { messages = 1 } of taken) this.#messages -= messages;
    this.#fixes -= fixes;
    this.#bytes -= bytes;
    return batchOf(taken);
  }

  #isFull(): boolean {
    return this.#fixes >= this.#limits.batchFixes || this.#bytes >= this.#limits.batchBytes;
  }

  /** Resolves at the next push that matters, at the abort, or after `ms`. */
  #change(signal: AbortSignal, ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(done, ms);
      const wake = done;
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done, { once: true });
      this.#wake = () => {
        this.#wake = undefined;
        wake();
      };
    });
  }
}
