import type { OwnMessage } from '../../../schemas/fix.ts';
import { NUMBER_BYTES, writeBytes, writeDecimal, writeQuoted, writeText, writeWhole } from './bytes.ts';

/** Something that is written where it is needed, instead of being made first and copied then. */
export type Written = {
  /** Never longer. */
  readonly bytesMax: number;
  /** Returns where it ends. */
  readonly write: (to: Buffer, at: number) => number;
};

/** The names of members are fewer than 200 bytes, and each of 18 members is a number at most, but for `boot`. */
const OWN_BYTES_MAX = 200 + 18 * NUMBER_BYTES + 6 * 64;
const BOOT_MAX = 64;

/**
 * An own message and when it is sent, milliseconds: the bytes of `JSON.stringify({ ...message, sent })`.
 * What the clock says when they are first written is what they say ever after.
 */
export function ownPayload(message: OwnMessage, clock: () => number): Written | string {
  if (!isUsual(message)) return JSON.stringify({ ...message, sent: clock() });
  let sentMs = 0;
  return {
    bytesMax: OWN_BYTES_MAX,
    write: (to, at) => {
      sentMs ||= clock();
      return writeOwn(to, at, message, sentMs);
    },
  };
}

/** What `openDevice` makes, with its members in that order; of others nothing is known. */
type UsualMessage = OwnMessage & { readonly seq: number; readonly boot: string; readonly ignition: boolean };

function isUsual(message: OwnMessage): message is UsualMessage {
  const { seq, boot, ignition, altitude, events, sent } = message;
  if (seq == null || ignition == null || boot == null || boot.length > BOOT_MAX) return false;
  return altitude === undefined && events === undefined && sent === undefined;
}

const key = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const keys = {
  ts: key('{"ts":'),
  lat: key(',"lat":'),
  lng: key(',"lng":'),
  speed: key(',"speed":'),
  heading: key(',"heading":'),
  accuracy: key(',"accuracy":'),
  satellites: key(',"satellites":'),
  seq: key(',"seq":'),
  boot: key(',"boot":'),
  ignition: key(',"ignition":'),
  odometer: key(',"odometer":'),
  soc: key(',"soc":'),
  fuel: key(',"fuel":'),
  rpm: key(',"rpm":'),
  door: key(',"door":'),
  belt: key(',"belt":'),
  buffered: key(',"buffered":'),
  sent: key(',"sent":'),
};
const CLOSING_BRACE = 125;

function writeOwn(to: Buffer, from: number, message: UsualMessage, sentMs: number): number {
  let at = writeWhole(to, writeBytes(to, from, keys.ts), message.ts);
  at = writeDecimal(to, writeBytes(to, at, keys.lat), message.lat, 7);
  at = writeDecimal(to, writeBytes(to, at, keys.lng), message.lng, 7);
  at = decimal(to, at, keys.speed, message.speed, 2);
  at = decimal(to, at, keys.heading, message.heading, 1);
  at = decimal(to, at, keys.accuracy, message.accuracy, 1);
  at = decimal(to, at, keys.satellites, message.satellites, 0);
  at = writeWhole(to, writeBytes(to, at, keys.seq), message.seq);
  at = writeQuoted(to, writeBytes(to, at, keys.boot), message.boot);
  at = flag(to, at, keys.ignition, message.ignition);
  at = decimal(to, at, keys.odometer, message.odometer, 1);
  at = decimal(to, at, keys.soc, message.soc, 4);
  at = decimal(to, at, keys.fuel, message.fuel, 4);
  at = decimal(to, at, keys.rpm, message.rpm, 0);
  at = flag(to, at, keys.door, message.door);
  at = flag(to, at, keys.belt, message.belt);
  at = flag(to, at, keys.buffered, message.buffered);
  at = writeWhole(to, writeBytes(to, at, keys.sent), sentMs);
  to[at] = CLOSING_BRACE;
  return at + 1;
}

function decimal(
  to: Buffer,
  at: number,
  name: Uint8Array,
  value: number | null | undefined,
  places: number,
): number {
  if (value === undefined) return at;
  const from = writeBytes(to, at, name);
  if (value === null) return writeText(to, from, 'null');
  return places === 0 ? writeWhole(to, from, value) : writeDecimal(to, from, value, places);
}

function flag(to: Buffer, at: number, name: Uint8Array, value: boolean | null | undefined): number {
  return value === undefined ? at : writeText(to, writeBytes(to, at, name), String(value));
}
