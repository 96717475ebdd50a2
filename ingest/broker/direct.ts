import type { Client } from 'aedes';
import { assert } from '../../schemas/fault.ts';
import type { Fix } from '../../schemas/fix.ts';
import type { Directory } from '../access/directory.ts';
import type { IngestLimits } from '../config.ts';
import type { Origin } from '../decode/decoded.ts';
import { scanFixes } from '../decode/scan-own-message.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import type { Address, Delivery } from './delivery.ts';
import { framing, type PublishFrame } from './frames.ts';

/** What `readDirectly` needs of a connection and of the world. */
export type Direct = {
  readonly client: Client;
  readonly limits: IngestLimits;
  readonly directory: Pick<Directory, 'device' | 'version'>;
  /** Undefined until it has logged in, and while anybody listens to data: then all goes the ordinary way. */
  readonly session: () => DirectSession | undefined;
  readonly now: () => number;
  readonly push: (delivery: Delivery) => void;
};

export type DirectSession = {
  /** Data in our own format, if the topic is that and the session may publish it. */
  readonly addressOf: (topic: string) => Address | undefined;
  readonly acknowledgements: Acknowledgements;
};

/** Of Aedes' client and its parser, what we stand in for; lib/client.js of the pinned version. */
type Inner = {
  readonly connackSent: boolean;
  readonly closed: boolean;
  readonly _parser: { parse: (bytes: Buffer) => void; readonly _queue: unknown };
  /** How many packets of the last read are not answered; at none it reads on. */
  _parsingBatch: number;
  readonly _nextBatch: () => void;
  readonly _keepaliveInterval: number;
  readonly _keepaliveTimer: { readonly refresh: () => void } | null;
};

/** A topic that came before: whose it is, as far as the directory of that version knows. */
type KnownTopic = {
  readonly topic: string;
  readonly address: Address | undefined;
  origin: Origin | undefined;
  version: number;
  boot: string;
};

const TOPICS_MAX = 4_096;

/**
 * The short way for what devices send all day: own messages on their telemetry topics, QoS 1, of
 * devices that are known. They are read straight from the bytes of the connection, and all of one read
 * become one delivery. Whatever else there is, and every message that is unusual in any way, goes to
 * Aedes as before, in its place: this decides nothing but that a message is an ordinary one.
 *
 * Back-pressure is Aedes' own: messages taken here count as packets of its last read until answered.
 */
export function readDirectly(direct: Direct): void {
  const { client, limits } = direct;
  const inner = client as unknown as Inner;
  assert(typeof inner._nextBatch === 'function', 'this version of Aedes reads packets some other way');
  const parse = inner._parser.parse.bind(inner._parser);
  const topics = new Topics(direct);
  let reading: Reading | undefined;
  const flush = () => {
    if (reading !== undefined && reading.messageIds.length > 0) direct.push(deliveryOf(reading, inner));
    reading = undefined;
  };
  const read = framing({
    packetBytes: limits.messageBytes,
    isOpen: () => !inner.closed,
    take: (frame) => {
      if (reading === undefined) {
        const session = inner.connackSent && inner._parser._queue === null ? direct.session() : undefined;
        if (session === undefined) return false;
        reading = { ...emptyReading(session), received: Math.round(direct.now() * 1000) / 1000 };
      }
      return takeInto(reading, frame, topics, limits);
    },
    pass: (bytes) => {
      flush();
      parse(bytes);
    },
  });
  inner._parser.parse = (bytes) => {
    read(bytes);
    flush();
    if (inner._keepaliveInterval > 0) inner._keepaliveTimer?.refresh();
  };
}

/** Messages of one read, until something else comes between them. */
type Reading = {
  readonly session: DirectSession;
  readonly received: number;
  readonly fixes: Fix[];
  /** Of each fix. */
  readonly topics: string[];
  readonly messageIds: number[];
  bytes: number;
};

const emptyReading = (session: DirectSession): Omit<Reading, 'received'> => ({
  ...{ session, fixes: [], topics: [], messageIds: [], bytes: 0 },
});

function takeInto(reading: Reading, frame: PublishFrame, topics: Topics, limits: IngestLimits): boolean {
  const known = topics.find(frame, reading.session);
  if (known?.origin === undefined) return false;
  const { fixes, received } = reading;
  const { bytes, payloadStart: start, end } = frame;
  const making = { origin: known.origin, received, lastBoot: known.boot };
  if (!scanFixes({ bytes, start, end }, fixes, making, limits)) return false;
  known.boot = fixes.at(-1)?.boot ?? known.boot;
  while (reading.topics.length < fixes.length) reading.topics.push(known.topic);
  reading.messageIds.push(frame.messageId);
  reading.bytes += end - start;
  return true;
}

function deliveryOf(
  { session, received, fixes, topics, messageIds, bytes }: Reading,
  inner: Inner,
): Delivery {
  const count = messageIds.length;
  inner._parsingBatch += count;
  const readOn = () => {
    inner._parsingBatch -= count - 1;
    inner._nextBatch();
  };
  return {
    ...{ topic: topics[0] ?? '', topics, messages: count, received, bytes, fixes },
    ...{ fleetId: fixes[0]?.fleetId, deviceId: undefined, knock: undefined, reports: [], rejections: [] },
    acknowledge: () => session.acknowledgements.send(messageIds, readOn),
  };
}

/** The topics of one connection by their bytes: a gateway has thousands, and no text is made of any twice. */
class Topics {
  readonly #direct: Direct;
  readonly #byHash = new Map<number, KnownTopic>();

  constructor(direct: Direct) {
    this.#direct = direct;
  }

  find({ bytes, topicStart, topicEnd }: PublishFrame, session: DirectSession): KnownTopic | undefined {
    // 32-bit FNV-1a, as `hash32` has it for text.
    let hash = 0x811c9dc5;
    for (let i = topicStart; i < topicEnd; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
    let known = this.#byHash.get(hash);
    if (known === undefined || !isText(known.topic, bytes, topicStart, topicEnd)) {
      const topic = Buffer.from(
        bytes.buffer,
        bytes.byteOffset + topicStart,
        topicEnd - topicStart,
      ).toString();
      known = { topic, address: session.addressOf(topic), origin: undefined, version: -1, boot: '' };
      // Of what is not for us nothing is remembered: strangers could say it without end.
      if (known.address === undefined) return undefined;
      if (this.#byHash.size >= TOPICS_MAX) this.#byHash.clear();
      this.#byHash.set(hash, known);
    }
    const { directory } = this.#direct;
    if (known.version !== directory.version) {
      known.version = directory.version;
      known.origin = known.address && originOf(directory, known.address);
    }
    return known;
  }
}

/** Of a device that always spoke for one vehicle, in our own format. */
function originOf(directory: Pick<Directory, 'device'>, address: Address): Origin | undefined {
  const device = directory.device(address.fleet, address.device);
  if (device?.vehicleId === undefined) return undefined;
  if (device.assignments !== undefined || device.profile !== undefined) return undefined;
  return { fleetId: device.fleetId, vehicleId: device.vehicleId, deviceId: device.deviceId };
}

function isText(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = start; i < end; i++) if (bytes[i] !== text.charCodeAt(i - start)) return false;
  return true;
}
