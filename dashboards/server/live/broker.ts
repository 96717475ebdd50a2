import mqtt from 'mqtt';
import type { Log } from '../../../schemas/program.ts';
import type { LiveHub } from './hub.ts';

export type BrokerConfig = { readonly url: string; readonly username: string; readonly password: string };

/** Hears the live topics of every fleet for as long as it is not closed; reconnects by itself. */
export function hearLiveTopics(config: BrokerConfig, hub: LiveHub, log: Log): { close: () => Promise<void> } {
  const client = mqtt.connect(config.url, {
    username: config.username,
    password: config.password,
    clientId: `paceline-web-${process.pid}`,
    clean: true,
    reconnectPeriod: 2000,
    connectTimeout: 5000,
    // A refused log-in may be a broker that is not ready yet; the supervisor says if it stays so.
    reconnectOnConnackError: true,
  });
  let isTold = false;
  client.on('connect', () => {
    isTold = false;
    client.subscribe('fleet/+/live/#', { qos: 0 }, (error) => {
      if (error) log.error({ err: error }, 'live topics refused');
      else hub.setConnected(true);
    });
  });
  client.on('close', () => hub.setConnected(false));
  client.on('error', (error) => {
    if (!isTold) log.warn({ error: error.message }, 'broker not reachable');
    isTold = true;
  });
  client.on('message', (topic, payload) => hub.receive(topic, payload));
  return {
    close: async () => {
      await client.endAsync(true);
    },
  };
}
