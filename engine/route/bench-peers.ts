import type { BenchInstance } from './bench.ts';
import { check } from './solver/check.ts';
import type { ProblemInput } from './solver/problem-input.ts';
import { solve } from './solver/solve.ts';

/** Another solver, to stand beside ours on the same instances; undefined when it finds no feasible plan. */
export type RoutePeer = {
  readonly name: string;
  readonly solve: (
    problem: ProblemInput,
    budgetMs: number,
    seed: number,
  ) => { readonly routes: readonly (readonly number[])[]; readonly cpuMs: number } | undefined;
};

/** How one peer did on a set: its mean gap where it answered, in per cent, and how often it did not. */
export type PeerResult = {
  readonly peer: string;
  readonly meanGap: number | null;
  readonly unanswered: number;
  /** Mean processor time it really took, milliseconds. */
  readonly cpuMs: number;
};

const asItIs = { progress: () => 1, strideMax: 1 };

/** Every plan of a peer is judged by our checker, in the convention of the set. */
export function peerResult(
  peer: RoutePeer,
  instances: readonly BenchInstance[],
  budgetMs: number,
): PeerResult {
  let sum = 0;
  let cpu = 0;
  let answered = 0;
  for (const { read, reference } of instances) {
    const { problem, costScale } = read();
    const answer = peer.solve(problem, budgetMs, 1);
    if (!answer) continue;
    const from = answer.routes.map((route) => route.flatMap((stop) => problem.stops[stop]?.id ?? []));
    const { plan } = solve(problem, { seed: 1, stop: asItIs, from });
    const { feasible, cost } = check(problem, plan);
    if (!feasible) continue;
    answered++;
    cpu += answer.cpuMs;
    sum += 100 * (cost / costScale / reference - 1);
  }
  return {
    peer: peer.name,
    meanGap: answered === 0 ? null : Math.round((1000 * sum) / answered) / 1000,
    unanswered: instances.length - answered,
    cpuMs: answered === 0 ? 0 : Math.round(cpu / answered),
  };
}
