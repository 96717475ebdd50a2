import { findRescues } from '../route/rescue/task.ts';
import { resequence } from '../route/search.ts';
import { foldVehicles } from './fold-vehicles.ts';

/** Every task a thread can run, by name. Each is a pure function of one plain-data argument. */
export const tasks = { findRescues, foldVehicles, resequence };
export type Tasks = typeof tasks;
export type TaskName = keyof Tasks;
export type Input<Name extends TaskName> = Parameters<Tasks[Name]>[0];
export type Output<Name extends TaskName> = ReturnType<Tasks[Name]>;

/** Runs a task somewhere. Tests pass `inline`; production passes an open pool. */
export type Run = <Name extends TaskName>(
  name: Name,
  input: Input<Name>,
  options?: { readonly signal?: AbortSignal },
) => Promise<Output<Name>>;
