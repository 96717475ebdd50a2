import { expect, test } from 'vitest';
import type { Connection } from './connection.ts';
import type { Ledger } from './ledger.ts';
import { openSender, type Packet } from './sender.ts';

/** Connections that acknowledge when they are told to, in the order they were given things. */
function opened(lanes: number, inFlightMax: number) {
  const sent: { readonly topic: string; readonly acknowledge: () => void }[][] = [];
  const connections = Array.from({ length: lanes }, (_, lane): Connection => {
    sent[lane] = [];
    return {
      publish: (packet, settled) =>
        sent[lane]!.push({ topic: packet.topic, acknowledge: () => settled(packet) }),
      subscribe: async () => {},
      reconnections: () => 0,
      close: async () => {},
    };
  });
  const written: string[] = [];
  const ledger: Ledger = {
    acknowledged: (entry) => entry.channel === 'gathered' && written.push(entry.keys),
    ...{ totals: () => {}, flush: () => {}, close: () => {} },
  };
  const stop = new AbortController();
  const sender = openSender({ connections, inFlightMax, ledger, now: () => 5, signal: stop.signal });
  return { sender, sent, written, stop };
}

const packet = (lane: number, name: string, due: number | undefined): Packet => ({
  ...{ lane, topic: name, payload: '', count: 1, due, sentAt: 0 },
  entry: { channel: 'gathered', baseMs: 0, keys: name },
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a connection that waits for its PUBACKs holds up no other, and keeps the order of what waits', async () => {
  const { sender, sent, written } = opened(2, 4);
  for (let i = 0; i < 7; i++) expect(sender.give(packet(0, `a${i}`, 1))).toBeUndefined();
  expect(sender.give(packet(1, 'b0', 1))).toBeUndefined();
  expect([sent[0]!.length, sent[1]!.length]).toEqual([4, 1]);
  let isRoom = false;
  const room = sender.give(packet(0, 'a7', 1))!.then(() => {
    isRoom = true;
  });
  sent[0]![0]!.acknowledge();
  await turn();
  // One of the four that waited is on its way; room is told when half of them are.
  expect([sent[0]!.length, isRoom]).toEqual([5, false]);
  sent[0]![1]!.acknowledge();
  await room;
  for (let i = 2; i < 8; i++) {
    sent[0]![i]!.acknowledge();
    await turn();
  }
  expect(sent[0]!.map(({ topic }) => topic)).toEqual(written);
  expect(written).toEqual(Array.from({ length: 8 }, (_, i) => `a${i}`));
  expect(sender.progress(0, true)).toMatchObject({ offered: 9, acknowledged: 8, messages: 8 });
});

test('the backlog waits one by one, and so does all else while very much is waiting', async () => {
  const { sender, sent } = opened(1, 2);
  for (const kept of ['k0', 'k1']) await sender.give(packet(0, kept, undefined));
  const backlog = sender.give(packet(0, 'k2', undefined));
  expect(backlog).toBeInstanceOf(Promise);
  sent[0]![0]!.acknowledge();
  await backlog;
  expect(sent[0]!.map(({ topic }) => topic)).toEqual(['k0', 'k1', 'k2']);
  // Two of each lane are in flight, one may wait; when 4096 do, whoever gives one more waits for it.
  const many = opened(5000, 2).sender;
  const waits: number[] = [];
  for (let round = 0; round < 3; round++)
    for (let lane = 0; lane < 5000; lane++) {
      if (many.give(packet(lane, `${round}`, 1)) !== undefined) waits.push(lane);
    }
  expect(waits).toEqual(Array.from({ length: 5000 - 4096 }, (_, i) => 4096 + i));
});

test('an abort lets go of whoever waits, and what was not sent was not offered', async () => {
  const { sender, stop } = opened(1, 1);
  await sender.give(packet(0, 'a', undefined));
  const waiting = sender.give(packet(0, 'b', undefined));
  stop.abort();
  await waiting;
  expect(sender.give(packet(0, 'c', 1))).toBeUndefined();
  expect(sender.progress(0, true).offered).toBe(1);
});
