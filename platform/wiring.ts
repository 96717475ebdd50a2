import type { Config } from './config.ts';
import { ensureSecrets, readRunFile } from './data-folder.ts';

/** The name under which our own processes log in to our own broker. */
export const SERVICE = 'service';

export type Mqtt = { readonly url: string; readonly username: string; readonly password: string };

/** What ingest admits its fellow processes with. */
export async function serviceCredential(config: Config): Promise<Omit<Mqtt, 'url'>> {
  const password = config.servicePassword ?? (await ensureSecrets(config.dataFolder)).servicePassword;
  return { username: SERVICE, password };
}

/** Where engine and web publish and hear results. */
export async function mqttFor(config: Config): Promise<Mqtt> {
  const { broker } = config;
  if (broker.kind === 'outside') {
    return { url: broker.url, username: broker.username ?? '', password: broker.password ?? '' };
  }
  return { url: mqttUrl(config), ...(await serviceCredential(config)) };
}

/** The address of the broker as a client on this machine reaches it. */
export function mqttUrl({ broker }: Pick<Config, 'broker'>): string {
  if (broker.kind === 'outside') return broker.url;
  return `mqtt://${reachable(broker.host)}:${broker.port}`;
}

export function dashboardUrl({ http, tls }: Pick<Config, 'http' | 'tls'>): string {
  return `${tls === undefined ? 'http' : 'https'}://${reachable(http.host)}:${http.port}/`;
}

/** An address that means "all of mine" is no address to connect to. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** The history store, or undefined when this installation has none (running). */
export async function clickhouseFor(config: Config): Promise<{ readonly url: string } | undefined> {
  if (config.clickhouse.kind === 'off') return undefined;
  if (config.clickhouse.kind === 'outside') return { url: config.clickhouse.url };
  const url = (await readRunFile(config.dataFolder))?.clickhouseUrl;
  return url === undefined ? undefined : { url };
}

export async function jwtSecretFor(config: Config): Promise<string> {
  return config.jwtSecret ?? (await ensureSecrets(config.dataFolder)).jwtSecret;
}
