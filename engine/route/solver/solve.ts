import { pack } from './pack.ts';
import { type Plan, planOf } from './plan.ts';
import type { Problem } from './problem.ts';
import type { ProblemInput } from './problem-input.ts';
import { type SearchParams, search } from './search.ts';
import type { StopWhen } from './stop-when.ts';

export type SolveOptions = {
  readonly seed: number | string;
  readonly stop: StopWhen;
  readonly params?: Partial<SearchParams>;
  /** The running plan: for each vehicle the ids of its stops in order, a shipment's twice. */
  readonly from?: readonly (readonly string[])[] | undefined;
  /** Called with every better plan's cost. */
  readonly onBest?: (cost: number, iterations: number) => void;
};

export type Solved = {
  readonly plan: Plan;
  /** What the search minimised: `plan.cost` plus the price of required stops left out. */
  readonly score: number;
  readonly iterations: number;
};

/** From a problem to a plan, in one call: pack, search, unpack. Throws `UnsoundProblem`. */
export function solve(input: ProblemInput, options: SolveOptions): Solved {
  const problem = pack(input);
  const { onBest } = options;
  const { tours, iterations } = search(problem, {
    seed: options.seed,
    stop: options.stop,
    ...(options.params && { params: options.params }),
    from: options.from && nodesOf(problem, options.from),
    ...(onBest && { onBest: ({ totalCost }, count) => onBest(totalCost, count) }),
  });
  return { plan: planOf(problem, tours), score: tours.totalCost, iterations };
}

/** Ids to nodes: the first mention of a shipment is its pickup, the second its delivery. Unknown ids are skipped. */
function nodesOf(problem: Problem, orders: readonly (readonly string[])[]): number[][] {
  const { stops, shipments = [] } = problem.input;
  const nodes = new Map<string, number[]>();
  for (const [index, { id }] of stops.entries()) nodes.set(id, [index]);
  for (const [index, { id }] of shipments.entries()) {
    const pickup = stops.length + 2 * index;
    nodes.set(id, [pickup, pickup + 1]);
  }
  return orders.map((ids) =>
    ids.flatMap((id) => {
      const node = nodes.get(id)?.shift();
      return node === undefined ? [] : [node];
    }),
  );
}
