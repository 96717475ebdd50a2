import type { OwnMessage } from '../../../schemas/fix.ts';
import { kmhFromMps } from '../../../schemas/units.ts';

/**
 * Teltonika's TCP protocol as a device speaks it (https://wiki.teltonika-gps.com/view/Codec), written
 * from that page alone: the platform's reader is not asked.
 */
export type Codec = 'codec8' | 'codec8e' | 'codec16';

const codecIds: Readonly<Record<Codec, number>> = { codec8: 0x08, codec8e: 0x8e, codec16: 0x10 };
/** AVL ids of what our own message has. */
const ids = {
  ignition: 239,
  movement: 240,
  odometer: 16,
  fuel: 89,
  rpm: 85,
  door: 90,
  greenType: 253,
  greenValue: 254,
};

/** The log-in: two bytes of length and the IMEI in ASCII. */
export function loginPacket(imei: string): Uint8Array {
  return Buffer.concat([Buffer.from([0, imei.length]), Buffer.from(imei, 'ascii')]);
}

/** Fixes as one frame of at most 255 records. What our message says and an AVL record has no place for is left out. */
export function teltonikaFrame(messages: readonly OwnMessage[], codec: Codec = 'codec8e'): Uint8Array {
  const count = messages.length;
  const data = Buffer.concat([
    Buffer.from([codecIds[codec], count]),
    ...messages.map((message) => record(message, codec)),
    Buffer.from([count]),
  ]);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(data.length, 4);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(checksum(data));
  return Buffer.concat([header, data, crc]);
}

function record(message: OwnMessage, codec: Codec): Buffer {
  const fixed = Buffer.alloc(24);
  fixed.writeBigUInt64BE(BigInt(Math.round(message.ts)));
  fixed.writeInt32BE(Math.round(message.lng * 1e7), 9);
  fixed.writeInt32BE(Math.round(message.lat * 1e7), 13);
  fixed.writeInt16BE(clamped(message.altitude ?? 0, -32_768, 32_767), 17);
  fixed.writeUInt16BE(clamped(message.heading ?? 0, 0, 359), 19);
  fixed[21] = clamped(message.satellites ?? 9, 0, 255);
  fixed.writeUInt16BE(clamped(kmhFromMps(message.speed ?? 0), 0, 65_535), 22);
  return Buffer.concat([fixed, elements(message, codec)]);
}

const greenTypes = ['harsh_acceleration', 'harsh_braking', 'harsh_cornering'];

/** One thing done harshly as a tracker of theirs says it: type 1–3, strength in hundredths of a g. A record has place for one. */
export function greenDriving({ events }: OwnMessage): { type: number; value: number } | undefined {
  const event = events?.find(({ type }) => greenTypes.includes(type));
  if (event === undefined) return undefined;
  return { type: greenTypes.indexOf(event.type) + 1, value: clamped((event.value ?? 0) * 100, 0, 255) };
}

/** The elements in sections of 1, 2, 4 and 8 bytes; codec 8E has one more, of any length. */
function elements(message: OwnMessage, codec: Codec): Buffer {
  const sections: [id: number, value: number][][] = [[], [], [], []];
  if (message.ignition != null) sections[0]!.push([ids.ignition, message.ignition ? 1 : 0]);
  sections[0]!.push([ids.movement, (message.speed ?? 0) > 0.3 ? 1 : 0]);
  if (message.fuel != null) sections[0]!.push([ids.fuel, clamped(message.fuel * 100, 0, 100)]);
  const harsh = greenDriving(message);
  if (harsh !== undefined) sections[0]!.push([ids.greenType, harsh.type], [ids.greenValue, harsh.value]);
  if (message.rpm != null) sections[1]!.push([ids.rpm, clamped(message.rpm, 0, 65_535)]);
  if (message.door != null) sections[1]!.push([ids.door, message.door ? 1 : 0]);
  if (message.odometer != null) sections[2]!.push([ids.odometer, clamped(message.odometer, 0, 2 ** 32 - 1)]);
  const idBytes = codec === 'codec8' ? 1 : 2;
  const countBytes = codec === 'codec8e' ? 2 : 1;
  const total = sections.reduce((sum, section) => sum + section.length, 0);
  const parts = [
    uint(harsh === undefined ? 0 : ids.greenType, idBytes), // what made it report; 0: time
    ...(codec === 'codec16' ? [uint(0, 1)] : []), // generation type: on exit
    uint(total, countBytes),
  ];
  for (const [i, section] of sections.entries()) {
    parts.push(uint(section.length, countBytes));
    for (const [id, value] of section) parts.push(uint(id, idBytes), uint(value, 2 ** i));
  }
  if (codec === 'codec8e') parts.push(uint(0, 2));
  return Buffer.concat(parts);
}

function uint(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

function clamped(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.round(value)));
}

/** CRC-16/IBM, a table of nibbles. */
const nibbles = [
  ...[0x0000, 0xcc01, 0xd801, 0x1400, 0xf001, 0x3c00, 0x2800, 0xe401],
  ...[0xa001, 0x6c00, 0x7800, 0xb401, 0x5000, 0x9c01, 0x8801, 0x4400],
];

function checksum(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc = nibbles[(crc ^ byte) & 15]! ^ (crc >>> 4);
    crc = nibbles[(crc ^ (byte >> 4)) & 15]! ^ (crc >>> 4);
  }
  return crc;
}
