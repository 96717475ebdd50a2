import type { Fix } from '../../schemas/fix.ts';
import type { DecodeLimits } from './decoded.ts';
import { type Making, made, type Said } from './own-fix.ts';

// A kernel: the own message straight from its bytes, without the text, the object and the checks in
// between. It takes what devices send all day and leaves everything else to `decode`, so it may be
// as narrow as it likes but must never take what `decode` would refuse or read otherwise (tests).

/** What a key is for: a number goes to the slot of the same place, then come truths and the boot. */
const keys = [
  ...['ts', 'lat', 'lng', 'seq', 'speed', 'heading', 'accuracy', 'altitude', 'satellites', 'odometer'],
  ...['fuel', 'soc', 'rpm', 'sent', 'ignition', 'door', 'belt', 'buffered', 'boot'],
] as const;
const [TS, LAT, LNG, SEQ, SPEED, HEADING, ACCURACY] = [0, 1, 2, 3, 4, 5, 6] as const;
const [ALTITUDE, SATELLITES, ODOMETER, FUEL, SOC, RPM, SENT] = [7, 8, 9, 10, 11, 12, 13] as const;
const [IGNITION, DOOR, BELT, BUFFERED, BOOT] = [14, 15, 16, 17, 18] as const;
const REQUIRED = (1 << TS) | (1 << LAT) | (1 << LNG);

const keyBytes = keys.map((key) => Uint8Array.from(key, (letter) => letter.charCodeAt(0)));
const KEY_BYTES_MAX = Math.max(...keys.map((key) => key.length));
/** Where a key may be by its first, second and last byte and its length: no two share a place. */
const place = (first: number, second: number, last: number, length: number): number =>
  (first + 20 * second + 16 * last + 3 * length) & 31;
const slotByPlace = new Int8Array(32).fill(-1);
for (const [slot, bytes] of keyBytes.entries()) {
  slotByPlace[place(bytes[0] ?? 0, bytes[1] ?? 0, bytes.at(-1) ?? 0, bytes.length)] = slot;
}

const [QUOTE, COMMA, MINUS, POINT, ZERO, NINE, COLON] = [0x22, 0x2c, 0x2d, 0x2e, 0x30, 0x39, 0x3a];
const [OPEN_LIST, BACKSLASH, CLOSE_LIST, OPEN, CLOSE, DELETE] = [0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x7f];
const SPACE = 0x20;
const [UPPER_E, LOWER_E] = [0x45, 0x65];
/** As 32-bit words, little endian: `true`, `alse`, `null`. */
const [TRUE, ALSE, NULL] = [0x65757274, 0x65736c61, 0x6c6c756e];

/** So many digits are a whole number below 2^53, and so many decimals a power of ten that is exact. */
const DIGITS_MAX = 15;
const powers = Float64Array.from({ length: DIGITS_MAX + 1 }, (_, n) => 10 ** n);
const LATEST_MS = Date.UTC(2100, 0, 1);
const BOOT_MAX = 64;
const SATELLITES_MAX = 32_767;

/** What was read of one object: numbers by slot, bits of the keys that had a value, and of what is true. */
const numbers = new Float64Array(BOOT);
let known = 0;
let truths = 0;
let boot = '';
/** Where reading goes on; −1 when this is not for us. */
let cursor = 0;

/** The bytes of a message from `start` to `end`. */
export type Span = { readonly bytes: Uint8Array; readonly start: number; readonly end: number };

/**
 * The fixes of one own message, pushed to `into`; false, and nothing pushed, when the message is one
 * for `decode`. `lastBoot` is the boot said last by this device: the same text is not made twice.
 */
export function scanFixes(
  { bytes, start, end }: Span,
  into: Fix[],
  making: Making & { readonly lastBoot: string },
  limits: DecodeLimits,
): boolean {
  if (end - start > limits.messageBytes) return false;
  const before = into.length;
  cursor = start;
  const isList = bytes[start] === OPEN_LIST;
  if (isList) cursor++;
  boot = making.lastBoot;
  for (let count = 1; ; count++) {
    if (count > limits.fixesPerMessage || !scanObject(bytes)) break;
    into.push(made(said(), making, limits));
    if (!isList) return cursor === end || abandoned(into, before);
    const next = bytes[cursor++];
    if (next === CLOSE_LIST) return cursor === end || abandoned(into, before);
    if (next !== COMMA) break;
    skipSpace(bytes);
  }
  return abandoned(into, before);
}

function abandoned(into: Fix[], before: number): false {
  into.length = before;
  return false;
}

/** One object into the variables above; whether it is complete, plausible and of our keys alone. */
function scanObject(bytes: Uint8Array): boolean {
  if (bytes[cursor++] !== OPEN) return false;
  known = 0;
  truths = 0;
  let seen = 0;
  for (;;) {
    const slot = scanKey(bytes);
    if (slot < 0 || (seen & (1 << slot)) !== 0) return false;
    seen |= 1 << slot;
    const isRead =
      slot < IGNITION ? scanNumber(bytes, slot) : slot === BOOT ? scanBoot(bytes) : scanTruth(bytes, slot);
    if (!isRead) return false;
    const next = bytes[cursor++];
    if (next === CLOSE) break;
    if (next !== COMMA) return false;
    skipSpace(bytes);
  }
  return (known & REQUIRED) === REQUIRED && isPlausible();
}

/** A quoted key and its colon; its slot, or −1. */
function scanKey(bytes: Uint8Array): number {
  if (bytes[cursor] !== QUOTE) return -1;
  const start = cursor + 1;
  let end = start;
  while (end - start <= KEY_BYTES_MAX && bytes[end] !== QUOTE) end++;
  const length = end - start;
  const slot = slotByPlace[
    place(bytes[start] as number, bytes[start + 1] as number, bytes[end - 1] as number, length)
  ] as number;
  if (slot < 0 || bytes[end + 1] !== COLON) return -1;
  const key = keyBytes[slot] as Uint8Array;
  if (key.length !== length) return -1;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== key[i]) return -1;
  cursor = end + 2;
  skipSpace(bytes);
  return slot;
}

/**
 * A number into its slot, or null. Digits without an exponent, few enough for the quotient of two
 * exact doubles to be the double nearest to what is written (Clinger, “How to read floating point
 * numbers accurately”, 1990).
 */
function scanNumber(bytes: Uint8Array, slot: number): boolean {
  let i = cursor;
  const isNegative = bytes[i] === MINUS;
  if (isNegative) i++;
  const start = i;
  let digits = 0;
  let byte = bytes[i] as number;
  while (byte >= ZERO && byte <= NINE) {
    digits = digits * 10 + (byte - ZERO);
    byte = bytes[++i] as number;
  }
  const whole = i - start;
  if (whole === 0) return !isNegative && scanNull(bytes);
  if (whole > 1 && bytes[start] === ZERO) return false;
  let decimals = 0;
  if (byte === POINT) {
    const point = i;
    byte = bytes[++i] as number;
    while (byte >= ZERO && byte <= NINE) {
      digits = digits * 10 + (byte - ZERO);
      byte = bytes[++i] as number;
    }
    decimals = i - point - 1;
    if (decimals === 0) return false;
  }
  if (whole + decimals > DIGITS_MAX || byte === LOWER_E || byte === UPPER_E) return false;
  const size = decimals === 0 ? digits : digits / (powers[decimals] as number);
  numbers[slot] = isNegative ? -size : size;
  known |= 1 << slot;
  cursor = i;
  return true;
}

function scanTruth(bytes: Uint8Array, slot: number): boolean {
  const word = wordAt(bytes, cursor);
  if (word === TRUE) {
    truths |= 1 << slot;
    cursor += 4;
  } else if (bytes[cursor] === 0x66 && wordAt(bytes, cursor + 1) === ALSE) cursor += 5;
  else return scanNull(bytes);
  known |= 1 << slot;
  return true;
}

/** Null says that nothing is known, as a key that is not there. */
function scanNull(bytes: Uint8Array): boolean {
  if (wordAt(bytes, cursor) !== NULL) return false;
  cursor += 4;
  return true;
}

/** Printable ASCII without escapes. */
function scanBoot(bytes: Uint8Array): boolean {
  if (bytes[cursor] !== QUOTE) return scanNull(bytes);
  const start = cursor + 1;
  let end = start;
  let isSame = true;
  for (; ; end++) {
    const byte = bytes[end] as number;
    if (byte === QUOTE) break;
    if (!(byte >= SPACE && byte < DELETE) || byte === BACKSLASH || end - start >= BOOT_MAX) return false;
    isSame &&= byte === boot.charCodeAt(end - start);
  }
  if (!isSame || boot.length !== end - start)
    boot = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  known |= 1 << BOOT;
  cursor = end + 1;
  return true;
}

/** One or more spaces, as some write them after a colon or comma. */
function skipSpace(bytes: Uint8Array): void {
  while (bytes[cursor] === SPACE) cursor++;
}

const wordAt = (bytes: Uint8Array, i: number): number =>
  (bytes[i] as number) |
  ((bytes[i + 1] as number) << 8) |
  ((bytes[i + 2] as number) << 16) |
  ((bytes[i + 3] as number) << 24);

/** Whether every number is one that its column holds: what is not has a reason, which `decode` gives. */
function isPlausible(): boolean {
  const ms = Math.round(numbers[TS] as number);
  if (ms < 0 || ms >= LATEST_MS) return false;
  if (Math.abs(numbers[LAT] as number) > 90 || Math.abs(numbers[LNG] as number) > 180) return false;
  const seq = numbers[SEQ] as number;
  if ((known & (1 << SEQ)) !== 0 && !(Number.isInteger(seq) && seq >= 0)) return false;
  const satellites = numbers[SATELLITES] as number;
  if (
    (known & (1 << SATELLITES)) !== 0 &&
    !(Number.isInteger(satellites) && Math.abs(satellites) <= SATELLITES_MAX)
  )
    return false;
  const sent = numbers[SENT] as number;
  return (known & (1 << SENT)) === 0 || (sent >= 0 && sent < LATEST_MS);
}

const numberOf = (slot: number): number | undefined =>
  (known & (1 << slot)) === 0 ? undefined : (numbers[slot] as number);

const truthOf = (slot: number): boolean | undefined =>
  (known & (1 << slot)) === 0 ? undefined : (truths & (1 << slot)) !== 0;

function said(): Said {
  return {
    ts: numbers[TS] as number,
    lat: numbers[LAT] as number,
    lng: numbers[LNG] as number,
    seq: numberOf(SEQ),
    boot: (known & (1 << BOOT)) === 0 ? undefined : boot,
    speed: numberOf(SPEED),
    heading: numberOf(HEADING),
    accuracy: numberOf(ACCURACY),
    altitude: numberOf(ALTITUDE),
    satellites: numberOf(SATELLITES),
    ignition: truthOf(IGNITION),
    odometer: numberOf(ODOMETER),
    fuel: numberOf(FUEL),
    soc: numberOf(SOC),
    rpm: numberOf(RPM),
    door: truthOf(DOOR),
    belt: truthOf(BELT),
    sent: numberOf(SENT),
    buffered: truthOf(BUFFERED),
    events: undefined,
  };
}
