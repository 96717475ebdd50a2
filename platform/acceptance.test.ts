import { expect, test } from 'vitest';
import { problemsOf } from './acceptance.ts';

const share = (precision: number, recall: number) => ({ precision, recall, truth: 100, found: 100 });
const good = {
  crossings: share(0.95, 1),
  stopVisits: share(1, 0.95),
  trips: undefined,
  behaviours: undefined,
};

test('problemsOf() has none, when nothing is lost or doubled and the conclusions agree', () => {
  expect(problemsOf({ lost: 0, duplicated: 0, truth: good })).toEqual([]);
});

test.each([
  [{ lost: 1, duplicated: 0, truth: good }, /1 acknowledged and not stored/],
  [{ lost: 0, duplicated: 2, truth: good }, /2 stored twice/],
  [{ lost: 0, duplicated: 0, truth: { ...good, crossings: share(0.949, 1) } }, /crossings .* 0.949/],
  [{ lost: 0, duplicated: 0, truth: { ...good, stopVisits: share(1, 0.5) } }, /stopVisits .* 0.5/],
])('problemsOf() names what is wrong with %j', (figures, says) => {
  expect(problemsOf(figures)).toEqual([expect.stringMatching(says)]);
});
