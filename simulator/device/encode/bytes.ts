/**
 * Text and numbers written straight into bytes, UTF-8: what JSON.stringify makes of them, without a
 * string for each. Every function returns where it ends; there must be room, see `NUMBER_BYTES`.
 */

/** No number takes more, nor true, false or null. */
export const NUMBER_BYTES = 25;

const [ZERO, MINUS, POINT, QUOTE, BACKSLASH] = [48, 45, 46, 34, 92];

/** From here on the runtime's own loop is faster than ours. */
const LONG = 96;

export function writeText(to: Buffer, at: number, text: string): number {
  const { length } = text;
  if (length > LONG) return at + to.write(text, at);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return at + to.write(text, at);
    to[at + i] = code;
  }
  return at + length;
}

/** Bytes that stand in every message, such as the name of a member. */
export function writeBytes(to: Buffer, at: number, bytes: Uint8Array): number {
  const { length } = bytes;
  for (let i = 0; i < length; i++) to[at + i] = bytes[i]!;
  return at + length;
}

/** In quotation marks; up to six bytes a character, and two. */
export function writeQuoted(to: Buffer, at: number, text: string): number {
  to[at] = QUOTE;
  let end = at + 1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH)
      return writeText(to, at, JSON.stringify(text));
    to[end++] = code;
  }
  to[end] = QUOTE;
  return end + 1;
}

/** Beyond this a whole number does not fit into 32 bits with a sign. */
const INT_MAX = 2_147_483_647;
const MILLION = 1_000_000;

/** Writes so many digits of a number below 2³¹, zeros in front. */
function digits(to: Buffer, at: number, value: number, count: number): number {
  let rest = value;
  for (let i = at + count - 1; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    to[i] = ZERO + rest - 10 * tenth;
    rest = tenth;
  }
  return at + count;
}

function digitCount(value: number): number {
  if (value < 1000) return value < 10 ? 1 : value < 100 ? 2 : 3;
  if (value < 1_000_000) return value < 10_000 ? 4 : value < 100_000 ? 5 : 6;
  return value < 10_000_000 ? 7 : value < 100_000_000 ? 8 : value < 1_000_000_000 ? 9 : 10;
}

/** Any number; fast for whole ones from 0 to those of milliseconds since the epoch. */
export function writeWhole(to: Buffer, at: number, value: number): number {
  if (value >= 0 && value <= INT_MAX && Math.floor(value) === value)
    return digits(to, at, value, digitCount(value));
  const millions = Math.floor(value / MILLION);
  const rest = value - millions * MILLION;
  if (!(millions > 0 && millions <= INT_MAX && Math.floor(rest) === rest))
    return writeText(to, at, JSON.stringify(value));
  return digits(to, digits(to, at, millions, digitCount(millions)), rest, 6);
}

/** Any number; fast for those of at most `places` (1–7) decimals that 31 bits hold without the point. */
export function writeDecimal(to: Buffer, from: number, value: number, places: number): number {
  const scale = scales[places]!;
  const scaled = Math.round(value * scale);
  const size = Math.abs(scaled);
  // Below a millionth JSON has an exponent.
  if (scaled / scale !== value || size > INT_MAX || (size < scale / MILLION && size !== 0))
    return writeText(to, from, JSON.stringify(value));
  let at = from;
  if (scaled < 0) to[at++] = MINUS;
  const whole = Math.floor(size / scale);
  at = digits(to, at, whole, digitCount(whole));
  let fraction = size - whole * scale;
  if (fraction === 0) return at;
  to[at++] = POINT;
  let count = places;
  for (let tenth = (fraction / 10) | 0; tenth * 10 === fraction; tenth = (fraction / 10) | 0) {
    fraction = tenth;
    count--;
  }
  return digits(to, at, fraction, count);
}

const scales = [1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7];
