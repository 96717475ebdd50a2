import fc from 'fast-check';
import * as highsModule from 'highs';
import { expect, test } from 'vitest';
import { random } from '../../../schemas/random.ts';
import { pairOf } from './appraise.ts';
import { assignment } from './assignment.ts';
import { rescueViolations } from './check.ts';
import { judge, type Shape, thoroughEffort } from './options.ts';
import { expectedLateness, laterOf } from './outlook.ts';
import { type RescueVan, rescueParams } from './problem.ts';
import { sweep } from './sweep.ts';
import { randomVans } from './testing/random-vans.ts';

const late = { vans: 4, stops: 24, late: 2, behind: 1500, spare: 2700 };
const isLate = (vans: readonly RescueVan[], count: number) => vans.slice(0, count).map(({ id }) => id);

test('sweep() proposes nothing the independent checker objects to, whoever is late or broken down', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 8 }),
      fc.integer({ min: 1, max: 3 }),
      fc.boolean(),
      fc.integer({ min: 0, max: 1 }),
      (seed, count, isStuck, tightness) => {
        const vans = randomVans({ ...late, seed, vans: 6, late: count }).map((van, v) => ({
          ...van,
          isStuck: isStuck && v === 0,
          capacity: tightness === 1 ? 30 : van.capacity,
        }));
        const { chosen, options } = sweep({ vans, givers: isLate(vans, count) });
        expect(rescueViolations(vans, chosen)).toEqual([]);
        for (const [, own] of options)
          for (const one of own) expect(rescueViolations(vans, [one])).toEqual([]);
      },
    ),
    { numRuns: 25 },
  );
});

test('sweep() shares out everything a broken-down van has, when the others have room', () => {
  const vans = randomVans({ ...late, seed: 'broken', vans: 8, late: 0 }).map((van, v) => ({
    ...van,
    isStuck: v === 3,
  }));
  const { chosen } = sweep({ vans, givers: [4] });
  const moved = chosen.reduce((sum, { from, until }) => sum + until - from, 0);
  expect(moved).toBe(vans[3]!.stops.length);
  expect(chosen.length).toBeGreaterThan(1);
  expect(rescueViolations(vans, chosen)).toEqual([]);
});

test('rescueViolations() finds parcels that come too late, do not fit, or are in two vans', () => {
  const fleets = Array.from({ length: 40 }, (_, k) => randomVans({ ...late, seed: `checked/${k}` }));
  const rescued = fleets.flatMap((vans) =>
    sweep({ vans, givers: [1] }).chosen.map((option) => ({ vans, option })),
  );
  expect(rescued).not.toEqual([]);
  const { vans, option } = rescued[0]!;
  const found = (changed: object) => rescueViolations(vans, [{ ...option, ...changed }]).join('; ');
  const { meeting, helperStops, from, until } = option;
  expect(found({ meeting: { ...meeting, giverAfter: from + 1 } })).toContain(
    'after they were to be delivered',
  );
  expect(found({ meeting: { ...meeting, helperAfter: helperStops.length } })).toContain('does not have yet');
  expect(found({ helperStops: helperStops.slice(0, -1) })).toMatch(/exactly once|not as they were/);
  expect(found({ until: until + 1 })).toMatch(/exactly once|no such piece/);
  const small = vans.map((van) => ({ ...van, capacity: 1 }));
  expect(rescueViolations(small, [option]).join()).toContain('packages on board');
  expect(rescueViolations(vans, [option, option]).join()).toContain('helps somebody else already');
});

test('assignment() is worth what the best of all pairings is', () => {
  const chance = random('pairs');
  for (let round = 0; round < 60; round++) {
    const [rows, columns] = [1 + chance.integer(4), 1 + chance.integer(5)];
    const worth = Array.from({ length: rows }, () =>
      Array.from({ length: columns }, () => (chance.chance(0.3) ? 0 : chance.integer(100))),
    );
    const best = (row: number, used: number): number => {
      if (row === rows) return 0;
      let most = best(row + 1, used);
      for (let j = 0; j < columns; j++) {
        if ((used >> j) % 2 === 0) most = Math.max(most, worth[row]![j]! + best(row + 1, used | (1 << j)));
      }
      return most;
    };
    const found = assignment(worth, columns);
    const taken = found.filter((j) => j >= 0);
    expect(new Set(taken).size).toBe(taken.length);
    expect(found.reduce((sum, j, row) => sum + (j < 0 ? 0 : worth[row]![j]!), 0)).toBe(best(0, 0));
  }
});

test('laterOf() and expectedLateness() agree with many throws of the dice', () => {
  const chance = random('dice');
  for (const [a, b] of [
    [
      { mean: 100, variance: 900 },
      { mean: 130, variance: 400 },
    ],
    [
      { mean: 0, variance: 100 },
      { mean: 0, variance: 2500 },
    ],
  ] as const) {
    const count = 40_000;
    let [sum, square, over] = [0, 0, 0];
    for (let k = 0; k < count; k++) {
      const x = a.mean + Math.sqrt(a.variance) * chance.normal();
      const later = Math.max(x, b.mean + Math.sqrt(b.variance) * chance.normal());
      sum += later;
      square += later * later;
      over += Math.max(0, x - 110);
    }
    const { mean, variance } = laterOf(a, b);
    expect(Math.abs(mean - sum / count)).toBeLessThan(1);
    expect(Math.abs(variance / (square / count - (sum / count) ** 2) - 1)).toBeLessThan(0.05);
    expect(Math.abs(expectedLateness(a.mean, Math.sqrt(a.variance), 110) - over / count)).toBeLessThan(0.5);
  }
});

/** The package's types describe its CommonJS face; as an ES module the function itself is the default. */
const openHighs = highsModule.default as unknown as () => Promise<{
  solve: (model: string) => { readonly ObjectiveValue: number };
}>;

/** The gain of every rescue there is between two vans, as long as the piece stays one block: the most. */
/** Small routes have little to save: lateness weighs more, so that there is something to choose. */
const small = { ...rescueParams, perRescue: 0, lateStop: 3600, handover: 60 };

function mostOf(giver: RescueVan, helper: RescueVan): number {
  const pair = pairOf(giver, helper, small);
  const kinds = ['giver_stop', 'helper_stop', 'between'] as const;
  let most = 0;
  for (let from = 1; from < giver.stops.length; from++) {
    for (let until = from + 1; until <= giver.stops.length; until++) {
      for (let blockAfter = 1; blockAfter <= helper.stops.length; blockAfter++) {
        for (const isReversed of [false, true]) {
          for (let giverAfter = 1; giverAfter <= from; giverAfter++) {
            for (let helperAfter = 1; helperAfter <= blockAfter; helperAfter++) {
              for (const kind of kinds) {
                const shape: Shape = { from, until, kind, giverAfter, helperAfter, blockAfter, isReversed };
                const { gain, refusal } = judge(pair, shape).appraisal;
                if (refusal === undefined && gain > most) most = gain;
              }
            }
          }
        }
      }
    }
  }
  return most;
}

test('sweep() comes within 2 % of the exact optimum on small fleets', { timeout: 60_000 }, async () => {
  const highs = await openHighs();
  let [ours, exact] = [0, 0];
  for (let k = 0; k < 3; k++) {
    const vans = randomVans({ vans: 4, stops: 6, late: 2, behind: 900, spare: 5400, seed: `gap ${k}` });
    const [givers, helpers] = [vans.slice(0, 2), vans.slice(2)];
    const worth = givers.map((giver) => helpers.map((helper) => mostOf(giver, helper)));
    const names = worth.flatMap((row, g) => row.map((_, h) => `x${g}${h}`));
    const once = [
      ...givers.map((_, g) => helpers.map((_, h) => `x${g}${h}`)),
      ...helpers.map((_, h) => givers.map((_, g) => `x${g}${h}`)),
    ];
    const { ObjectiveValue } = highs.solve(
      `Maximize\n obj: ${worth.flatMap((row, g) => row.map((gain, h) => `${gain} x${g}${h}`)).join(' + ')}\n` +
        `Subject To\n${once.map((own, i) => ` c${i}: ${own.join(' + ')} <= 1`).join('\n')}\n` +
        `Binary\n ${names.join(' ')}\nEnd`,
    );
    exact += ObjectiveValue;
    const { chosen } = sweep({
      ...{ vans, givers: isLate(vans, 2), params: small },
      effort: { ...thoroughEffort, isLoosened: false },
    });
    ours += chosen.reduce((sum, { appraisal }) => sum + appraisal.gain, 0);
  }
  expect(exact).toBeGreaterThan(0);
  expect(ours).toBeGreaterThanOrEqual(0.98 * exact);
});
