import { expect, test } from 'vitest';
import { type Conclusions, differences } from './conclusions.ts';

const nothing: Conclusions = {
  fixes: [],
  fix_flags: [],
  crossings: [],
  trips: [],
  halts: [],
  stop_visits: [],
  behaviours: [],
};

test('differences() is empty, when both runs say the same', () => {
  const run = { ...nothing, fixes: ['a', 'b'] };
  expect(differences(run, { ...nothing, fixes: ['a', 'b'] })).toEqual([]);
});

test('differences() counts what is missing and what stands twice', () => {
  const expected = { ...nothing, fixes: ['a', 'b', 'c'] };
  expect(differences(expected, { ...nothing, fixes: ['a', 'b', 'b'] })).toEqual([
    { subject: 'fixes', missing: 1, unexpected: 1, examples: ['- c', '+ b'] },
  ]);
});
