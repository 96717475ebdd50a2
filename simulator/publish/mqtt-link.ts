import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Fault } from '../../schemas/fault.ts';
import { disconnectPacket, openPacketReader, type Packet, packetTypes, pingPacket } from './mqtt-packets.ts';

/** A session with a broker that comes back by itself when it is lost. */
export type MqttLink = {
  readonly isUp: () => boolean;
  /** Sends with all else of this turn of the event loop; nothing while the link is down. */
  readonly write: (packet: Buffer) => void;
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
  readonly onPacket: (packet: Packet) => void;
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
  let pending: Buffer[] = [];
  let retry: NodeJS.Timeout | undefined;
  let last = 'no answer';
  const flush = (): void => {
    const packets = pending;
    pending = [];
    if (isUp && packets.length > 0)
      socket?.write(packets.length === 1 ? packets[0]! : Buffer.concat(packets));
  };
  const write = (packet: Buffer): void => {
    if (!isUp) return;
    if (pending.length === 0) setImmediate(flush);
    pending.push(packet);
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
      openPacketReader((packet) => {
        if (packet.type === packetTypes.connack) begin(opened, packet.body[1] ?? 0);
        else if (packet.type === packetTypes.pingresp) isAnswered = true;
        else input.onPacket(packet);
      }),
    );
    opened.once('close', () => {
      isUp = false;
      pending = [];
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
    flush();
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
  return { isUp: () => isUp, write, reconnections: () => ups - 1, close };
}

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
