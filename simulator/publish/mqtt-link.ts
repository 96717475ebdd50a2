import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Fault } from '../../schemas/fault.ts';
import {
  disconnectPacket,
  openPacketReader,
  type Publication,
  packetTypes,
  pingPacket,
  publishBytes,
  type TakePacket,
  typeOf,
  writePublish,
} from './mqtt-packets.ts';

/** A session with a broker that comes back by itself when it is lost. */
export type MqttLink = {
  readonly isUp: () => boolean;
  /** Sends with all else of this turn of the event loop; nothing while the link is down. */
  readonly write: (packet: Buffer) => void;
  /** Likewise, a PUBLISH put straight to where the rest of this turn is. */
  readonly publish: (publication: Publication, id: number, isRepeated: boolean) => void;
  /** How often it was lost and is there again. */
  readonly reconnections: () => number;
  readonly close: () => void;
};

export type MqttLinkInput = {
  /** mqtt, mqtts, tcp or ssl. */
  readonly url: string;
  readonly hello: Buffer;
  /** The session has begun, for the first time or anew. */
  readonly onUp: () => void;
  readonly onPacket: TakePacket;
  readonly signal: AbortSignal;
  readonly patienceMs: number;
};

const RECONNECT_MS = 500;
const CONNECT_MS = 10_000;
const PING_MS = 15_000;
const LAST_WORDS_MS = 200;

/** Refused for good: protocol, identifier, credentials, rights (MQTT 3.1.1 §3.2.2.3). */
const refusals: Readonly<Record<number, string>> = {
  1: 'it does not speak MQTT 3.1.1',
  2: 'the client identifier is not allowed',
  4: 'bad user name or password',
  5: 'not authorised',
};

/** Resolves when the session has begun, or says in a sentence why it does not. */
export async function openMqttLink(input: MqttLinkInput): Promise<MqttLink> {
  let began = (): void => {};
  let failed = (_fault: Fault): void => {};
  const first = new Promise<void>((resolve, reject) => {
    began = resolve;
    failed = reject;
  });
  const { url, hello, signal, patienceMs } = input;
  let socket: Socket | undefined;
  let [isUp, isClosed, isAnswered] = [false, false, true];
  let ups = 0;
  const pending = openPending((bytes) => {
    if (isUp) socket?.write(bytes);
  });
  let retry: NodeJS.Timeout | undefined;
  let last = 'no answer';
  const write = (packet: Buffer): void => {
    if (!isUp) return;
    const { buffer, at } = pending.room(packet.length);
    pending.wrote(at + packet.copy(buffer, at));
  };
  const publish = (publication: Publication, id: number, isRepeated: boolean): void => {
    if (!isUp) return;
    const { buffer, at } = pending.room(publishBytes(publication));
    pending.wrote(writePublish(buffer, at, publication, id, isRepeated));
  };
  const begin = (opened: Socket, code: number): void => {
    if (code !== 0) {
      last = refusals[code] ?? `CONNACK ${code}`;
      opened.destroy();
      if (code in refusals && ups === 0)
        failed(new Fault('broker/refused', `the broker ${url} refused us: ${last}`));
      return;
    }
    [isUp, isAnswered] = [true, true];
    ups++;
    input.onUp();
    began();
  };
  const open = (): void => {
    const opened = socketTo(url, () => opened.write(hello));
    socket = opened;
    opened.setTimeout(CONNECT_MS, () => !isUp && opened.destroy());
    opened.on('error', (error: NodeJS.ErrnoException) => {
      last = error.message || (error.code ?? 'connection failed');
    });
    opened.on(
      'data',
      openPacketReader((first, bytes, from, until) => {
        if (typeOf(first) === packetTypes.connack) begin(opened, bytes[from + 1] ?? 0);
        else if (typeOf(first) === packetTypes.pingresp) isAnswered = true;
        else input.onPacket(first, bytes, from, until);
      }),
    );
    opened.once('close', () => {
      isUp = false;
      pending.clear();
      if (!isClosed) retry = setTimeout(open, RECONNECT_MS);
    });
  };
  const ping = setInterval(() => {
    if (!isUp) return;
    if (!isAnswered) socket?.destroy();
    isAnswered = false;
    write(pingPacket);
  }, PING_MS);
  const close = (): void => {
    isClosed = true;
    clearInterval(ping);
    clearTimeout(retry);
    pending.flush();
    if (isUp) socket?.end(disconnectPacket);
    setTimeout(() => socket?.destroy(), LAST_WORDS_MS);
  };
  const unreachable = (why: string) => () =>
    failed(new Fault('broker/unreachable', `${why}${where(url, last)}`));
  const patience = setTimeout(() => unreachable('no MQTT broker answers')(), patienceMs);
  const onAbort = unreachable('stopped while connecting');
  signal.addEventListener('abort', onAbort, { once: true });
  open();
  try {
    if (signal.aborted) onAbort();
    await first;
  } catch (thrown) {
    close();
    throw thrown;
  } finally {
    clearTimeout(patience);
    signal.removeEventListener('abort', onAbort);
  }
  return { isUp: () => isUp, write, publish, reconnections: () => ups - 1, close };
}

/** More than this is on its way without waiting for the turn to end. */
const FLUSH_BYTES = 65_536;

/** What is to be sent with this turn of the event loop, in one piece of memory that grows. */
function openPending(send: (bytes: Buffer) => void) {
  let [buffer, at, usual, isScheduled] = [nothing, 0, 0, false];
  const flush = (): void => {
    isScheduled = false;
    if (at === 0) return;
    // The socket keeps it until it is sent; the next turn begins a new one, as large as is usual.
    const bytes = buffer.subarray(0, at);
    [usual, buffer, at] = [at, nothing, 0];
    send(bytes);
  };
  return {
    flush,
    clear: (): void => {
      [buffer, at] = [nothing, 0];
    },
    /** Where so many bytes may be written. */
    room: (bytes: number) => {
      if (at + bytes > FLUSH_BYTES && at > 0) flush();
      if (at + bytes > buffer.length) {
        const grown = Buffer.allocUnsafe(
          Math.max(at + bytes, 2 * buffer.length, Math.min(usual + bytes, FLUSH_BYTES)),
        );
        buffer.copy(grown, 0, 0, at);
        buffer = grown;
      }
      return { buffer, at };
    },
    wrote: (until: number): void => {
      at = until;
      if (isScheduled) return;
      isScheduled = true;
      setImmediate(flush);
    },
  };
}

const nothing = Buffer.alloc(0);

const where = (url: string, last: string): string => ` at ${url} (${last})`;

function socketTo(url: string, connected: () => void): Socket {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const isTls = protocol === 'mqtts:' || protocol === 'ssl:';
  const address = { host, port: Number(port) || (isTls ? 8883 : 1883) };
  const socket = isTls
    ? connectTls({ ...address, servername: host }, connected)
    : connectTcp(address, connected);
  return socket.setNoDelay(true);
}
