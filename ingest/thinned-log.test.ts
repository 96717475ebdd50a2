import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Log } from '../schemas/program.ts';
import { thinned } from './thinned-log.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('thinned() writes the first warning of a kind at once and the others together, and loses no count', () => {
  const lines: string[] = [];
  const write = (fields: object, event: string) => void lines.push(`${event} ${JSON.stringify(fields)}`);
  const log: Log = { info: write, warn: write, error: write };
  const thin = thinned(log, 10_000);
  for (let n = 1; n <= 1_000; n++) thin.warn({ n }, 'log-in refused');
  thin.warn({ topic: 'x' }, 'publish refused');
  expect(lines.splice(0)).toEqual(['log-in refused {"n":1}', 'publish refused {"topic":"x"}']);
  vi.advanceTimersByTime(10_000);
  expect(lines.splice(0)).toEqual(['log-in refused {"n":1000,"times":999,"total":1000}']);
  // Quiet for a while: the next is news again, and known to be no first.
  vi.advanceTimersByTime(20_000);
  thin.warn({ n: 0 }, 'log-in refused');
  thin.warn({ n: 7 }, 'log-in refused');
  expect(lines.splice(0)).toEqual(['log-in refused {"n":0,"total":1001}']);
  thin[Symbol.dispose]();
  expect(lines).toEqual(['log-in refused {"n":7,"times":1,"total":1002}']);
  thin.error({}, 'broken');
  expect(lines.at(-1)).toBe('broken {}');
});
