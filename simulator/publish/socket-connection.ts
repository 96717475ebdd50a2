import { Fault } from '../../schemas/fault.ts';
import type { Connection, Settled } from './connection.ts';
import { openInFlight, PUBLICATION_IDS } from './in-flight.ts';
import { type MqttLink, openMqttLink } from './mqtt-link.ts';
import {
  connectPacket,
  type Publication,
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

type Subscription = {
  readonly topics: readonly string[];
  readonly heard: (topic: string, payload: string) => void;
  readonly answered: (codes: Buffer) => void;
};

/**
 * A connection with nothing in it but what a publisher needs, at a fraction of the processor time and
 * memory of a general MQTT client: ten thousand of them fit into one process, and the generator is not
 * what is measured. What is not acknowledged when the link is lost is sent again on the next.
 */
export async function openSocketConnection(options: SocketOptions): Promise<Connection> {
  const inFlight = openInFlight();
  const waiting: (readonly [Publication, Settled<Publication>])[] = [];
  const subscriptions: Subscription[] = [];
  /** Asks, and asks again when the link is lost before the answer came. */
  const subscribe = (index: number): void =>
    link?.write(subscribePacket(subscriptions[index]!.topics, PUBLICATION_IDS + 1 + index));
  const onUp = (): void => {
    for (const index of subscriptions.keys()) subscribe(index);
    inFlight.each((id, publication) => link?.publish(publication, id, true));
  };
  const onPacket: TakePacket = (first, bytes, from, until) => {
    const type = typeOf(first);
    if (type === packetTypes.puback) {
      inFlight.acknowledged((bytes[from]! << 8) | bytes[from + 1]!);
      if (waiting.length > 0 && !inFlight.isFull()) send(...waiting.shift()!);
      return;
    }
    const body = bytes.subarray(from, until);
    if (type === packetTypes.suback) {
      subscriptions[body.readUInt16BE(0) - PUBLICATION_IDS - 1]?.answered(body.subarray(2));
    } else if (type === packetTypes.publish) {
      const { topic, payload, id } = publishedIn(first, body);
      if (id !== undefined) link?.write(pubackPacket(id));
      for (const { heard } of subscriptions) heard(topic, payload);
    }
  };
  const send = <P extends Publication>(publication: P, settled: Settled<P>): void => {
    if (inFlight.isFull()) waiting.push([publication, settled as Settled<Publication>]);
    else link?.publish(publication, inFlight.put(publication, settled), false);
  };
  let link: MqttLink | undefined;
  link = await openMqttLink({ ...options, hello: connectPacket(options), onUp, onPacket });
  const opened = link;
  const closed = new Error('the connection is closed');
  let isClosed = false;
  return {
    publish: (publication, settled) => {
      if (isClosed) settled(publication, closed);
      else send(publication, settled);
    },
    subscribe: async (topics, heard) => {
      const codes = await new Promise<Buffer>((answered) => {
        subscribe(subscriptions.push({ topics, heard, answered }) - 1);
      });
      const refused = topics.filter((_, i) => (codes[i] ?? 0x80) > 2);
      if (refused.length > 0) throw new Fault('broker/refused', `no right to hear ${refused.join(', ')}`);
    },
    reconnections: opened.reconnections,
    close: async (patienceMs) => {
      const until = Date.now() + patienceMs;
      while (inFlight.size() > 0 && Date.now() < until) await new Promise((done) => setTimeout(done, 20));
      isClosed = true;
      opened.close();
      inFlight.fail(closed);
      for (const [publication, settled] of waiting) settled(publication, closed);
    },
  };
}
