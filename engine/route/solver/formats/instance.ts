import type { ProblemInput } from '../problem-input.ts';

/** A file that has been read: the problem, and how its costs are written outside. */
export type Instance = {
  readonly format: 'solomon' | 'li-lim' | 'vrplib' | 'vroom';
  readonly problem: ProblemInput;
  /** Costs are this many times what the format's convention prints. */
  readonly costScale: number;
  /** What had to be assumed to make a problem of the file, in sentences. */
  readonly assumptions: readonly string[];
};

/** A file that is not what its format asks for: the sentence says where and why. */
export class UnreadableInstance extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'UnreadableInstance';
  }
}
