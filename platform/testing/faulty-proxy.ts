import net from 'node:net';
import mqttPacket, { type IPublishPacket, type Packet } from 'mqtt-packet';
import { parseDeviceTopic } from '../../schemas/topics.ts';

/** What happens to a message of a device on its way to the broker. */
export type Defect = 'none' | 'swallow' | 'double' | 'hold';

/** One fix as the proxy saw it, named as the publisher's ledger names it. */
export type SeenFix = { readonly device: string; readonly key: string; readonly ms: number };

export type FaultyProxy = AsyncDisposable & {
  readonly port: number;
  /** Fixes of messages that it acknowledged itself and never passed on. */
  readonly swallowed: readonly SeenFix[];
  /** Fixes in the order in which they went to the broker, copies as often as they went. */
  readonly passedOn: readonly SeenFix[];
};

/** Messages of the same device that a held one lets go first. */
const HELD_BEHIND = 3;

/**
 * A TCP proxy that knows just enough of MQTT 3.1.1 to do wrong: swallow a PUBLISH and forge its
 * PUBACK, send one twice under another identifier, or hold one back behind newer ones. It keeps its
 * own record, which neither publisher nor platform has a hand in.
 */
export async function openFaultyProxy(brokerPort: number, choose: () => Defect): Promise<FaultyProxy> {
  const swallowed: SeenFix[] = [];
  const passedOn: SeenFix[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const broker = net.connect(brokerPort, '127.0.0.1');
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    client.on('close', () => broker.destroy());
    broker.on('close', () => client.destroy());
    passThrough({ client, broker, choose, swallowed, passedOn });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as net.AddressInfo).port,
    swallowed,
    passedOn,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

type Held = { readonly packet: IPublishPacket; readonly device: string; letGo: number };

function passThrough({
  client,
  broker,
  choose,
  swallowed,
  passedOn,
}: {
  readonly client: net.Socket;
  readonly broker: net.Socket;
  readonly choose: () => Defect;
  readonly swallowed: SeenFix[];
  readonly passedOn: SeenFix[];
}): void {
  /** Identifiers that await the broker's PUBACK; those of our own copies nobody else may hear of. */
  const waiting = new Set<number>();
  const ours = new Set<number>();
  let held: Held[] = [];
  let lastOurs = 65_535;
  const send = (packet: IPublishPacket): void => {
    waiting.add(packet.messageId ?? 0);
    passedOn.push(...fixesOf(packet));
    broker.write(mqttPacket.generate(packet));
  };
  const release = (isReady: (one: Held) => boolean): void => {
    const ready = held.filter(isReady);
    held = held.filter((one) => !isReady(one));
    for (const { packet } of ready) send(packet);
  };
  const onPublish = (packet: IPublishPacket): void => {
    const topic = parseDeviceTopic(packet.topic);
    const defect = topic?.channel === 'telemetry' && packet.qos === 1 ? choose() : 'none';
    const device = topic?.device ?? '';
    if (defect === 'swallow') {
      swallowed.push(...fixesOf(packet));
      client.write(mqttPacket.generate({ cmd: 'puback', messageId: packet.messageId ?? 0 }));
      return;
    }
    if (defect === 'hold') {
      held.push({ packet, device, letGo: HELD_BEHIND });
      return;
    }
    send(packet);
    if (defect === 'double') {
      // From the far end of the space, where the publisher's identifiers do not come to within a test.
      const messageId = lastOurs--;
      ours.add(messageId);
      send({ ...packet, messageId });
    }
    for (const one of held) if (one.device === device) one.letGo--;
    release(({ letGo }) => letGo <= 0);
  };
  const fromClient = mqttPacket.parser({ protocolVersion: 4 });
  fromClient.on('packet', (packet: Packet) => {
    if (packet.cmd === 'publish') onPublish(packet);
    else broker.write(mqttPacket.generate(packet));
  });
  client.on('data', (bytes) => void fromClient.parse(bytes));
  const fromBroker = mqttPacket.parser({ protocolVersion: 4 });
  fromBroker.on('packet', (packet: Packet) => {
    const id = packet.cmd === 'puback' ? (packet.messageId ?? 0) : -1;
    waiting.delete(id);
    if (!ours.delete(id)) client.write(mqttPacket.generate(packet));
    // The publisher may be waiting for nothing but what we hold.
    if (waiting.size === 0) release(() => true);
  });
  broker.on('data', (bytes) => void fromBroker.parse(bytes));
}

function fixesOf({ topic, payload }: IPublishPacket): SeenFix[] {
  const parsed = parseDeviceTopic(topic);
  if (parsed?.channel !== 'telemetry') return [];
  const message: unknown = JSON.parse(payload.toString());
  const fixes = (Array.isArray(message) ? message : [message]) as { ts: number; seq?: number | null }[];
  return fixes.map(({ ts, seq }) => ({ device: parsed.device, key: `${ts}:${seq ?? '-'}`, ms: ts }));
}
