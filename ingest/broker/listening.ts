import type { Aedes, Client, PublishPacket } from 'aedes';
import { deviceTopic, parseDeviceTopic, topicName } from '../../schemas/topics.ts';
import { maySubscribe } from '../access/access.ts';
import type { Identity } from '../access/credentials.ts';
import { type Dialect, ownDialect, ownTracksDialect, teltonikaJsonDialect } from '../down/dialects.ts';
import type { Downlink } from '../down/downlink.ts';
import type { Addressee, Outlet } from '../down/outlet.ts';
import type { Rebirths } from '../down/rebirths.ts';

export type ListeningOptions = {
  readonly aedes: Aedes;
  readonly downlink: Pick<Downlink, 'open'>;
  readonly rebirths: Pick<Rebirths, 'open'>;
  readonly fleetIdOf: (fleet: string) => number | undefined;
  readonly identityOf: (client: Client) => Identity | undefined;
};

/** A subscription as Aedes reports it: the filter that was asked for, and what was granted. */
type Subscription = { readonly topic: string; readonly qos: number };

const NOT_GRANTED = 128;

/**
 * Opens a way down for each subscription to commands or routes, and closes it with the subscription
 * or the connection. What goes down is written to that client alone, never published: so the broker
 * keeps no copy, and a topic that names no fleet, such as OwnTracks', reaches no other fleet.
 */
export function openListening(options: ListeningOptions): void {
  const { aedes, downlink, identityOf } = options;
  const open = new Map<Client, Map<string, () => void>>();
  const listen = (client: Client, subscriptions: readonly Subscription[]) => {
    const identity = identityOf(client);
    if (identity === undefined) return;
    for (const { topic, qos } of subscriptions) {
      if (qos === NOT_GRANTED) continue;
      const outlet = outletOf(client, identity, { topic, qos });
      const start = outlet ? () => downlink.open(outlet) : edgeNode(options, client, identity, topic);
      if (start === undefined) continue;
      const ofClient = open.get(client) ?? new Map<string, () => void>();
      open.set(client, ofClient);
      // Whoever subscribes again is told again, as with retained messages [MQTT-3.8.4-3].
      ofClient.get(topic)?.();
      ofClient.set(topic, start());
    }
  };
  const close = (client: Client) => {
    for (const end of open.get(client)?.values() ?? []) end();
    open.delete(client);
  };
  aedes.on('subscribe', (subscriptions, client) => listen(client, subscriptions));
  // A session that is resumed has its subscriptions without asking for them.
  aedes.on('clientReady', (client) => listen(client, resumed(client)));
  aedes.on('unsubscribe', (topics, client) => {
    for (const topic of topics) {
      open.get(client)?.get(topic)?.();
      open.get(client)?.delete(topic);
    }
  });
  aedes.on('clientDisconnect', close);
  aedes.on('clientError', close);
}

function resumed(client: Client): Subscription[] {
  const { subscriptions } = client as unknown as {
    readonly subscriptions: Readonly<Record<string, { readonly qos: number }>>;
  };
  return Object.entries(subscriptions).map(([topic, { qos }]) => ({ topic, qos }));
}

/** What a subscription leads to; undefined: nothing that goes down. */
function outletOf(client: Client, identity: Identity, { topic, qos }: Subscription): Outlet | undefined {
  if (identity.kind === 'service') return undefined;
  const foreign = foreignDialect(identity, topic);
  if (foreign !== undefined) {
    const { fleet, device } = foreign.to;
    return commandOutlet(client, { fleet, device, qos, dialect: foreign.dialect, topicOf: () => topic });
  }
  const [, fleet, , level, channel] = topic.split('/');
  if (!maySubscribe(identity, topic)) return undefined;
  const device = level === '+' ? undefined : level;
  if (channel === 'command') {
    const topicOf = (to: Addressee) => deviceTopic({ ...to, channel: 'command' });
    return commandOutlet(client, { fleet, device, qos, dialect: ownDialect, topicOf });
  }
  return {
    channel: 'route',
    fleet,
    device,
    send: async (to, route) => {
      if (route === undefined) return;
      const payload = Buffer.from(JSON.stringify(route));
      const topic = deviceTopic({ ...to, channel: 'route' });
      await write(client, { cmd: 'publish', dup: false, topic, payload, qos: atMost1(qos), retain: true });
    },
  };
}

function commandOutlet(
  client: Client,
  {
    fleet,
    device,
    qos,
    dialect,
    topicOf,
  }: {
    readonly fleet: string | undefined;
    readonly device: string | undefined;
    readonly qos: number;
    readonly dialect: Dialect;
    readonly topicOf: (to: Addressee) => string;
  },
): Outlet {
  return {
    channel: 'command',
    fleet,
    device,
    send: async (to, command) => {
      const said = dialect(command);
      if (said.kind === 'refused') return said;
      const payload = Buffer.from(said.text);
      const topic = topicOf(to);
      await write(client, { cmd: 'publish', dup: false, topic, payload, qos: atMost1(qos), retain: false });
      return { kind: 'sent' };
    },
  };
}

/** The topics on which devices of foreign formats listen for orders; only those that name themselves. */
const foreignTopics: readonly { readonly pattern: RegExp; readonly dialect: Dialect }[] = [
  { pattern: /^owntracks\/[^/+#]+\/([^/+#]+)\/cmd$/, dialect: ownTracksDialect },
  { pattern: /^(?:[^/+#]+\/[^/+#]+\/)?teltonika\/([^/+#]+)\/commands$/, dialect: teltonikaJsonDialect },
];

function foreignDialect(
  identity: Identity,
  topic: string,
): { readonly dialect: Dialect; readonly to: Addressee } | undefined {
  if (identity.kind !== 'device' || parseDeviceTopic(topic) !== undefined) return undefined;
  for (const { pattern, dialect } of foreignTopics) {
    const [, device = ''] = pattern.exec(topic) ?? [];
    if (device === identity.device && topicName.test(device)) {
      return { dialect, to: { fleet: identity.fleet, device } };
    }
  }
  return undefined;
}

const edgeFilter = /^spBv1\.0\/([^/+#]+)\/NCMD\/([^/+#]+)(?:\/[#+])?$/;

/** A way to ask an edge node of Sparkplug for its birth: it listens for commands to it. */
function edgeNode(
  { rebirths, fleetIdOf }: ListeningOptions,
  client: Client,
  identity: Identity,
  filter: string,
): (() => () => void) | undefined {
  const [, group, edge] = edgeFilter.exec(filter) ?? [];
  const fleetId = identity.kind === 'service' ? undefined : fleetIdOf(identity.fleet);
  if (group === undefined || edge === undefined || fleetId === undefined) return undefined;
  const topic = `spBv1.0/${group}/NCMD/${edge}`;
  const send = (bytes: Uint8Array) => {
    const payload = Buffer.from(bytes);
    write(client, { cmd: 'publish', dup: false, topic, payload, qos: 0, retain: false }).catch(() => {});
  };
  return () => rebirths.open({ fleetId, group, edge }, send);
}

const atMost1 = (qos: number): 0 | 1 => (qos >= 1 ? 1 : 0);

/** Aedes' own way to a client; see lib/client.js of the pinned version. */
type Deliver = (packet: object, done: (error?: Error | null) => void) => void;

/** A client that takes nothing for so long is cut off: whoever is behind it must not wait. */
const STUCK_MS = 10_000;

/**
 * Writes a message to one client. Aedes keeps a copy for a client that wants its session kept; but a
 * retained message it writes without one, and what we send is in the tables anyway.
 */
function write(client: Client, packet: PublishPacket): Promise<void> {
  const { deliverQoS, clean } = client as unknown as {
    readonly deliverQoS: Deliver;
    readonly clean: boolean;
  };
  const { conn } = client;
  if (client.closed) return Promise.reject(new Error('the device is gone'));
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => {
      clearTimeout(timer);
      conn.off('close', gone);
      if (error) reject(error);
      else resolve();
    };
    const gone = () => done(new Error('the device is gone'));
    const timer = setTimeout(() => conn.destroy(), STUCK_MS);
    conn.once('close', gone);
    // Without a broker's mark it is not taken for a copy of what the client had already.
    if (clean || packet.retain || packet.qos === 0) {
      deliverQoS.call(client, { ...packet, brokerId: null, brokerCounter: 0 }, done);
    } else {
      client.publish(packet, done);
    }
  });
}
