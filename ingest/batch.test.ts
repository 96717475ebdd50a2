import { expect, test } from 'vitest';
import { Gathering } from './batch.ts';
import type { Delivery } from './broker/delivery.ts';

const delivery = (fixCount: number, bytes = 1): Delivery => ({
  ...{
    topic: 't',
    received: 0,
    fleetId: 1,
    deviceId: 1,
    knock: undefined,
    bytes,
    reports: [],
    rejections: [],
  },
  ...{ fixes: Array(fixCount).fill({}), acknowledge() {} },
});

const running = new AbortController().signal;
const limits = { batchFixes: 10, batchBytes: 100, gatherMs: 0, busyGatherMs: 0, busyMessages: 1 };

test.each([
  { sizes: [4, 4, 4], batches: [2, 1] },
  { sizes: [50, 1], batches: [1, 1] },
  { sizes: [1, 1, 1], batches: [3] },
  { sizes: [0, 10, 0, 1], batches: [3, 1] },
])(
  'Gathering.next() makes of messages of $sizes fixes batches of $batches messages',
  async ({ sizes, batches }) => {
    const gathering = new Gathering(limits);
    for (const size of sizes) gathering.push(delivery(size));
    for (const expected of batches) {
      expect((await gathering.next(running, undefined))?.deliveries).toHaveLength(expected);
    }
    expect((await gathering.next(running, 1))?.deliveries).toEqual([]);
  },
);

test('Gathering.next() gives what waits and then nothing, when it is stopped', async () => {
  const stop = new AbortController();
  const gathering = new Gathering({ ...limits, gatherMs: 60_000 });
  gathering.push(delivery(1));
  const next = gathering.next(stop.signal, undefined);
  stop.abort();
  expect((await next)?.deliveries).toHaveLength(1);
  expect(await gathering.next(stop.signal, undefined)).toBeUndefined();
});

test('Gathering.next() wakes at the first message, and at once when a batch is full', async () => {
  const gathering = new Gathering({ ...limits, gatherMs: 60_000 });
  const next = gathering.next(running, undefined);
  gathering.push(delivery(1));
  gathering.push(delivery(9));
  expect((await next)?.deliveries).toHaveLength(2);
});
