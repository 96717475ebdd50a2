import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecureServer, TLSSocket } from 'node:tls';
import { Aedes, type AuthenticateError, type Client, type PublishPacket } from 'aedes';
import type { Log } from '../../schemas/program.ts';
import { grantedFilter, type Publishing, publishing } from '../access/access.ts';
import { admitting, type Identity, identityOf, isInForce, isSameSecret } from '../access/credentials.ts';
import type { Directory } from '../access/directory.ts';
import type { Certificates, EmbeddedBroker, IngestLimits } from '../config.ts';
import type { Downlink } from '../down/downlink.ts';
import type { Rebirths } from '../down/rebirths.ts';
import { deviceNamed, type FormatRegistry } from '../formats/registry.ts';
import { Acknowledgements } from './acknowledgements.ts';
import type { Address, Delivery, Message } from './delivery.ts';
import { readDirectly } from './direct.ts';
import { type Listen, listen } from './listen.ts';
import { openListening } from './listening.ts';

export type BrokerOptions = {
  readonly listen: EmbeddedBroker;
  /** Where it listens for MQTT over TLS besides. */
  readonly tls?: (Certificates & { readonly mqtt: Listen }) | undefined;
  readonly service: { readonly username: string; readonly password: string };
  readonly directory: Directory;
  readonly formats: FormatRegistry;
  readonly limits: IngestLimits;
  readonly log: Log;
  /** The wall clock, an instant. */
  readonly now: () => number;
  readonly receive: (message: Message) => void;
  /** Takes what was decoded on the way. */
  readonly take: (delivery: Delivery) => void;
  /** Hears what devices say of themselves. */
  readonly onStatus?: ((fleet: string, device: string, payload: Uint8Array | string) => void) | undefined;
  /** 1 is where new publishers are turned away, 2 where those connected are cut off. */
  readonly fullness: () => number;
  /** What goes down to those who listen. */
  readonly downlink: Pick<Downlink, 'open'>;
  readonly rebirths: Pick<Rebirths, 'open'>;
};

export type Broker = AsyncDisposable & {
  readonly port: number;
  /** Of MQTT over TLS. */
  readonly tlsPort: number | undefined;
  /** Ends the connections whose credential was taken away or changed. */
  readonly recheck: () => void;
};

/** What a connection proved when it logged in. */
type Session = {
  readonly identity: Identity;
  readonly secretHash: string | undefined;
  readonly mayRegister: boolean;
  readonly acknowledgements: Acknowledgements;
  /** Every filter it ever asked for, so that the number of those it holds is bounded. */
  readonly subscriptions: Set<string>;
  readonly topics: Map<string, Publishing>;
};

const RETAINED_BYTES_MAX = 1_024;
const SUBSCRIPTIONS_MAX = 100;
const TOPICS_MAX = 4_096;

/**
 * Paceline's own MQTT 3.1.1 broker: a PUBACK for data means that it is committed to the database.
 *
 * Aedes asks `authorizePublish` before it acknowledges, so a message is held there until its commit.
 * It reads no further from a connection until every packet of the last read is answered, which is
 * the back-pressure: a publisher waits for the database, and at most one read of each connection is
 * held in memory.
 */
export async function openBroker(options: BrokerOptions): Promise<Broker> {
  const sessions = new Map<Client, Session>();
  /** Whether anyone ever asked to hear the data itself. */
  let isHeard = false;
  const aedes = await Aedes.createBroker({
    connectTimeout: 10_000,
    // Client ids get the user name in front, see below.
    maxClientsIdLength: 65_535,
    preConnect(client, packet, callback) {
      // Ids belong to their user: nobody can take over the session of another by its id.
      if (packet.clientId !== '')
        packet.clientId = `${packet.username ?? certified(client) ?? ''} ${packet.clientId}`;
      // With an error, which ends the connection: a plain “no” leaves it open and unanswered for ever.
      const isFull = options.fullness() >= 1;
      callback(isFull ? refusal('refused a connection, since too much waits') : null, !isFull);
    },
    authenticate(client, username, password, done) {
      logIn(options, client, username ?? certified(client) ?? '', password ?? Buffer.alloc(0)).then(
        (session) => {
          if (session === undefined) return done(refusal('refused a log-in'), false);
          sessions.set(client, session);
          done(null, true);
        },
        (error) => {
          options.log.warn({ reason: String(error) }, 'cannot check a log-in');
          done(Object.assign(new Error('server unavailable'), { returnCode: 3 }), false);
        },
      );
    },
    authorizeSubscribe(client, subscription, callback) {
      const session = sessions.get(client);
      const topic = session && grantedFilter(session.identity, subscription.topic, options.formats);
      if (session === undefined || topic === undefined) return callback(null, null);
      session.subscriptions.add(topic);
      isHeard ||= couldBeData(topic);
      callback(null, session.subscriptions.size <= SUBSCRIPTIONS_MAX ? { ...subscription, topic } : null);
    },
    authorizePublish(client, packet, callback) {
      const session = client === null ? undefined : sessions.get(client);
      if (session === undefined) return callback(new Error('not logged in'));
      takePublish(options, session, packet, callback);
    },
  });
  passOn(aedes, (topic) => isHeard || !topic.endsWith('/telemetry'));
  const identityOfClient = (client: Client) => sessions.get(client)?.identity;
  const fleetIdOf = (fleet: string) => options.directory.fleetId(fleet);
  openListening({ ...options, aedes, fleetIdOf, identityOf: identityOfClient });
  aedes.on('clientDisconnect', (client) => sessions.delete(client));
  aedes.on('clientError', (client, error) => {
    sessions.delete(client);
    const { topic } = error as { readonly topic?: string };
    if (error.name === 'Refusal') options.log.warn({ client: client.id, topic }, error.message);
  });
  aedes.on('connectionError', (client, error) => {
    sessions.delete(client);
    if (error.name === 'Refusal') options.log.warn({}, error.message);
  });

  const directSession = (client: Client) => {
    const session = isHeard || options.fullness() >= 2 ? undefined : sessions.get(client);
    if (session === undefined) return undefined;
    const { acknowledgements } = session;
    return { acknowledgements, addressOf: (topic: string) => ownData(session, topic, options.formats) };
  };
  const take = (socket: Socket) => {
    const client = accept(aedes, socket, options.limits);
    readDirectly({ ...options, client, session: () => directSession(client), push: options.take });
  };
  const server = createServer(take);
  server.maxConnections = options.limits.connections;
  const secure = options.tls && secureServer(options.tls, take);
  if (secure) secure.maxConnections = options.limits.connections;
  const port = await listen(server, options.listen, 'MQTT');
  const tlsPort = secure && options.tls && (await listenToo(secure, options.tls.mqtt, server));
  return {
    port,
    tlsPort,
    recheck: () => {
      for (const [client, session] of sessions) if (!mayStay(options, session)) client.close();
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      secure?.close();
      await new Promise<void>((resolve) => aedes.close(resolve));
    },
  };
}

/** Whether a filter matches topics that carry data, as far as its last level tells. */
const couldBeData = (filter: string): boolean => /(?:telemetry|\+|#)$/.test(filter);

/** Spares Aedes the search for subscribers of data that nobody subscribed to: a third of its work. */
function passOn(aedes: Aedes, isWanted: (topic: string) => boolean): void {
  type Publish = (packet: PublishPacket, ...rest: readonly unknown[]) => void;
  const publish = aedes.publish.bind(aedes) as Publish;
  const inner: { publish: Publish } = aedes as { publish: Publish };
  inner.publish = (packet, ...rest) => {
    const done = rest.at(-1);
    if (isWanted(packet.topic) || typeof done !== 'function') publish(packet, ...rest);
    else done(null);
  };
}

function secureServer({ cert, key, ca }: Certificates, take: (socket: Socket) => void): Server {
  // Who shows no certificate, or one of a stranger, may still know a secret.
  const asked = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: false };
  const server = createSecureServer({ cert, key, minVersion: 'TLSv1.2', ...asked }, take);
  // A handshake that fails is the affair of who began it.
  return server.on('tlsClientError', () => {});
}

async function listenToo(secure: Server, where: Listen, first: Server): Promise<number> {
  try {
    return await listen(secure, where, 'MQTT over TLS');
  } catch (error) {
    first.close();
    throw error;
  }
}

/** The user name that a certificate of our authority stands for: its common name. */
function certified({ conn }: Client): string | undefined {
  if (!(conn instanceof TLSSocket) || !conn.authorized) return undefined;
  const { CN } = conn.getPeerCertificate().subject ?? {};
  return typeof CN === 'string' ? CN : undefined;
}

/** Why Aedes should end a connection: MQTT 3.1.1 has no other way to say no to a publish. */
function refusal(event: RefusalEvent): AuthenticateError {
  return Object.assign(new Error(event) as AuthenticateError, { name: 'Refusal', returnCode: 5 });
}

type RefusalEvent =
  | 'refused a log-in'
  | 'refused a topic'
  | 'refused a connection, since too much waits'
  | 'refused a message, since too much waits';

async function logIn(
  { directory, service, now }: BrokerOptions,
  client: Client,
  username: string,
  password: Buffer,
): Promise<Session | undefined> {
  const identity = identityOf(username, service.username);
  if (identity === undefined) return undefined;
  const bare = {
    identity,
    acknowledgements: new Acknowledgements(client),
    subscriptions: new Set<string>(),
    topics: new Map<string, Publishing>(),
  };
  if (identity.kind === 'service') {
    if (!isSameSecret(password, Buffer.from(service.password))) return undefined;
    return { ...bare, secretHash: undefined, mayRegister: false };
  }
  const byCertificate = certified(client) === username && password.length === 0;
  for (const isLast of [false, true]) {
    if (byCertificate && directory.admitsCertificate(identity)) {
      return { ...bare, secretHash: undefined, mayRegister: false };
    }
    const credential = directory.credential(identity);
    const secretHash = credential && admitting(credential, password, now());
    if (credential !== undefined && secretHash !== undefined) {
      return { ...bare, secretHash, mayRegister: credential.mayRegister };
    }
    // It may be newer than what we hold. The wait in `refresh` also slows down those who guess.
    if (!isLast) await directory.refresh();
  }
  return undefined;
}

/** Whether a session may go on: its secret is in force, or in the overlap after a rotation. */
function mayStay({ directory, now }: BrokerOptions, { identity, secretHash }: Session): boolean {
  if (identity.kind === 'service') return true;
  if (secretHash === undefined) return directory.admitsCertificate(identity);
  const credential = directory.credential(identity);
  return credential !== undefined && isInForce(credential, secretHash, now());
}

function takePublish(
  { receive, now, directory, formats, fullness, onStatus }: BrokerOptions,
  session: Session,
  packet: PublishPacket,
  callback: (error?: Error | null) => void,
): void {
  const what = whatIs(session, packet.topic, formats);
  if (what.kind === 'refused') {
    callback(Object.assign(refusal('refused a topic'), { topic: packet.topic }));
  } else if (what.kind === 'traffic' || what.kind === 'status') {
    packet.retain = packet.retain && what.kind === 'status' && isKept(packet, what, directory);
    if (what.kind === 'status' && packet.payload.length <= RETAINED_BYTES_MAX) {
      onStatus?.(what.fleet, what.device, packet.payload);
    }
    callback(null);
  } else if (fullness() >= 2) {
    callback(refusal('refused a message, since too much waits'));
  } else {
    packet.retain = false;
    const { topic, qos, messageId } = packet;
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    receive({
      topic,
      address: what.kind === 'nameless' ? named(what, payload) : what.kind === 'data' ? what : undefined,
      isGathered: what.kind === 'gathered',
      fleet: what.fleet,
      payload,
      received: Math.round(now() * 1000) / 1000,
      mayRegister: session.mayRegister,
      acknowledge: () => {
        // We acknowledge QoS 1 ourselves; what is left to Aedes is to pass it on to whoever listens.
        if (qos === 1) packet.qos = 0;
        session.acknowledgements.send(qos === 1 && messageId !== undefined ? [messageId] : [], callback);
      },
    });
  }
}

/** `publishing`, remembered: a publisher uses few topics, many times. */
function whatIs({ identity, topics }: Session, topic: string, formats: FormatRegistry): Publishing {
  const known = topics.get(topic);
  if (known !== undefined) return known;
  const what = publishing(identity, topic, formats);
  if (topics.size >= TOPICS_MAX) topics.clear();
  topics.set(topic, what);
  return what;
}

/** Where data goes that is in our own format, on a topic that says of which device. */
function ownData(session: Session, topic: string, formats: FormatRegistry): Address | undefined {
  const what = whatIs(session, topic, formats);
  const isOwn = what.kind === 'data' && what.channel === 'telemetry' && what.route === undefined;
  return isOwn ? what : undefined;
}

/** The address that a gateway's payload names, where its topic does not. */
function named(
  { fleet, route }: Publishing & { kind: 'nameless' },
  payload: Uint8Array,
): Address | undefined {
  const device = deviceNamed(route, payload);
  return device === undefined ? undefined : { fleet, device, channel: 'telemetry', route };
}

/** Only the small status of a known device is kept for later subscribers: memory is bounded. */
function isKept(
  packet: PublishPacket,
  { fleet, device }: { readonly fleet: string; readonly device: string },
  directory: Directory,
): boolean {
  return packet.payload.length <= RETAINED_BYTES_MAX && directory.device(fleet, device) !== undefined;
}

/**
 * Hands a connection to Aedes and bounds what its parser may collect. A packet over the message
 * limit is still taken up to four times that, so that it can be rejected by name and acknowledged;
 * a publisher that sends more is cut off.
 */
function accept(aedes: Aedes, socket: Socket, limits: IngestLimits): Client {
  socket.setNoDelay(true);
  const client = aedes.handle(socket);
  const { _parser } = client as unknown as { readonly _parser: { readonly packet: { length: number } } };
  socket.on('readable', () => {
    if (_parser.packet.length > 4 * limits.messageBytes) socket.destroy();
  });
  return client;
}
