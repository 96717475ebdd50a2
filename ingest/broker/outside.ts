import { setTimeout as wait } from 'node:timers/promises';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { asError, Fault } from '../../schemas/fault.ts';
import type { Log } from '../../schemas/program.ts';
import { deviceTopic, parseGatewayTopic } from '../../schemas/topics.ts';
import type { IngestLimits, OutsideBroker } from '../config.ts';
import { ownDialect } from '../down/dialects.ts';
import type { Downlink } from '../down/downlink.ts';
import type { Rebirths } from '../down/rebirths.ts';
import type { FormatRegistry } from '../formats/registry.ts';
import { deferPubacks } from './deferred-puback.ts';
import { type Address, addressOf, type Message } from './delivery.ts';

export type OutsideOptions = {
  readonly where: OutsideBroker;
  /** Client id: names the session in which the broker keeps what we have not acknowledged. */
  readonly name: string;
  readonly limits: IngestLimits;
  readonly log: Log;
  /** The wall clock, an instant. */
  readonly now: () => number;
  readonly receive: (message: Message) => void;
  readonly fullness: () => number;
  readonly formats: FormatRegistry;
  /** The fleet of the devices on customary topics of foreign formats; none: those are not heard. */
  readonly fleet?: string | undefined;
  /** What goes down to devices, through that broker. */
  readonly downlink: Pick<Downlink, 'open'>;
  readonly rebirths: Pick<Rebirths, 'open'>;
};

const filters = [
  ...['fleet/+/device/+/telemetry', 'fleet/+/device/+/stops', 'fleet/+/device/+/answers'],
  'fleet/+/gateway/+/telemetry',
];
/** What the broker may send before we acknowledge (MQTT 5; with 3.1.1 it is the broker's setting). */
const IN_FLIGHT_MAX = 5_000;
/** How long the broker keeps our session while we are away, seconds. */
const SESSION_SECONDS = 7 * 86_400;
const CONNECT_MS = 10_000;
const ROOM_MS = 20;

/**
 * A client of somebody else's broker. That broker acknowledges the devices; from there on nothing is
 * lost: it keeps each message until we acknowledge it, which is after its commit.
 */
export async function openOutside(options: OutsideOptions): Promise<AsyncDisposable> {
  const client = await connectAny(options);
  const { log, where } = options;
  client.options.reconnectOnConnackError = true;
  client.on('close', () => log.warn({ url: where.url }, 'connection to the broker lost'));
  client.on('connect', () => log.info({ url: where.url }, 'connected to the broker again'));
  client.on('error', (error) => log.warn({ reason: error.message }, 'the broker reports an error'));
  await subscribe(client, options);
  let close = openDown(client, options);
  client.on('connect', () => {
    // What it retained it may have lost.
    close();
    close = openDown(client, options);
  });
  return {
    [Symbol.asyncDispose]: () => {
      close();
      return client.endAsync();
    },
  };
}

/** Routes are retained by that broker, so whoever subscribes gets the newest; commands are not. */
function openDown(client: MqttClient, { downlink, rebirths }: OutsideOptions): () => void {
  const everyone = { fleet: undefined, device: undefined };
  const closeRoutes = downlink.open({
    ...everyone,
    channel: 'route',
    send: async (to, route) => {
      const payload = route === undefined ? '' : JSON.stringify(route);
      await client.publishAsync(deviceTopic({ ...to, channel: 'route' }), payload, { qos: 1, retain: true });
    },
  });
  const closeCommands = downlink.open({
    ...everyone,
    channel: 'command',
    send: async (to, command) => {
      const said = ownDialect(command);
      if (said.kind === 'refused') return said;
      await client.publishAsync(deviceTopic({ ...to, channel: 'command' }), said.text, { qos: 1 });
      return { kind: 'sent' };
    },
  });
  const closeRebirths = rebirths.open('*', (payload, { group, edge }) => {
    client.publish(`spBv1.0/${group}/NCMD/${edge}`, Buffer.from(payload));
  });
  return () => {
    closeRoutes();
    closeCommands();
    closeRebirths();
  };
}

/** Speaks MQTT 5, and 3.1.1 to a broker that does not. */
async function connectAny(options: OutsideOptions): Promise<MqttClient> {
  const { protocolVersion } = options.where;
  try {
    return await connect(options, protocolVersion ?? 5);
  } catch (error) {
    const isOld = asError(error).cause instanceof UnknownProtocol;
    if (!isOld || protocolVersion !== undefined) throw error;
    return await connect(options, 4);
  }
}

async function connect(options: OutsideOptions, protocolVersion: 4 | 5): Promise<MqttClient> {
  const { url } = options.where;
  const client = mqtt.connect(url, settingsOf(options, protocolVersion));
  // Before it connects: a session that is resumed brings messages with the very first packets.
  listen(client, options);
  try {
    await firstConnection(client);
    return client;
  } catch (thrown) {
    const cause = asError(thrown);
    client.on('error', () => {});
    client.end(true);
    throw faultOf(url, cause);
  }
}

function settingsOf({ where, name, limits }: OutsideOptions, protocolVersion: 4 | 5): IClientOptions {
  return {
    manualConnect: true,
    protocolVersion,
    clientId: name,
    clean: false,
    reconnectPeriod: 1_000,
    connectTimeout: CONNECT_MS,
    ...(where.username === undefined ? {} : { username: where.username }),
    ...(where.password === undefined ? {} : { password: where.password }),
    ...(protocolVersion === 5 && {
      properties: {
        sessionExpiryInterval: SESSION_SECONDS,
        receiveMaximum: IN_FLIGHT_MAX,
        maximumPacketSize: 4 * limits.messageBytes,
      },
    }),
  };
}

function listen(client: MqttClient, options: OutsideOptions): void {
  const { where, now, receive, fullness } = options;
  const acknowledgeLater = deferPubacks(client);
  client.on('message', (topic, payload, packet) => {
    // What an ended connection left behind comes again on the next.
    if (!client.connected) return;
    const gathered = parseGatewayTopic(topic);
    receive({
      topic,
      fleet: gathered?.fleet,
      isGathered: gathered !== undefined,
      address: placeOf(topic, options),
      payload,
      received: Math.round(now() * 1000) / 1000,
      mayRegister: where.mayRegister ?? true,
      acknowledge: packet.messageId === undefined ? () => {} : acknowledgeLater(packet.messageId),
    });
  });
  // Not calling back stops the reading: the bound on QoS 0, which knows no acknowledgement.
  client.handleMessage = (_packet, callback) => {
    if (fullness() < 1) callback();
    else untilRoom(fullness).then(() => callback(), callback);
  };
}

/** The broker has authenticated the publisher; its topic has to say which device it is. */
function placeOf(topic: string, { formats, fleet }: OutsideOptions): Address | undefined {
  const own = addressOf(topic);
  if (own?.channel === 'telemetry') return { ...own, route: formats.profile(own.fleet, own.device) };
  if (own !== undefined || fleet === undefined) return own;
  const { device, route } = formats.find(topic) ?? {};
  return device === undefined ? undefined : { fleet, device, channel: 'telemetry', route };
}

async function untilRoom(fullness: () => number): Promise<void> {
  while (fullness() >= 1) await wait(ROOM_MS);
}

/** CONNACK codes that mean "not this version": 1 in MQTT 3.1.1, 0x84 in MQTT 5. */
const wrongVersion = new Set([1, 0x84]);
/** Codes that mean "not you": 2, 4, 5 in 3.1.1; 0x85–0x87, 0x8A, 0x8C in 5. */
const notYou = new Set([2, 4, 5, 0x85, 0x86, 0x87, 0x8a, 0x8c]);

class UnknownProtocol extends Error {}

function firstConnection(client: MqttClient): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      client.off('connect', onConnect);
      client.off('error', settle);
      client.off('close', onClose);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onConnect = () => settle();
    const onClose = () => settle(new UnknownProtocol('it closed the connection without an answer'));
    client.on('connect', onConnect);
    client.on('error', settle);
    client.on('close', onClose);
    client.connect();
  });
}

function faultOf(url: string, error: Error): Fault {
  const code = 'code' in error ? error.code : undefined;
  if (typeof code === 'number' && notYou.has(code)) {
    return new Fault('broker/refused', `the broker at ${url} refuses the log-in: ${error.message}`, {
      cause: error,
    });
  }
  const isOld = typeof code === 'number' && wrongVersion.has(code);
  const cause = isOld ? new UnknownProtocol(error.message) : error;
  return new Fault('broker/unreachable', `no connection to the broker at ${url}: ${error.message || code}`, {
    cause,
  });
}

async function subscribe(client: MqttClient, { formats, fleet }: OutsideOptions): Promise<void> {
  try {
    const wanted = fleet === undefined ? filters : [...filters, ...formats.filters];
    const granted = await client.subscribeAsync(wanted, { qos: 1 });
    const refused = granted.filter(({ qos }) => qos >= 128).map(({ topic }) => topic);
    if (refused.length > 0) throw new Error(`no permission for ${refused.join(', ')}`);
  } catch (cause) {
    client.end(true);
    throw new Fault('broker/refused', `the broker refuses the subscription: ${asError(cause).message}`, {
      cause,
    });
  }
}
