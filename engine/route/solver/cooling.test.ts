import { expect, test } from 'vitest';
import { advance, openCooling, temperatureAt } from './cooling.ts';

const params = { hot: 3, warm: 0.3, cold: 0.02 };

/** Temperatures at each hundredth of the budget, and where the last of several cycles began. */
function course(reach: number, stopCount: number, isWarm = false) {
  const cooling = openCooling();
  const temperatures: number[] = [];
  let last: number | undefined;
  for (let k = 0; k < 100; k++) {
    if (advance(cooling, k / 100, reach, stopCount, isWarm)) last = k / 100;
    temperatures.push(temperatureAt(cooling, params, k / 100, reach, isWarm));
  }
  return { temperatures, last };
}

test('temperatureAt() falls once from hot to cold, when time is short', () => {
  const { temperatures, last } = course(1_000, 100);
  expect(last).toBeUndefined();
  expect(temperatures[0]).toBe(3);
  expect(temperatures.every((now, k) => k === 0 || now < (temperatures[k - 1] ?? 0))).toBe(true);
  expect(temperatures.at(-1)).toBeCloseTo(0.021, 3);
});

test('temperatureAt() begins the cooler, the fewer iterations there are to come down in, but never cold', () => {
  const first = [1_000, 250, 100, 10].map((reach) => course(reach, 100).temperatures[0]);
  expect(first).toEqual([3, 1.5, 3 * Math.sqrt(0.1), 3 * Math.sqrt(0.1)]);
});

test('temperatureAt() falls several times when there is time, and polishes the best plan at the end', () => {
  const { temperatures, last } = course(10_000, 100);
  const reheated = temperatures.filter((now, k) => k > 0 && now > 2 * (temperatures[k - 1] ?? 0)).length;
  expect(reheated).toBe(4);
  expect(last).toBeCloseTo(0.85);
  expect(temperatures[86]).toBeLessThanOrEqual(0.3);
});

test('temperatureAt() never heats up a running plan', () => {
  const { temperatures, last } = course(10_000, 100, true);
  expect(last).toBeUndefined();
  expect(Math.max(...temperatures)).toBe(0.3);
});
