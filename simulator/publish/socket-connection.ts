import { Fault } from '../../schemas/fault.ts';
import type { Connection, Settled } from './connection.ts';
import { openMqttLink } from './mqtt-link.ts';
import {
  connectPacket,
  packetTypes,
  pubackPacket,
  publishedIn,
  subscribePacket,
  type TakePacket,
  typeOf,
} from './mqtt-packets.ts';

export type SocketOptions = {
  /** mqtt, mqtts, tcp or ssl, without user and password. */
  readonly url: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly clientId: string;
  readonly signal: AbortSignal;
  readonly patienceMs: number;
};

type Sending = {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly settled: Settled;
};

type Subscription = {
  readonly topics: readonly string[];
  readonly heard: (topic: string, payload: string) => void;
};

/** Packet identifiers (MQTT 3.1.1 §2.3.1). */
const IDS = 65_535;

/**
 * A connection with nothing in it but what a publisher needs, at a fraction of the processor time and
 * memory of a general MQTT client: ten thousand of them fit into one process, and the generator is not
 * what is measured. What is not acknowledged when the link is lost is sent again on the next.
 */
export async function openSocketConnection(options: SocketOptions): Promise<Connection> {
  /** By packet identifier, in the order sent. */
  const inFlight = new Map<number, Sending>();
  const waiting: Sending[] = [];
  const subscriptions: Subscription[] = [];
  const answers = new Map<number, (codes: Buffer) => void>();
  let lastId = 0;
  const nextId = (): number => {
    do lastId = (lastId % IDS) + 1;
    while (inFlight.has(lastId) || answers.has(lastId));
    return lastId;
  };
  const onUp = (): void => {
    for (const { topics } of subscriptions) link?.write(subscribePacket(topics, nextId()));
    for (const [id, sending] of inFlight) link?.publish(sending, id, true);
  };
  const onPacket: TakePacket = (first, bytes, from, until) => {
    const type = typeOf(first);
    if (type === packetTypes.puback) {
      acknowledged((bytes[from]! << 8) | bytes[from + 1]!);
      return;
    }
    const body = bytes.subarray(from, until);
    if (type === packetTypes.suback) {
      const id = body.readUInt16BE(0);
      answers.get(id)?.(body.subarray(2));
      answers.delete(id);
    } else if (type === packetTypes.publish) {
      const { topic, payload, id } = publishedIn(first, body);
      if (id !== undefined) link?.write(pubackPacket(id));
      for (const { heard } of subscriptions) heard(topic, payload);
    }
  };
  const send = (sending: Sending): void => {
    if (inFlight.size + answers.size >= IDS - 1) {
      waiting.push(sending);
      return;
    }
    const id = nextId();
    inFlight.set(id, sending);
    link?.publish(sending, id, false);
  };
  const acknowledged = (id: number): void => {
    const sending = inFlight.get(id);
    inFlight.delete(id);
    sending?.settled();
    if (waiting.length > 0) send(waiting.shift()!);
  };
  let link: Awaited<ReturnType<typeof openMqttLink>> | undefined;
  link = await openMqttLink({ ...options, hello: connectPacket(options), onUp, onPacket });
  const opened = link;
  let isClosed = false;
  return {
    publish: (topic, payload, settled) => {
      if (isClosed) settled(new Error('the connection is closed'));
      else send({ topic, payload, settled });
    },
    subscribe: async (topics, heard) => {
      subscriptions.push({ topics, heard });
      const id = nextId();
      const answer = new Promise<Buffer>((resolve) => answers.set(id, resolve));
      opened.write(subscribePacket(topics, id));
      const codes = await answer;
      const refused = topics.filter((_, i) => (codes[i] ?? 0x80) > 2);
      if (refused.length > 0) throw new Fault('broker/refused', `no right to hear ${refused.join(', ')}`);
    },
    reconnections: opened.reconnections,
    close: async (patienceMs) => {
      const until = Date.now() + patienceMs;
      while (inFlight.size > 0 && Date.now() < until) await new Promise((done) => setTimeout(done, 20));
      isClosed = true;
      opened.close();
      for (const { settled } of [...inFlight.values(), ...waiting])
        settled(new Error('the connection is closed'));
    },
  };
}
