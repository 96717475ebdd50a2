import { type TaskName, tasks } from './tasks.ts';

/** What a thread answers: the task's output, and the seconds it took. */
export type Answer = { readonly output: unknown; readonly seconds: number };

/** The thread's entry point. All it does is look a task up, and time it; there is nothing here to test. */
export default function run({ name, input }: { name: TaskName; input: never }): Answer {
  const begun = performance.now();
  const output = tasks[name](input);
  return { output, seconds: (performance.now() - begun) / 1000 };
}
