import { expect, test } from 'vitest';
import { inline } from './inline.ts';
import { openPool } from './pool.ts';
import type { Input } from './tasks.ts';

const places = [3, 1, 2, 5, 4, 6, 8, 7];
const input: Input<'resequence'> = {
  seed: 's',
  rounds: 3,
  problem: {
    start: { lng: 10, lat: 50 },
    startAt: 0,
    depot: { lng: 10, lat: 50 },
    lng: Float64Array.from(places, (x) => 10 + x / 1000),
    lat: Float64Array.from(places, () => 50),
    service: new Float64Array(places.length).fill(60),
    windowFrom: new Float64Array(places.length).fill(Number.NEGATIVE_INFINITY),
    windowUntil: new Float64Array(places.length).fill(Number.POSITIVE_INFINITY),
    perMetre: 0.2,
    committed: 0,
  },
};

test('openPool() gives from a thread what the function gives, for several tasks at once', async () => {
  await using pool = openPool({ threads: 2, queueMax: 16 });
  const results = await Promise.all([1, 2, 3, 4].map(() => pool.run('resequence', input)));
  const expected = await inline('resequence', input);
  for (const result of results) expect(result).toEqual(expected);
});
