import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt, { type MqttClient } from 'mqtt';
import { deviceTopic } from '../../schemas/topics.ts';

export type BarrageOptions = {
  /** Begins the names of its vans. */
  readonly name: string;
  readonly url: string;
  readonly fleet: string;
  readonly login: { readonly username: string; readonly password: string } | undefined;
  readonly vans: number;
  /** Fixes in all, a multiple of `vans` × FIXES_PER_MESSAGE or rounded up to one. */
  readonly fixes: number;
  /** Fixes acknowledged and not stored yet beyond which it waits; Infinity: the PUBACK says stored. */
  readonly leadMax: number;
  readonly stored: () => number;
  /** One line for each PUBACK is appended here: van, first seq, count. */
  readonly ledgerFile: string;
  readonly signal: AbortSignal;
};

export type Barrage = {
  readonly name: string;
  /** Fixes offered and fixes acknowledged so far. */
  readonly offered: () => number;
  readonly acknowledged: () => number;
  /** By van: which `seq` was acknowledged (1) or only offered (0). */
  readonly ledger: ReadonlyMap<string, Uint8Array>;
  /** Resolves when everything is acknowledged. */
  readonly done: Promise<void>;
};

export const FIXES_PER_MESSAGE = 50;
const CONNECTIONS = 4;
const IN_FLIGHT = 16;
const PAUSE_MS = 100;
/** First instant of the fixes, ms; one a second of each van. */
const FROM_MS = Date.UTC(2026, 0, 5);

/**
 * Publishes fixes as fast as they are acknowledged, in messages of fifty of one van, and keeps a
 * ledger of every PUBACK. What a lost connection left unanswered is sent again on the next, as MQTT
 * wants it: that is where doubles would come from.
 */
export function openBarrage(options: BarrageOptions): Barrage {
  const { name, vans, signal, ledgerFile } = options;
  const messages = Math.ceil(options.fixes / vans / FIXES_PER_MESSAGE);
  const ledger = new Map(
    Array.from({ length: vans }, (_, i) => [`${name}-${i}`, new Uint8Array(messages * FIXES_PER_MESSAGE)]),
  );
  const file = openSync(ledgerFile, 'a', 0o600);
  let offered = 0;
  let acknowledged = 0;
  /** Until it is acknowledged: the client gives some up when a connection is lost, which are sent anew. */
  const send = async (client: MqttClient, van: string, first: number): Promise<void> => {
    offered += FIXES_PER_MESSAGE;
    const topic = deviceTopic({ fleet: options.fleet, device: van, channel: 'telemetry' });
    const payload = messageText(van, first);
    for (;;) {
      signal.throwIfAborted();
      const isAcknowledged = await new Promise<boolean>((resolve) => {
        client.publish(topic, payload, { qos: 1 }, (error) => resolve(!error));
      });
      if (isAcknowledged) break;
      await delay(PAUSE_MS);
    }
    writeSync(file, `${van}\t${first}\t${FIXES_PER_MESSAGE}\n`);
    ledger.get(van)?.fill(1, first, first + FIXES_PER_MESSAGE);
    acknowledged += FIXES_PER_MESSAGE;
  };
  const room = async () => {
    while (acknowledged - options.stored() > options.leadMax) {
      signal.throwIfAborted();
      await delay(PAUSE_MS);
    }
  };
  /** One of those that are in flight on a connection: its vans in turn, each where it was. */
  const lane = async (client: MqttClient, mine: readonly string[]): Promise<void> => {
    for (let message = 0; message < messages; message++) {
      for (const van of mine) {
        signal.throwIfAborted();
        await room();
        await send(client, van, message * FIXES_PER_MESSAGE);
      }
    }
  };
  const all = [...ledger.keys()];
  const publish = async (part: number): Promise<void> => {
    const client = connect(options, part);
    const mine = all.filter((_, i) => i % CONNECTIONS === part);
    try {
      await Promise.all(
        Array.from({ length: IN_FLIGHT }, (_, n) =>
          lane(
            client,
            mine.filter((_, i) => i % IN_FLIGHT === n),
          ),
        ),
      );
    } finally {
      client.end(true);
    }
  };
  const done = Promise.all(Array.from({ length: CONNECTIONS }, (_, part) => publish(part)))
    .then(() => {})
    .finally(() => closeSync(file));
  // Whoever waits for it hears of it; until then it is nobody's unhandled rejection.
  done.catch(() => {});
  return { name, offered: () => offered, acknowledged: () => acknowledged, ledger, done };
}

function connect({ name, url, login }: BarrageOptions, part: number): MqttClient {
  const client = mqtt.connect(url, {
    ...login,
    clientId: `${name}-${part}`,
    protocolVersion: 4,
    reconnectPeriod: 250,
    reconnectOnConnackError: true,
  });
  // A refused connection is what the campaign is about; the client tries again.
  client.on('error', () => {});
  return client;
}

function messageText(van: string, first: number): string {
  const fixes = Array.from({ length: FIXES_PER_MESSAGE }, (_, i) => {
    const seq = first + i;
    const ts = FROM_MS + seq * 1000;
    return `{"ts":${ts},"lat":${45 + (seq % 1000) / 1e4},"lng":-122.5,"seq":${seq},"boot":"${van}","speed":${seq % 30},"heading":${seq % 360}}`;
  });
  return `[${fixes.join(',')}]`;
}
