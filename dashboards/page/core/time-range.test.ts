import { expect, test } from 'vitest';
import { instantOf, refreshSeconds, startOfDay } from './time-range.ts';

const now = Date.parse('2026-11-21T15:30:10Z') / 1000;
const iso = (at: number | undefined) => (at === undefined ? undefined : new Date(at * 1000).toISOString());

test.each([
  ['now', 'from', 'UTC', '2026-11-21T15:30:10.000Z'],
  ['now-6h', 'from', 'UTC', '2026-11-21T09:30:10.000Z'],
  ['now-1d+30m', 'from', 'UTC', '2026-11-20T16:00:10.000Z'],
  ['now/h', 'from', 'UTC', '2026-11-21T15:00:00.000Z'],
  ['now/h', 'to', 'UTC', '2026-11-21T16:00:00.000Z'],
  ['now/d', 'from', 'America/Los_Angeles', '2026-11-21T08:00:00.000Z'],
  ['now/d', 'to', 'America/Los_Angeles', '2026-11-22T08:00:00.000Z'],
  ['now-1d/d', 'from', 'Asia/Kolkata', '2026-11-19T18:30:00.000Z'],
  ['now/w', 'from', 'UTC', '2026-11-16T00:00:00.000Z'],
  ['now/w', 'to', 'UTC', '2026-11-23T00:00:00.000Z'],
  ['1795248000000', 'from', 'UTC', '2026-11-21T08:00:00.000Z'],
  ['2026-11-21T08:00:00Z', 'to', 'UTC', '2026-11-21T08:00:00.000Z'],
] as const)('instantOf() reads %s as %s in %s', (text, edge, timeZone, expected) => {
  expect(iso(instantOf(text, now, edge, timeZone))).toBe(expected);
});

test.each(['now-', 'now-6x', 'nowish', 'yesterday', '', 'now/y'])('instantOf() knows no %s', (text) => {
  expect(instantOf(text, now, 'from')).toBeUndefined();
});

test('startOfDay() is right on days of 23 and 25 hours', () => {
  const at = (text: string) => Date.parse(text) / 1000;
  expect(iso(startOfDay(at('2026-03-08T20:00:00Z'), 'America/New_York'))).toBe('2026-03-08T05:00:00.000Z');
  expect(iso(startOfDay(at('2026-11-01T20:00:00Z'), 'America/New_York'))).toBe('2026-11-01T04:00:00.000Z');
});

test.each([
  ['10s', 10],
  ['1m', 60],
  ['off', undefined],
  ['0s', undefined],
  ['', undefined],
  [false, undefined],
] as const)('refreshSeconds() of %s is %s', (text, seconds) => {
  expect(refreshSeconds(text)).toBe(seconds);
});
