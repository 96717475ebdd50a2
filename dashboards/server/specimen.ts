/** How a payload is written where a person pastes it. */
export type Encoding = 'auto' | 'text' | 'hex' | 'base64';

const BYTES_MAX = 64 * 1024;
const SHOWN_BYTES = 2_048;

/** The bytes of a pasted payload; a sentence when it is not what it is said to be. */
export function bytesOf(text: string, encoding: Encoding): Uint8Array | string {
  const bare = text.replaceAll(/\s+/g, '');
  const as = encoding === 'auto' ? guess(bare) : encoding;
  if (as === 'hex' && !/^(?:0x)?(?:[0-9a-f]{2})*$/i.test(bare)) {
    return 'That is no hexadecimal: only the digits 0-9 and a-f, two a byte.';
  }
  if (as === 'base64' && !/^[A-Za-z0-9+/_-]*={0,2}$/.test(bare)) {
    return 'That is no base64: only letters, digits, + and /.';
  }
  const bytes =
    as === 'hex'
      ? Buffer.from(bare.replace(/^0x/i, ''), 'hex')
      : as === 'base64'
        ? Buffer.from(bare, 'base64')
        : Buffer.from(text.trim(), 'utf8');
  return bytes.length > BYTES_MAX
    ? `That is ${bytes.length} bytes; the doctor takes up to ${BYTES_MAX}.`
    : bytes;
}

/** Frames of binary trackers begin with four zero bytes; anything else is taken for text. */
const guess = (bare: string): Encoding => (/^(?:0x)?0{8}(?:[0-9a-f]{2})+$/i.test(bare) ? 'hex' : 'text');

/** A payload as a page can show it: text where it is text, else hexadecimal. */
export function shownText(payload: Uint8Array): {
  readonly payload: string;
  readonly encoding: 'text' | 'hex';
} {
  const part = Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.length, SHOWN_BYTES));
  const text = part.toString('utf8');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what makes it no text
  const isText = !/[\u0000-\u0008\u000e-\u001f\ufffd]/.test(text);
  return isText ? { payload: text, encoding: 'text' } : { payload: part.toString('hex'), encoding: 'hex' };
}
