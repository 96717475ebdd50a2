import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import type { Log } from '../../schemas/program.ts';
import type { IngestConfig } from '../config.ts';
import { runIngest } from '../main.ts';

export type Running = AsyncDisposable & {
  readonly url: string;
  /** Where each door is, by its name. */
  readonly addresses: Readonly<Record<string, string | number>>;
  readonly stop: () => Promise<void>;
  /** Events logged so far. */
  readonly logged: readonly string[];
};

export const service = { username: 'service', password: 'for tests only, never elsewhere' };

/** An ingest in this process, ready to serve on a port of its own. */
export async function startIngest(
  config: Pick<IngestConfig, 'databaseUrl'> & Partial<IngestConfig>,
): Promise<Running> {
  const stopping = new AbortController();
  const logged: string[] = [];
  const note = (fields: object, event: string) => void logged.push(`${event} ${JSON.stringify(fields)}`);
  const log: Log = { info: note, warn: note, error: note };
  const ready = deferred<Readonly<Record<string, string | number>>>();
  const done = runIngest(
    {
      source: 'test',
      broker: { kind: 'embedded', host: '127.0.0.1', port: 0 },
      serviceCredential: service,
      ...config,
    },
    {
      signal: stopping.signal,
      log,
      now: () => Date.now() / 1000,
      ready: ready.resolve,
    },
  );
  const addresses = await Promise.race([
    ready.promise,
    done.then(() => Promise.reject(new Error('ingest ended before it was ready'))),
  ]);
  const stop = async () => {
    stopping.abort();
    await done;
  };
  return { url: String(addresses.mqtt), addresses, stop, logged, [Symbol.asyncDispose]: stop };
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** A connected client that does not reconnect unless asked to. */
export function connect(
  url: string,
  login: { readonly username: string; readonly password: string },
  options: IClientOptions = {},
): Promise<MqttClient> {
  return mqtt.connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0, ...login, ...options }, false);
}

/** Resolves when `check` holds, which it is asked every few milliseconds. */
export async function until(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** For brokers under test of which nothing goes down. */
export const nothingDown = { open: () => () => {} };
