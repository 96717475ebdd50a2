// A kernel: where packets begin and end on a connection, without a list of buffers or an event.

/** A QoS 1 PUBLISH [MQTT-3.3] within `bytes`; the object is used again for the next. */
export type PublishFrame = {
  bytes: Uint8Array;
  topicStart: number;
  topicEnd: number;
  messageId: number;
  payloadStart: number;
  end: number;
};

export type FrameReader = {
  /** Takes a packet, or says no: then `pass` gets it. */
  readonly take: (frame: PublishFrame) => boolean;
  /** What is not taken: whole packets one by one, or the pieces of one that is too long to wait for. */
  readonly pass: (bytes: Buffer) => void;
  /** Whether to go on: after what was passed the connection may be closed. */
  readonly isOpen: () => boolean;
  /** A longer packet is passed on as it comes. */
  readonly packetBytes: number;
};

const PUBLISH_QOS_1 = 0x32;
/** Of the first byte of a PUBLISH: repeated, and to be retained [MQTT-3.3.1]. */
const DUP_OR_RETAIN = 0x09;
const LENGTH_BYTES_MAX = 4;

/**
 * Cuts what a connection brings into packets; call the result with each piece as it comes. The
 * beginning of a packet whose end is not there yet is kept, so memory is bounded by `packetBytes`.
 */
export function framing({ take, pass, isOpen, packetBytes }: FrameReader): (piece: Buffer) => void {
  let rest: Buffer | undefined;
  /** Bytes that belong to a packet of which some have been passed on. */
  let passing = 0;
  const frame: PublishFrame = {
    ...{ bytes: Buffer.alloc(0), topicStart: 0, topicEnd: 0, messageId: 0, payloadStart: 0, end: 0 },
  };
  return (piece) => {
    const bytes = rest === undefined ? piece : Buffer.concat([rest, piece]);
    rest = undefined;
    frame.bytes = bytes;
    let offset = Math.min(passing, bytes.length);
    if (offset > 0) pass(bytes.subarray(0, offset));
    passing -= offset;
    while (offset < bytes.length && isOpen()) {
      const body = bodyStart(bytes, offset);
      if (body === INCOMPLETE) break;
      if (body === MALFORMED) return pass(bytes.subarray(offset));
      const end = body + lengthBefore(bytes, offset, body);
      if (end > bytes.length) {
        if (end - offset <= packetBytes) break;
        pass(bytes.subarray(offset));
        passing = end - bytes.length;
        return;
      }
      if (!(isPublish(frame, offset, body, end) && take(frame))) pass(bytes.subarray(offset, end));
      offset = end;
    }
    // A copy: what is kept must not hold on to all that came with it.
    if (offset < bytes.length && isOpen()) rest = Buffer.from(bytes.subarray(offset));
  };
}

const INCOMPLETE = -1;
const MALFORMED = -2;

/** Where the body of a packet begins: behind its first byte and its length [MQTT-2.2.3]. */
function bodyStart(bytes: Uint8Array, start: number): number {
  for (let i = 1; i <= LENGTH_BYTES_MAX; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) return INCOMPLETE;
    if (byte < 0x80) return start + i + 1;
  }
  return MALFORMED;
}

/** Seven bits a byte, the lowest first. */
function lengthBefore(bytes: Uint8Array, start: number, body: number): number {
  let length = 0;
  for (let i = body - 1; i > start; i--) length = length * 128 + ((bytes[i] as number) & 0x7f);
  return length;
}

/** Fills `frame` when the packet is a PUBLISH of QoS 1 that is as long as it must be. */
function isPublish(frame: PublishFrame, start: number, body: number, end: number): boolean {
  const { bytes } = frame;
  if (((bytes[start] as number) & ~DUP_OR_RETAIN) !== PUBLISH_QOS_1 || end - body < 4) return false;
  const topicEnd = body + 2 + (((bytes[body] as number) << 8) | (bytes[body + 1] as number));
  if (topicEnd + 2 > end) return false;
  frame.topicStart = body + 2;
  frame.topicEnd = topicEnd;
  frame.messageId = ((bytes[topicEnd] as number) << 8) | (bytes[topicEnd + 1] as number);
  frame.payloadStart = topicEnd + 2;
  frame.end = end;
  // [MQTT-2.3.1-1]: zero is no identifier; what to do about it is for the ordinary way.
  return frame.messageId !== 0;
}
