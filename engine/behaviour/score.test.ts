import { expect, test } from 'vitest';
import { mpsFromKmh } from '../../schemas/units.ts';
import { profiles, type Scored, scoreOf } from './score.ts';

const [geotab, dsp] = profiles as [(typeof profiles)[number], (typeof profiles)[number]];
const braking: Scored = { kind: 'harsh_braking', value: 0.5, distance: 0 };
const fast = (kmh: number): Scored => ({ kind: 'speeding', value: mpsFromKmh(kmh), distance: 10_000 });

test.each([
  { what: 'nothing', events: [], score: 100, band: 'low risk' },
  // 1000 / 100 km = 10 of a rule that weighs 10.
  { what: 'one harsh braking', events: [braking], score: 99, band: 'low risk' },
  // A tenth of the way: 10 of 20.
  { what: 'a tenth of the way at 120 km/h', events: [fast(120)], score: 98, band: 'low risk' },
  { what: 'a tenth of the way at 150 km/h', events: [fast(150)], score: 95, band: 'low risk' },
  // Never more than a rule weighs.
  {
    what: 'fifty harsh brakings',
    events: Array.from({ length: 50 }, () => braking),
    score: 90,
    band: 'low risk',
  },
])('scoreOf() of $what in 100 km is $score', ({ events, score, band }) => {
  expect(scoreOf(geotab, { events, distance: 100_000, routeDays: 2 })).toMatchObject({ score, band });
});

test('scoreOf() names what each deduction rests on, by the profile that is asked for', () => {
  const unbelted: Scored = { kind: 'unbelted', value: 9, distance: 200 };
  const events = [braking, unbelted, unbelted];
  expect(scoreOf(dsp, { events, distance: 50_000, routeDays: 2 })).toEqual({
    // 2 lapses on 2 routes: 25 of 25; 1 braking on 2: 10 of 10.
    score: 92.75,
    band: 'Fantastic',
    deductions: [
      { rule: 'seat belt', points: 6.25, evidence: [unbelted, unbelted] },
      { rule: 'harsh braking', points: 1, evidence: [braking] },
    ],
  });
  expect(scoreOf(dsp, { events: [], distance: 0, routeDays: 1 })).toBeUndefined();
});
