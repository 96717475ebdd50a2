import { crc16 } from '../formats/teltonika-codec.ts';

/**
 * GPRS commands, codec 12 (https://wiki.teltonika-gps.com/view/Codec#Codec_12):
 *
 *   0000 0000 | length u32 | 0C | 01 | type u8 | size u32 | text | 01 | CRC u32
 *
 * type 5 goes to the device, type 6 is its answer.
 */
const CODEC = 0x0c;
const COMMAND = 5;
const RESPONSE = 6;
const HEADER = 8;
/** Codec, count, type, size, and the count again. */
const AROUND_TEXT = 8;

export const commandFrame = (text: string): Uint8Array => frameOf(COMMAND, text);
export const responseFrame = (text: string): Uint8Array => frameOf(RESPONSE, text);

function frameOf(type: number, text: string): Uint8Array {
  const bytes = Buffer.from(text, 'latin1');
  const frame = Buffer.alloc(HEADER + AROUND_TEXT + bytes.length + 4);
  frame.writeUInt32BE(AROUND_TEXT + bytes.length, 4);
  frame.set([CODEC, 1, type], HEADER);
  frame.writeUInt32BE(bytes.length, HEADER + 3);
  frame.set(bytes, HEADER + 7);
  frame[HEADER + 7 + bytes.length] = 1;
  frame.writeUInt32BE(crc16(frame.subarray(HEADER, -4)), frame.length - 4);
  return frame;
}

/** Whether a whole frame is about commands rather than positions. */
export const isCommandFrame = (frame: Uint8Array): boolean => frame[HEADER] === CODEC;

/** The texts of a response; undefined when the frame is none or its CRC is wrong. */
export function responseOf(frame: Uint8Array): string | undefined {
  return textOf(frame, RESPONSE);
}

/** The text of a command, for whoever plays the device. */
export function commandOf(frame: Uint8Array): string | undefined {
  return textOf(frame, COMMAND);
}

function textOf(frame: Uint8Array, type: number): string | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < HEADER + AROUND_TEXT + 4 || !isCommandFrame(frame)) return undefined;
  if (view.getUint32(4) !== frame.length - HEADER - 4) return undefined;
  if (view.getUint32(frame.length - 4) !== crc16(frame.subarray(HEADER, frame.length - 4))) return undefined;
  const count = view.getUint8(HEADER + 1);
  let at = HEADER + 2;
  const texts: string[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 5 > frame.length - 5 || view.getUint8(at) !== type) return undefined;
    const size = view.getUint32(at + 1);
    if (at + 5 + size > frame.length - 5) return undefined;
    texts.push(Buffer.from(frame.subarray(at + 5, at + 5 + size)).toString('latin1'));
    at += 5 + size;
  }
  return texts.join('\n');
}
