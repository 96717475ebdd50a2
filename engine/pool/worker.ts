import { type TaskName, tasks } from './tasks.ts';

/** The thread's entry point. All it does is look a task up; there is nothing here to test. */
export default function run({ name, input }: { name: TaskName; input: never }): unknown {
  return tasks[name](input);
}
