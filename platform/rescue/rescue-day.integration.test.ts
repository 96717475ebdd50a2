import { expect, test } from 'vitest';
import { runDay } from './day.ts';
import { greedy, ours } from './policies.ts';
import { breakDown } from './shift.ts';
import { townDay } from './town.ts';
import { truthOf } from './truth.ts';

const HOUR = 3600;

test('a van that breaks down in the middle of the day is met where it stands, and every stop is served by others', () => {
  const routes = townDay('breakdown', 16, 60);
  const truth = truthOf('breakdown', routes);
  const [first] = routes;
  const brokenAt = first!.plannedDeparture + 2.5 * HOUR;
  const policy = ours();
  let broken = 0;
  const day = runDay(routes, truth, (scene) => {
    const van = scene.shift.vans[5]!;
    if (!van.isStuck && scene.at >= brokenAt) {
      breakDown(van);
      broken = van.ahead.length;
    }
    return policy(scene);
  });
  expect(broken).toBeGreaterThan(5);
  expect(day.violations).toEqual([]);
  expect(day.moved).toBeGreaterThanOrEqual(broken);
});

test('runDay() breaks no rule under either policy, and saves late stops under ours', () => {
  const routes = townDay('paired', 25, 70);
  const truth = truthOf('paired 2', routes);
  const base = runDay(routes, truth, undefined);
  const mine = runDay(routes, truth, ours());
  expect(base.late.size).toBeGreaterThan(5);
  expect(mine.late.size).toBeLessThan(base.late.size);
  expect(mine.violations).toEqual([]);
  expect(runDay(routes, truth, greedy()).violations).toEqual([]);
});
