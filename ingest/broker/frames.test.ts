import fc from 'fast-check';
import { expect, test } from 'vitest';
import { publishPacket } from '../bench/packets.ts';
import { framing } from './frames.ts';

/** An MQTT packet of any kind: first byte, length, body. */
const packet = (first: number, body: Uint8Array): Buffer => {
  const length: number[] = [];
  for (let left = body.length; ; left >>= 7) {
    if (left < 128) return Buffer.concat([Buffer.of(first, ...length, left), body]);
    length.push((left & 127) | 128);
  }
};

const publish = fc
  .tuple(fc.string({ maxLength: 9 }), fc.string({ maxLength: 200 }), fc.integer({ min: 1, max: 65_535 }))
  .map(([topic, payload, id]) => publishPacket(topic, payload, id));
const other = fc
  .tuple(fc.constantFrom(0x10, 0x30, 0x34, 0x82, 0xc0), fc.uint8Array({ maxLength: 200 }))
  .map(([first, body]) => packet(first, body));

test('framing() gives every packet whole and in order, however the connection cuts them', () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 });
  fc.assert(
    fc.property(
      fc.array(fc.oneof(publish, other)),
      cuts,
      fc.integer({ min: 2, max: 300 }),
      (packets, sizes, packetBytes) => {
        const sent = Buffer.concat(packets);
        const got: Buffer[] = [];
        const taken: Buffer[] = [];
        const read = framing({
          packetBytes,
          isOpen: () => true,
          take: ({ bytes, topicStart, topicEnd, messageId, payloadStart, end }) => {
            const text = (from: number, to: number) => Buffer.from(bytes.subarray(from, to)).toString();
            const again = publishPacket(text(topicStart, topicEnd), text(payloadStart, end), messageId);
            got.push(again);
            taken.push(again);
            return true;
          },
          pass: (bytes) => void got.push(Buffer.from(bytes)),
        });
        for (let offset = 0, n = 0; offset < sent.length; n++) {
          const size = sizes[n % sizes.length] as number;
          read(sent.subarray(offset, offset + size));
          offset += size;
        }
        expect(Buffer.concat(got)).toEqual(sent);
        const isAllShort = packets.every(({ length }) => length <= packetBytes);
        if (isAllShort) expect(taken).toEqual(packets.filter(([first]) => first === 0x32));
      },
    ),
  );
});

test('framing() passes on at once what is no length, and says nothing once the connection is closed', () => {
  const passed: string[] = [];
  let isOpen = true;
  const read = framing({
    packetBytes: 100,
    isOpen: () => isOpen,
    take: () => true,
    pass: (bytes) => void passed.push(bytes.toString('hex')),
  });
  read(Buffer.from('32ffffffffff01', 'hex'));
  expect(passed).toEqual(['32ffffffffff01']);
  isOpen = false;
  read(Buffer.from('c000', 'hex'));
  expect(passed).toHaveLength(1);
});
