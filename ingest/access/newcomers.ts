import { setTimeout as wait } from 'node:timers/promises';
import { asError } from '../../schemas/fault.ts';
import type { Log } from '../../schemas/program.ts';
import type { Address, Message } from '../broker/delivery.ts';
import type { Directory } from './directory.ts';

export type Addressed = Message & { readonly address: Address };

const NAMES_MAX = 1_000;
const RETRY_MS = 500;

/**
 * Messages of devices that the directory does not hold. The database is asked for many of them at
 * once, one question at a time, so ten thousand devices that appear together cost a few statements;
 * then each message goes on, its device known or not.
 */
export class Newcomers {
  readonly #directory: Directory;
  readonly #log: Log;
  readonly #signal: AbortSignal;
  readonly #onward: (message: Message) => void;
  #waiting: Addressed[] = [];
  #isAsking = false;

  constructor(options: {
    readonly directory: Directory;
    readonly log: Log;
    readonly signal: AbortSignal;
    readonly onward: (message: Message) => void;
  }) {
    this.#directory = options.directory;
    this.#log = options.log;
    this.#signal = options.signal;
    this.#onward = options.onward;
  }

  push(message: Addressed): void {
    this.#waiting.push(message);
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#ask()
      .catch((error) => this.#log.error({ reason: asError(error).message }, 'newcomers stopped'))
      .finally(() => {
        this.#isAsking = false;
      });
  }

  async #ask(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup();
      const [{ address, mayRegister }] = group;
      const names = [...new Set(group.map((message) => message.address.device))];
      try {
        await this.#directory.find(address.fleet, names, mayRegister);
      } catch (error) {
        if (this.#signal.aborted) return;
        this.#log.warn({ reason: asError(error).message }, 'cannot look devices up; trying again');
        this.#waiting.unshift(...group);
        await wait(RETRY_MS, undefined, { signal: this.#signal });
        continue;
      }
      for (const message of group) this.#onward(message);
    }
  }

  /** Those waiting that one question can answer: of one fleet, with one permission. */
  #nextGroup(): [Addressed, ...Addressed[]] {
    const [first, ...others] = this.#waiting;
    if (first === undefined) throw new Error('bug: nobody is waiting');
    const group: [Addressed, ...Addressed[]] = [first];
    const rest: Addressed[] = [];
    for (const message of others) {
      const isAlike =
        message.address.fleet === first.address.fleet && message.mayRegister === first.mayRegister;
      (isAlike && group.length < NAMES_MAX ? group : rest).push(message);
    }
    this.#waiting = rest;
    return group;
  }
}
