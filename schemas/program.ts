import type { Metrics } from './metrics.ts';

/** Where a process says what changed: one event name in words, fields from the glossary. */
export type Log = {
  readonly info: (fields: object, event: string) => void;
  readonly warn: (fields: object, event: string) => void;
  readonly error: (fields: object, event: string) => void;
};

export const silentLog: Log = { info() {}, warn() {}, error() {} };

/** What every long-running process gets from outside. It ends when `signal` aborts. */
export type ProgramContext = {
  readonly signal: AbortSignal;
  readonly log: Log;
  /** The wall clock, an instant. */
  readonly now: () => number;
  /** Says once that the process serves; the supervisor waits for it. */
  readonly ready: (facts: Record<string, string | number>) => void;
  /** Absent: nobody keeps its figures. */
  readonly metrics?: Metrics;
};
