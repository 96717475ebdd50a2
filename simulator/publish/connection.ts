import mqtt, { type MqttClient } from 'mqtt';
import { asError, Fault } from '../../schemas/fault.ts';
import { bytesOf, type Publication } from './mqtt-packets.ts';
import { openSocketConnection } from './socket-connection.ts';

export type BrokerAddress = {
  /** mqtt://host:port; user and password may stand in it. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
};

/**
 * A callback, not a promise, and one for all messages of a kind: neither a promise nor a closure for
 * each of them, which would be a good part of what sending it costs.
 */
export type Settled<P> = (publication: P, error?: Error) => void;

/** One MQTT connection that publishes at QoS 1. */
export type Connection = {
  /** `settled` is told once: of the PUBACK, however many reconnections that takes, or of why there is none. */
  readonly publish: <P extends Publication>(publication: P, settled: Settled<P>) => void;
  /** Also after reconnections; rejects when the broker refuses. */
  readonly subscribe: (
    topics: readonly string[],
    heard: (topic: string, payload: string) => void,
  ) => Promise<void>;
  readonly reconnections: () => number;
  /** Waits at most this long for acknowledgements that are due. */
  readonly close: (patienceMs: number) => Promise<void>;
};

/** Refused for good: bad protocol, identifier, credentials, rights (MQTT 3.1.1 §3.2.2.3, MQTT 5 §3.2.2.2). */
const refusals = new Set([1, 2, 4, 5, 0x84, 0x85, 0x86, 0x87]);

/**
 * Connects, or says in a sentence why not. Once connected it reconnects by itself, and what was not
 * acknowledged is sent again: the client keeps every unacknowledged packet until its PUBACK is in.
 */
export async function openConnection(
  address: BrokerAddress,
  options: { readonly clientId: string; readonly signal: AbortSignal; readonly patienceMs: number },
): Promise<Connection> {
  if (!/^(mqtts?|tcp|ssl|wss?):\/\//.test(address.url) || !URL.canParse(address.url)) {
    throw new Fault('config/invalid', `“${address.url}” is no broker URL such as mqtt://host:1883`);
  }
  const { username, password } = credentialsOf(address);
  if (!/^wss?:/.test(address.url))
    return openSocketConnection({ ...options, username, password, url: withoutCredentials(address.url) });
  const client = mqtt.connect(withoutCredentials(address.url), {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    clientId: options.clientId,
    clean: true,
    keepalive: 30,
    reconnectPeriod: 500,
    connectTimeout: 10_000,
    reconnectOnConnackError: true,
  });
  await connected(client, address.url, options);
  let reconnections = 0;
  client.on('connect', () => reconnections++);
  // A lost connection is told by what is not acknowledged; without a listener it would be a crash.
  client.on('error', () => {});
  let waiting = 0;
  let isClosing = false;
  // MQTT.js keeps what it sent, but gives up on what it had queued behind resends when the connection
  // is lost a second time meanwhile: that is ours to publish again.
  const publishUntilAcknowledged = async ({ topic, payload }: Publication): Promise<void> => {
    const bytes = bytesOf(payload);
    for (;;) {
      try {
        await client.publishAsync(topic, bytes, { qos: 1 });
        return;
      } catch (thrown) {
        if (isClosing || client.disconnecting) throw thrown;
      }
    }
  };
  return {
    publish: (publication, settled) => {
      waiting++;
      publishUntilAcknowledged(publication)
        .finally(() => waiting--)
        .then(
          () => settled(publication),
          (thrown: unknown) => settled(publication, asError(thrown)),
        );
    },
    subscribe: async (topics, heard) => {
      client.on('message', (topic, payload) => heard(topic, payload.toString('utf8')));
      const granted = await client.subscribeAsync([...topics], { qos: 1 });
      const refused = granted.filter(({ qos }) => qos > 2).map(({ topic }) => topic);
      if (refused.length > 0) throw new Fault('broker/refused', `no right to hear ${refused.join(', ')}`);
    },
    reconnections: () => reconnections,
    close: async (patienceMs) => {
      const until = Date.now() + patienceMs;
      while (waiting > 0 && Date.now() < until) await new Promise((done) => setTimeout(done, 20));
      isClosing = true;
      await client.endAsync(true);
    },
  };
}

function connected(
  client: MqttClient,
  url: string,
  { signal, patienceMs }: { readonly signal: AbortSignal; readonly patienceMs: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const where = withoutCredentials(url);
    let last = 'no answer';
    const settle = (fault?: Fault): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      client.off('connect', onConnect);
      client.off('error', onError);
      if (fault === undefined) {
        resolve();
        return;
      }
      client.on('error', () => {});
      client.end(true);
      reject(fault);
    };
    const onConnect = () => settle();
    const onAbort = () => settle(new Fault('broker/unreachable', `stopped while connecting to ${where}`));
    const onError = (thrown: unknown): void => {
      const error = asError(thrown);
      last = error.message || String((thrown as { code?: unknown }).code ?? 'connection failed');
      const code = 'code' in error ? error.code : undefined;
      if (typeof code === 'number' && refusals.has(code)) {
        settle(new Fault('broker/refused', `the broker ${where} refused us: ${error.message}`));
      }
    };
    const timer = setTimeout(
      () => settle(new Fault('broker/unreachable', `no MQTT broker answers at ${where} (${last})`)),
      patienceMs,
    );
    signal.addEventListener('abort', onAbort, { once: true });
    client.on('connect', onConnect);
    client.on('error', onError);
    if (signal.aborted) onAbort();
  });
}

/** User and password, given apart or standing in the URL. */
export function credentialsOf({ url, username, password }: BrokerAddress) {
  const parsed = new URL(url);
  return {
    username: username ?? (parsed.username === '' ? undefined : decodeURIComponent(parsed.username)),
    password: password ?? (parsed.password === '' ? undefined : decodeURIComponent(parsed.password)),
  };
}

export function withoutCredentials(url: string): string {
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}
