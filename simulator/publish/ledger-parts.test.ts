import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLedger } from './ledger.ts';
import { ledgerParts } from './ledger-parts.ts';
import { readLedger } from './ledger-reading.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const header = { scenario: 's', seed: '1', fleet: 'f', vans: 2, intervalSeconds: 10, shiftStart: 0 };

function written(): string {
  const path = join(folder, 'ledger.tsv');
  const ledger = openLedger(path, header);
  ledger.acknowledged({ channel: 'gathered', baseMs: 5000, keys: 'van:with:colons:0:7,b:-4000:-,b:10:3' });
  ledger.acknowledged({
    device: 'b',
    due: 6,
    channel: 'telemetry',
    messages: [
      { ts: 5010, seq: 3, lat: 0, lng: 0 },
      { ts: 9000, seq: 4, lat: 0, lng: 0 },
    ],
  });
  ledger.close();
  // Killed in the middle of a line.
  appendFileSync(path, 'M\t7000\tb:0:9,b:1');
  return path;
}

test('readLedger() reads messages of gateways and of devices alike, and not what is half written', () => {
  const { acknowledged, keysByDevice, lastByDevice } = readLedger(written());
  expect(acknowledged).toBe(5);
  expect([...keysByDevice].map(([device, keys]) => [device, [...keys].sort()])).toEqual([
    ['van:with:colons', ['5000:7']],
    ['b', ['1000:-', '5010:3', '9000:4']],
  ]);
  expect(lastByDevice).toEqual(
    new Map([
      ['van:with:colons', 5],
      ['b', 9],
    ]),
  );
});

test('readLedger() keeps a summary, when the ledger holds more than is asked for', () => {
  const ledger = readLedger(written(), 3);
  expect(ledger).toMatchObject({ isSummary: true, acknowledged: 5, keysByDevice: new Map() });
  expect(ledger.lastByDevice.get('b')).toBe(9);
});

test('ledgerParts() gives every distinct fix once, in however many parts, and leaves no files', () => {
  const path = written();
  for (const fixesPerPart of [1, 1_000_000]) {
    const parts = [...ledgerParts(path, 5, fixesPerPart)].map(({ device, ms, seq }) => [
      device,
      [...ms].map((at, i) => [at, seq[i]]),
    ]);
    expect(Object.fromEntries(parts)).toEqual({
      'van:with:colons': [[5000, 7]],
      b: [
        [1000, -1],
        [5010, 3],
        [9000, 4],
      ],
    });
  }
  expect(readdirSync(folder)).toEqual(['ledger.tsv']);
});
