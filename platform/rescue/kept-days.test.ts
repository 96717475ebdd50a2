import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openKeptDays } from './kept-days.ts';

test('openKeptDays() knows the days of earlier runs of the same bench, and none that was cut off', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paceline-days-'));
  const path = join(folder, 'days.ndjson');
  const day = (key: string, number: number) => ({ key, day: number, vansLate: 3, policies: {} });
  openKeptDays(path, 'a').add(day('a', 4));
  openKeptDays(path, 'b').add(day('b', 5));
  appendFileSync(path, '{"key":"a","day":6');
  expect([...openKeptDays(path, 'a').days.keys()]).toEqual([4]);
  expect(openKeptDays(undefined, 'a').days.size).toBe(0);
  rmSync(folder, { recursive: true });
});
