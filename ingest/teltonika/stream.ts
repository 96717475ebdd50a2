import { imeiOf } from '../formats/teltonika-codec.ts';

/** What the bytes of one connection turn out to be. */
export type Piece =
  | { readonly kind: 'login'; readonly imei: string; readonly bytes: Uint8Array }
  /** A whole frame by its length, whatever is in it. */
  | { readonly kind: 'frame'; readonly bytes: Uint8Array }
  /** Nothing that can follow here: there is no way to find the next frame, so the connection has to end. */
  | { readonly kind: 'garbage'; readonly bytes: Uint8Array; readonly detail: string };

/** What was received and is not whole yet; at most one frame. */
export type StreamState = { readonly isLoggedIn: boolean; readonly rest: Uint8Array };

export const newStream: StreamState = { isLoggedIn: false, rest: new Uint8Array(0) };

const HEADER = 8;
const CRC = 4;
const KEEP_ALIVE = 0xff;
const LOGIN_BYTES_MAX = 2 + 16;
/** A frame of 255 records, the most that it can hold, has 250 bytes for each; devices send 1,280 bytes at most. */
export const FRAME_BYTES_MAX = 64 * 1024;
const KEPT_OF_GARBAGE = 256;

/**
 * Cuts what TCP delivers, in whatever segments, into a log-in and frames. Bytes of 0xFF between
 * frames keep the connection alive and mean nothing.
 */
export function cut(
  state: StreamState,
  segment: Uint8Array,
): { readonly state: StreamState; readonly pieces: readonly Piece[] } {
  const bytes = state.rest.length === 0 ? segment : Buffer.concat([state.rest, segment]);
  const pieces: Piece[] = [];
  let { isLoggedIn } = state;
  let at = 0;
  const end = (detail: string) => {
    const kept = bytes.slice(at, at + KEPT_OF_GARBAGE);
    pieces.push({ kind: 'garbage', bytes: kept, detail });
    return { state: { isLoggedIn, rest: newStream.rest }, pieces };
  };
  for (;;) {
    while (bytes[at] === KEEP_ALIVE) at++;
    const left = bytes.length - at;
    if (left === 0) break;
    if (!isLoggedIn) {
      const length = left < 2 ? undefined : 2 + (bytes[at]! << 8) + bytes[at + 1]!;
      if (length !== undefined && length > LOGIN_BYTES_MAX) return end('it does not begin with an IMEI');
      if (length === undefined || left < length) break;
      const login = bytes.slice(at, at + length);
      const imei = imeiOf(login);
      if (imei === undefined) return end('it does not begin with an IMEI');
      pieces.push({ kind: 'login', imei, bytes: login });
      isLoggedIn = true;
      at += length;
      continue;
    }
    for (let i = 0; i < Math.min(4, left); i++) {
      if (bytes[at + i] !== 0) return end('no preamble of four zero bytes where a frame should begin');
    }
    if (left < HEADER) break;
    const size = HEADER + uint32(bytes, at + 4) + CRC;
    if (size > FRAME_BYTES_MAX) return end(`a frame of ${size} bytes, the limit is ${FRAME_BYTES_MAX}`);
    if (left < size) break;
    pieces.push({ kind: 'frame', bytes: bytes.slice(at, at + size) });
    at += size;
  }
  // A copy: the rest must not hold the whole segment in memory.
  return { state: { isLoggedIn, rest: bytes.slice(at) }, pieces };
}

const uint32 = (bytes: Uint8Array, at: number): number =>
  bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
