import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffSeconds } from './backoff.ts';
import { deviation, duration, timeOfDay } from './clock.ts';
import { freshness, silence } from './freshness.ts';
import { formatPlace, parsePlace, withParameters } from './location.ts';

test.each([
  ['live', 1000, 1003, 'live', 'Live'],
  ['live', 1000, 1040, 'behind', '40 s behind'],
  ['live', undefined, 1040, 'behind', 'No data yet'],
  ['polling', 1000, 1004, 'live', 'Polling · 4 s old'],
  ['reconnecting', 1000, 1125, 'lost', 'Reconnecting · data 2 min old'],
  ['connecting', undefined, 1000, 'lost', 'Connecting'],
  ['live', 1000, 1000 + 9 * 86_400, 'behind', 'Recording · 9 d old'],
] as const)(
  'freshness() of a link that is %s, newest %s at %s, is %s: %s',
  (link, newest, now, level, words) => {
    expect(freshness(link, newest, now)).toEqual({ level, words });
  },
);

test('silence() fades after a minute and hatches after five', () => {
  expect([0, 60, 61, 300, 301].map((age) => silence(1000 - age, 1000))).toEqual([0, 0, 1, 1, 2]);
});

test('backoffSeconds() grows to half a minute and never waits less than a quarter of a second', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, chance) => {
      const wait = backoffSeconds(attempt, chance);
      expect(wait).toBeGreaterThanOrEqual(0.25);
      expect(wait).toBeLessThanOrEqual(30);
      expect(backoffSeconds(attempt + 1, chance)).toBeGreaterThanOrEqual(wait);
    }),
  );
});

test.each([
  [38, '38 s'],
  [59.6, '1 min'],
  [3599, '1 h 00 min'],
  [7500, '2 h 05 min'],
  [3 * 86_400, '3 d'],
])('duration() of %d s is %s', (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

test('deviation() says which way', () => {
  expect([-200, 10, 125].map(deviation)).toEqual(['−3 min', 'on time', '+2 min']);
});

test('timeOfDay() is that of the time zone, and of UTC when the zone is unknown', () => {
  expect(timeOfDay(1_795_248_000, 'America/Los_Angeles')).toBe('00:00');
  expect(timeOfDay(1_795_248_000, 'Mars/Olympus')).toBe('08:00');
  expect(timeOfDay(null, 'UTC')).toBe('–');
});

test('a place goes to an address and back', () => {
  const parameters = fc.dictionary(
    fc.stringMatching(/^[a-z-]{1,8}$/),
    fc.string({ minLength: 1, unit: 'grapheme' }),
  );
  fc.assert(
    fc.property(fc.constantFrom('/', '/d/ingest-health', '/performance'), parameters, (path, given) => {
      const address = new URL(formatPlace({ path, parameters: given }), 'http://page');
      expect(parsePlace(address.pathname, address.search)).toEqual({ path, parameters: { ...given } });
    }),
  );
});

test('withParameters() changes what it is given and drops what is empty', () => {
  const place = parsePlace('/', '?route=7&q=van&show=both');
  const changed = withParameters(place, { route: undefined, q: '', panel: 'alerts' });
  expect(formatPlace(changed)).toBe('/?panel=alerts&show=both');
});
