import { Fault } from '../../schemas/fault.ts';
import type { Connection } from './connection.ts';
import { openMqttLink } from './mqtt-link.ts';
import {
  connectPacket,
  type Packet,
  packetTypes,
  pubackPacket,
  publishedIn,
  publishPacket,
  subscribePacket,
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
  readonly done: () => void;
  readonly failed: (error: Error) => void;
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
    for (const [id, { topic, payload }] of inFlight) link?.write(publishPacket(topic, payload, id, true));
  };
  const onPacket = ({ first, type, body }: Packet): void => {
    if (type === packetTypes.puback) acknowledged(body.readUInt16BE(0));
    else if (type === packetTypes.suback) {
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
    link?.write(publishPacket(sending.topic, sending.payload, id, false));
  };
  const acknowledged = (id: number): void => {
    const sending = inFlight.get(id);
    inFlight.delete(id);
    sending?.done();
    const next = waiting.shift();
    if (next !== undefined) send(next);
  };
  let link: Awaited<ReturnType<typeof openMqttLink>> | undefined;
  link = await openMqttLink({ ...options, hello: connectPacket(options), onUp, onPacket });
  const opened = link;
  let isClosed = false;
  return {
    publish: (topic, payload) =>
      new Promise((done, failed) => {
        if (isClosed) failed(new Error('the connection is closed'));
        else send({ topic, payload, done, failed });
      }),
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
      for (const { failed } of [...inFlight.values(), ...waiting])
        failed(new Error('the connection is closed'));
    },
  };
}
