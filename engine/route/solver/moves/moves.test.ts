import fc from 'fast-check';
import { expect, test } from 'vitest';
import { random } from '../../../../schemas/random.ts';
import { check } from '../check.ts';
import { hasLocalSearch } from '../local-search.ts';
import { pack } from '../pack.ts';
import { planOf } from '../plan.ts';
import type { Problem } from '../problem.ts';
import { search } from '../search.ts';
import { emptyStretch } from '../segment.ts';
import { afterIterations } from '../stop-when.ts';
import { randomProblem } from '../testing/random-problem.ts';
import { copyTours, emptyTours, type Tours } from '../tours.ts';
import { applyRelocate, evaluateRelocate } from './relocate.ts';
import { applySwap, evaluateSwap } from './swap.ts';
import { applyTwoOpt, evaluateTwoOpt } from './two-opt.ts';
import { applyTwoOptStar, evaluateTwoOptStar } from './two-opt-star.ts';

type Move = {
  readonly evaluate: (problem: Problem, tours: Tours, a: number, b: number) => number;
  readonly apply: (problem: Problem, tours: Tours, a: number, b: number) => void;
};

const stretch = emptyStretch();
const relocate = (length: number, reversed: boolean): Move => ({
  evaluate: (problem, tours, a, b) => evaluateRelocate(problem, tours, stretch, a, length, b, reversed),
  apply: (problem, tours, a, b) => applyRelocate(problem, tours, a, length, b, reversed),
});
const moves: Readonly<Record<string, Move>> = {
  relocate: relocate(1, false),
  'relocate two': relocate(2, false),
  'relocate three in reverse': relocate(3, true),
  swap: { evaluate: (problem, tours, a, b) => evaluateSwap(problem, tours, stretch, a, b), apply: applySwap },
  'two-opt': {
    evaluate: (problem, tours, a, b) => evaluateTwoOpt(problem, tours, stretch, b, a),
    apply: (problem, tours, a, b) => applyTwoOpt(problem, tours, b, a),
  },
  'two-opt*': {
    evaluate: (problem, tours, a, b) => evaluateTwoOptStar(problem, tours, stretch, b, a),
    apply: (problem, tours, a, b) => applyTwoOptStar(problem, tours, b, a),
  },
};

test.each(Object.entries(moves))(
  '%s: evaluate() says what apply() then costs, and never breaks a rule',
  (_name, move) => {
    let judged = 0;
    const flags = fc.record({
      isUniform: fc.boolean(),
      isAsymmetric: fc.boolean(),
      hasDurations: fc.boolean(),
      hasSkills: fc.boolean(),
      hasDimensions: fc.boolean(),
    });
    const run = (seed: number, spice: object): void => {
      const problem = pack(randomProblem(seed, spice));
      if (!hasLocalSearch(problem)) return;
      // Hardly searched, so that there is something left to gain.
      const { tours } = search(problem, {
        seed,
        stop: afterIterations(2),
        params: { moveMax: 0, blinkChance: 0.6, hot: 100, cold: 90 },
      });
      const changed = emptyTours(problem);
      const dice = random(seed);
      for (let k = 0; k < 200; k++) {
        const [a, b] = [dice.integer(problem.stopCount), dice.integer(problem.stopCount)];
        if (a === b || tours.tourOf[a]! < 0 || tours.tourOf[b]! < 0) continue;
        const delta = move.evaluate(problem, tours, a, b);
        // A move that saves nothing is given up half-way, so its figure means no more than that.
        if (delta >= 0) continue;
        judged++;
        copyTours(problem, tours, changed);
        move.apply(problem, changed, a, b);
        expect(changed.totalCost - tours.totalCost).toBeCloseTo(delta, 6);
        const { violations } = check(problem.input, planOf(problem, changed));
        expect(violations.filter((text) => !text.endsWith('must be served and is not'))).toEqual([]);
      }
    };
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e9 }), flags, run), { numRuns: 80 });
    expect(judged).toBeGreaterThan(5);
  },
);
