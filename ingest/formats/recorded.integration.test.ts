import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { recordingPath, whyNoRecordings } from '../../platform/testing/recordings.ts';
import { hear } from '../testing/foreign.ts';
import { avlLines, avlLinesOf, avlTableOf } from './teltonika-avl.ts';
import { decodeFrame } from './teltonika-codec.ts';

const skip = whyNoRecordings('payloads captured from devices') !== undefined;

const linesOf = (file: string): string[] => readFileSync(recordingPath(file), 'utf8').trimEnd().split('\n');
const jsonLines = <T>(file: string): T[] => linesOf(file).map((line) => JSON.parse(line));

type Captured = {
  readonly hex: string;
  readonly expected: {
    readonly crc_ok?: boolean;
    readonly err?: string;
    readonly avl?: readonly {
      readonly io: Readonly<Record<string, number | string>>;
      readonly [field: string]: unknown;
    }[];
  };
};

test.skipIf(skip)(
  'decodeFrame() reads every captured frame with a right CRC, and refuses every other',
  () => {
    let count = 0;
    for (const { hex, expected } of jsonLines<Captured>('devices/teltonika_frames.jsonl')) {
      const frame = decodeFrame(Buffer.from(hex, 'hex'));
      const { avl = [] } = expected;
      if (!expected.crc_ok || avl.length === 0) {
        expect(frame, hex).toMatchObject({ kind: 'refused' });
        if (expected.crc_ok === false) {
          // One is cut off in the middle of its CRC.
          expect(frame, hex).toMatchObject({ reason: expect.stringMatching(/^(crc|length)$/) });
        }
        continue;
      }
      if (frame.kind === 'refused') expect.fail(`${frame.reason}: ${hex}`);
      const read = frame.records.map((record) => ({
        ...{ ts_ms: record.ms, priority: record.priority, lon: record.lng, lat: record.lat },
        ...{ alt_m: record.altitude, angle_deg: record.angle, sats: record.satellites },
        ...{ speed_kmh: record.speedKmh, event_io: record.event, io: ioOf(record.io) },
      }));
      // The frame that has a section which the specification does not know was not read beyond its first.
      if (expected.err !== undefined) expect(read[0]).toEqual(avl[0]);
      else expect(read, hex).toEqual(avl);
      count++;
    }
    expect(count).toBeGreaterThan(10);
  },
);

function ioOf(io: ReadonlyMap<number, number | bigint | Uint8Array>): object {
  return Object.fromEntries(
    [...io].map(([id, raw]) => [
      id,
      raw instanceof Uint8Array ? `hex:${Buffer.from(raw).toString('hex')}` : Number(raw),
    ]),
  );
}

test.skipIf(skip)('avlLines agree with Teltonika’s list', () => {
  const [, ...rows] = linesOf('devices/teltonika_avl_io_elements.csv');
  const lines = avlLinesOf(rows.map((row) => row.split(',')));
  const told = new Map<number, string[]>();
  for (const line of lines) {
    const id = Number(line.split(' ')[0]);
    told.set(id, [...(told.get(id) ?? []), line]);
  }
  for (const [id, { bytes, isSigned, scale }] of avlTableOf(avlLines)) {
    const same = (told.get(id) ?? []).filter((line) => {
      const theirs = avlTableOf(line).get(id);
      return theirs?.bytes === bytes && theirs.isSigned === isSigned && theirs.scale === scale;
    });
    expect(same.length, `${id}: ${told.get(id)?.join(' | ')}`).toBeGreaterThan(0);
  }
});

test.skipIf(skip)(
  'every captured payload of OwnTracks, OsmAnd and flespi decodes, but those without a position',
  () => {
    const captured = (file: string) =>
      jsonLines<{ readonly payload: string }>(file).map(({ payload }) => payload);
    const count = (topic: string, payloads: readonly string[]) =>
      payloads
        .map((payload) => hear(topic, payload))
        .map(({ fixes, rejections }) => [fixes.length, rejections.length]);
    expect(count('owntracks/u/v', linesOf('devices/owntracks.jsonl'))).toEqual(Array(6).fill([1, 0]));
    expect(count('flespi/message/gw/devices/v', captured('devices/flespi.jsonl'))).toEqual([
      [2, 0],
      [2, 0],
      [1, 0],
    ]);
    const osmand = captured('devices/osmand.jsonl');
    const heard = count('osmand/v', osmand);
    for (const [i, payload] of osmand.entries()) {
      const hasPosition = /(?:lat=|location=|"latitude")/.test(payload);
      expect(heard[i], payload).toEqual(hasPosition ? [1, 0] : [0, 1]);
    }
  },
);
