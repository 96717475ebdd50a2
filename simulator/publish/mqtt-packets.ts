import { writeText } from '../device/encode/bytes.ts';
import type { Written } from '../device/encode/own.ts';

/**
 * The packets of MQTT 3.1.1 that a publisher needs
 * (https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html, sections 2 and 3).
 */
export const packetTypes = {
  connack: 2,
  publish: 3,
  puback: 4,
  suback: 9,
  pingresp: 13,
} as const;

const KEEPALIVE_SECONDS = 30;
const QOS_1 = 0x02;
const DUP = 0x08;

/** Writes the fixed header; returns where what follows it begins. */
function header(packet: Buffer, from: number, first: number, length: number): number {
  packet[from] = first;
  let at = from + 1;
  for (let rest = length; ; ) {
    const digit = rest % 128;
    rest = (rest - digit) / 128;
    packet[at++] = rest > 0 ? digit | 0x80 : digit;
    if (rest === 0) return at;
  }
}

const headerBytes = (length: number): number =>
  length < 128 ? 2 : length < 16_384 ? 3 : length < 2_097_152 ? 4 : 5;

/** Text with its length in front; returns where it ends. */
function text(packet: Buffer, value: string, at: number): number {
  const end = writeText(packet, at + 2, value);
  packet.writeUInt16BE(end - at - 2, at);
  return end;
}

export function connectPacket(options: {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}): Buffer {
  const { clientId, username, password } = options;
  const fields = [clientId, username, password].filter((field) => field !== undefined);
  const length = 10 + fields.reduce((sum, field) => sum + 2 + Buffer.byteLength(field), 0);
  const packet = Buffer.alloc(headerBytes(length) + length);
  let at = text(packet, 'MQTT', header(packet, 0, 0x10, length));
  packet[at++] = 4;
  const isClean = 0x02;
  packet[at++] = isClean | (username === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40);
  at = packet.writeUInt16BE(KEEPALIVE_SECONDS, at);
  for (const field of fields) at = text(packet, field, at);
  return packet;
}

export type Payload = string | Uint8Array | Written;

export type Publication = { readonly topic: string; readonly payload: Payload };

export function bytesOf(payload: Payload): Buffer {
  if (typeof payload === 'string' || payload instanceof Uint8Array) return Buffer.from(payload);
  const bytes = Buffer.allocUnsafe(payload.bytesMax);
  return bytes.subarray(0, payload.write(bytes, 0));
}

export function publishPacket(publication: Publication, id: number, isRepeated: boolean): Buffer {
  const packet = Buffer.allocUnsafe(publishBytes(publication));
  return packet.subarray(0, writePublish(packet, 0, publication, id, isRepeated));
}

/** Where counting costs less than room for three bytes a character would. */
const COUNTED_FROM = 2048;

/** No PUBLISH packet of it is longer. */
export function publishBytes({ topic, payload }: Publication): number {
  const head = 9 + 3 * topic.length;
  if (typeof payload === 'string')
    return head + (payload.length < COUNTED_FROM ? 3 * payload.length : Buffer.byteLength(payload));
  return head + (payload instanceof Uint8Array ? payload.length : payload.bytesMax);
}

/** What a fix in our own words usually takes. */
const USUAL_BYTES = 256;

function guessOf({ topic, payload }: Publication): number {
  const isMade = typeof payload === 'string' || payload instanceof Uint8Array;
  return 4 + topic.length + (isMade ? payload.length : USUAL_BYTES);
}

/** Writes the packet into a buffer that has room for it; returns where it ends. */
export function writePublish(
  packet: Buffer,
  from: number,
  publication: Publication,
  id: number,
  isRepeated: boolean,
): number {
  const first = 0x30 | QOS_1 | (isRepeated ? DUP : 0);
  const { topic, payload } = publication;
  // Written as if it were ASCII, which nearly all is, or as long as usual; put right where it is not.
  const guess = guessOf(publication);
  const bodyAt = header(packet, from, first, guess);
  let at = text(packet, topic, bodyAt);
  packet[at++] = id >> 8;
  packet[at++] = id & 0xff;
  if (typeof payload === 'string') at = writeText(packet, at, payload);
  else if (payload instanceof Uint8Array) {
    packet.set(payload, at);
    at += payload.length;
  } else at = payload.write(packet, at);
  const length = at - bodyAt;
  if (length === guess) return at;
  const movedTo = from + headerBytes(length);
  if (movedTo !== bodyAt) packet.copyWithin(movedTo, bodyAt, at);
  header(packet, from, first, length);
  return movedTo + length;
}

export function subscribePacket(topics: readonly string[], id: number): Buffer {
  const length = 2 + topics.reduce((sum, topic) => sum + 3 + Buffer.byteLength(topic), 0);
  const packet = Buffer.alloc(headerBytes(length) + length);
  let at = packet.writeUInt16BE(id, header(packet, 0, 0x82, length));
  for (const topic of topics) {
    at = text(packet, topic, at);
    packet[at++] = 1;
  }
  return packet;
}

export const pubackPacket = (id: number): Buffer => Buffer.from([0x40, 2, id >> 8, id & 0xff]);
export const pingPacket = Buffer.from([0xc0, 0]);
export const disconnectPacket = Buffer.from([0xe0, 0]);

/** Takes a packet: its first byte, and its body, which is `bytes` between two places. */
export type TakePacket = (first: number, bytes: Buffer, from: number, until: number) => void;

export const typeOf = (first: number): number => first >> 4;

/** What a PUBLISH of the broker says; `id` is to be acknowledged. */
export function publishedIn(
  first: number,
  body: Buffer,
): { readonly topic: string; readonly payload: string; readonly id: number | undefined } {
  const topicEnd = 2 + body.readUInt16BE(0);
  const hasId = (first & 0x06) !== 0;
  return {
    topic: body.toString('utf8', 2, topicEnd),
    payload: body.toString('utf8', topicEnd + (hasId ? 2 : 0)),
    id: hasId ? body.readUInt16BE(topicEnd) : undefined,
  };
}

/** Cuts what arrives into packets; keeps the rest of a chunk until more of it comes. */
export function openPacketReader(take: TakePacket): (chunk: Buffer) => void {
  let rest: Buffer | undefined;
  return (chunk) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (at + 2 <= bytes.length) {
      let [length, scale, next] = [0, 1, at + 1];
      let digit = 0x80;
      while (digit >= 0x80 && next < bytes.length && next < at + 5) {
        digit = bytes[next++]!;
        length += (digit & 0x7f) * scale;
        scale *= 128;
      }
      if (digit >= 0x80 || next + length > bytes.length) break;
      take(bytes[at]!, bytes, next, next + length);
      at = next + length;
    }
    rest = at === bytes.length ? undefined : bytes.subarray(at);
  };
}
