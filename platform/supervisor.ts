import { setTimeout as delay } from 'node:timers/promises';
import { asError, Fault } from '../schemas/fault.ts';
import type { Log } from '../schemas/program.ts';
import type { Figures } from './metrics.ts';

/** A process that runs. */
export type Running = {
  readonly pid: number;
  /** Settles when it has ended, with how, in words. */
  readonly exited: Promise<string>;
  /** Asks it to end and sees that it does. */
  readonly stop: () => Promise<void>;
  readonly kill: () => void;
  /** Its figures, if it keeps any and answers in time. */
  readonly figures?: () => Promise<Figures | undefined>;
};

/**
 * Something to be kept running. `start` settles when it serves, and throws when it cannot; when its
 * signal aborts, nobody waits for it any more and it should end what it has begun.
 */
export type Unit = { readonly name: string; readonly start: (signal: AbortSignal) => Promise<Running> };

export type Supervisor = {
  /** Starts a unit and keeps it running; a first start that fails is the caller's to handle. */
  readonly add: (unit: Unit) => Promise<void>;
  /** Ends one unit for good. */
  readonly stopOne: (name: string) => Promise<void>;
  /** Ends all of them, the last started first. */
  readonly stop: () => Promise<void>;
  /** Ends all of them at once, without ceremony. */
  readonly kill: () => void;
  readonly pids: () => Record<string, number>;
  /** The figures of those that keep some. */
  readonly figures: () => Promise<Figures[]>;
};

const FIRST_MS = 250;
const MAX_MS = 15_000;
/** Who ran this long was well: the next crash starts counting anew. */
const HEALTHY_MS = 60_000;

/** Milliseconds to wait before the next start, given the last wait and how long the process ran since. */
export function backOff(lastMs: number, ranMs: number): number {
  if (ranMs >= HEALTHY_MS || lastMs === 0) return FIRST_MS;
  return Math.min(lastMs * 2, MAX_MS);
}

type Kept = {
  readonly running: () => Running | undefined;
  readonly stop: () => Promise<void>;
};

/** A unit has its place in the order from when it is added, however long its first start takes. */
type Slot = {
  readonly name: string;
  readonly kept: Promise<Kept>;
  /** Aborts when it is to end for good, also while it is starting. */
  readonly stopping: AbortController;
  current?: Kept;
};

/** `changed` is called whenever a process was started again, since it has another number then. */
export function createSupervisor(log: Log, changed: () => void = () => {}): Supervisor {
  const slots: Slot[] = [];

  const stopOne = async (name: string) => {
    const at = slots.findIndex((slot) => slot.name === name);
    if (at < 0) return;
    const [slot] = slots.splice(at, 1);
    slot?.stopping.abort();
    // One that could not start has nothing to stop; whoever added it knows.
    const kept = await slot?.kept.catch(() => undefined);
    await kept?.stop();
  };

  return {
    add: async (unit) => {
      const stopping = new AbortController();
      const slot: Slot = {
        name: unit.name,
        stopping,
        kept: keepRunning(unit, log, changed, stopping.signal),
      };
      slots.push(slot);
      slot.current = await slot.kept;
    },
    stopOne,
    stop: async () => {
      // Who stops us may have told all of them at once: none is to come back while others are stopped.
      for (const { stopping } of slots) stopping.abort();
      for (const { name } of [...slots].reverse()) await stopOne(name);
    },
    kill: () => {
      for (const slot of slots) slot.current?.running()?.kill();
    },
    figures: async () => {
      const asked = slots.map(({ current }) => current?.running()?.figures?.());
      return (await Promise.all(asked)).filter((answer) => answer !== undefined);
    },
    pids: () =>
      Object.fromEntries(
        slots.flatMap(({ name, current }) => {
          const running = current?.running();
          return running ? [[name, running.pid]] : [];
        }),
      ),
  };
}

async function keepRunning(unit: Unit, log: Log, changed: () => void, stopping: AbortSignal): Promise<Kept> {
  const asked = performance.now();
  let running: Running | undefined = await unit.start(stopping);
  log.info(
    { process: unit.name, pid: running.pid, tookMs: Math.round(performance.now() - asked) },
    'process runs',
  );
  const watching = watch();

  async function watch(): Promise<void> {
    let waitMs = 0;
    let startedAt = performance.now();
    while (running) {
      const how = await running.exited;
      running = undefined;
      if (stopping.aborted) return;
      waitMs = backOff(waitMs, performance.now() - startedAt);
      log.warn({ process: unit.name, why: how, againMs: waitMs }, 'process ended by itself');
      for (;;) {
        await delay(waitMs, undefined, { signal: stopping }).catch(() => {});
        if (stopping.aborted) return;
        startedAt = performance.now();
        try {
          running = await unit.start(stopping);
          break;
        } catch (thrown) {
          if (stopping.aborted) return;
          waitMs = backOff(waitMs, 0);
          const why = thrown instanceof Fault ? thrown.sentence : asError(thrown).message;
          log.error({ process: unit.name, why, againMs: waitMs }, 'process cannot start');
        }
      }
      log.info({ process: unit.name, pid: running.pid }, 'process runs again');
      changed();
    }
  }

  return {
    running: () => running,
    stop: async () => {
      await running?.stop();
      await watching;
      // A start that was under way when we were told to stop.
      await running?.stop();
    },
  };
}
