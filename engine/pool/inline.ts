import { type Run, tasks } from './tasks.ts';

/** Runs a task here and now: what tests, and a machine with one core, use in place of threads. */
export const inline: Run = async (name, input) => tasks[name](input as never) as never;
