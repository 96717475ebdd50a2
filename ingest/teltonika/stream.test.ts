import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loginPacket, teltonikaFrame } from '../../simulator/device/encode/teltonika-frames.ts';
import { decodeFrame } from '../formats/teltonika-codec.ts';
import { commandFrame, commandOf, responseFrame, responseOf } from './codec12.ts';
import { cut, FRAME_BYTES_MAX, newStream, type Piece } from './stream.ts';

const fix = { ts: 1_790_000_000_000, lat: 45.52, lng: -122.67, speed: 10, heading: 182, ignition: true };
const frames = [1, 3, 20].map((count) =>
  teltonikaFrame(Array.from({ length: count }, (_, i) => ({ ...fix, ts: fix.ts + i * 1000 }))),
);
const whole = Buffer.concat([
  loginPacket('352093081452251'),
  Buffer.from([0xff]),
  ...frames.flatMap((frame) => [frame, Buffer.from([0xff, 0xff])]),
  responseFrame('Param ID:10050 New Val:5'),
]);

/** The pieces of bytes that come in segments which end at these places. */
function piecesOf(bytes: Uint8Array, ends: readonly number[]): Piece[] {
  const pieces: Piece[] = [];
  let state = newStream;
  let from = 0;
  for (const end of [...new Set(ends)].sort((a, b) => a - b).concat(bytes.length)) {
    const result = cut(state, bytes.subarray(from, end));
    state = result.state;
    pieces.push(...result.pieces);
    from = end;
  }
  return pieces;
}

test('cut() finds the same log-in and frames, wherever TCP divides them', () => {
  const expected = piecesOf(whole, []);
  expect(expected.map(({ kind }) => kind)).toEqual(['login', 'frame', 'frame', 'frame', 'frame']);
  const place = fc.integer({ min: 0, max: whole.length });
  fc.assert(
    fc.property(fc.array(place, { maxLength: 40 }), (ends) => {
      expect(piecesOf(whole, ends)).toEqual(expected);
    }),
  );
});

test('cut() keeps no more than one frame, and ends at what can be none, whatever comes', () => {
  const step = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.constantFrom(...frames, Buffer.from([0xff]), Buffer.from([0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (segments) => {
      let state = cut(newStream, loginPacket('352093081452251')).state;
      for (const segment of segments) {
        const result = cut(state, segment);
        state = result.state;
        expect(state.rest.length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
        if (result.pieces.some(({ kind }) => kind === 'garbage')) return;
        for (const piece of result.pieces) {
          if (piece.kind === 'frame') decodeFrame(piece.bytes);
        }
      }
    }),
  );
});

test('cut() refuses who does not begin with an IMEI', () => {
  expect(cut(newStream, Buffer.from('GET / HTTP/1.1\r\n')).pieces).toMatchObject([{ kind: 'garbage' }]);
  expect(cut(newStream, Buffer.from('\0\x0fabcdefghijklmno')).pieces).toMatchObject([{ kind: 'garbage' }]);
});

test.each(['codec8', 'codec8e', 'codec16'] as const)(
  'decodeFrame() reads what a device writes in %s',
  (codec) => {
    const frame = decodeFrame(teltonikaFrame([{ ...fix, odometer: 123_456, altitude: -3 }], codec));
    expect(frame).toMatchObject({ kind: 'records' });
    const [record] = frame.kind === 'records' ? frame.records : [];
    expect(record).toMatchObject({
      ms: fix.ts,
      lat: 45.52,
      lng: -122.67,
      angle: 182,
      speedKmh: 36,
      altitude: -3,
    });
    expect([record?.io.get(239), record?.io.get(16)]).toEqual([1, 123_456]);
  },
);

test('commandFrame() writes the bytes of Teltonika’s own example, and responseOf() reads its answer', () => {
  // https://wiki.teltonika-gps.com/view/Codec#Codec_12: getinfo and its response.
  const command = '000000000000000F0C010500000007676574696E666F0100004312';
  expect(Buffer.from(commandFrame('getinfo')).toString('hex').toUpperCase()).toBe(command);
  expect(commandOf(Buffer.from(command, 'hex'))).toBe('getinfo');
  const response =
    '00000000000000900C010600000088494E493A323031392F372F323220373A3232205254433A323031392F372F323220373A3533205253543A32204552523A31205352' +
    '3A302042523A302043463A302046473A3020464C3A302054553A302F302055543A3020534D533A30204E4F4750533A303A3330204750533A31205341543A302052533A3320' +
    '52463A36352053463A31204D443A30010000C78F';
  expect(responseOf(Buffer.from(response, 'hex'))).toMatch(/^INI:2019\/7\/22 7:22 RTC:/);
  expect(responseOf(Buffer.from(response.replace('C78F', 'C78E'), 'hex'))).toBeUndefined();
});
