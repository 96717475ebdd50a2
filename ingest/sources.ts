import { Fault } from '../schemas/fault.ts';
import type { Log, ProgramContext } from '../schemas/program.ts';
import type { Directory } from './access/directory.ts';
import { type BrokerOptions, openBroker } from './broker/broker.ts';
import { openOutside } from './broker/outside.ts';
import type { DeviceListener, IngestConfig, IngestLimits } from './config.ts';
import type { Downlink } from './down/downlink.ts';
import type { Rebirths } from './down/rebirths.ts';
import type { FormatRegistry } from './formats/registry.ts';
import { openHttpIngest } from './http/server.ts';
import type { Pipeline } from './pipeline.ts';
import { openTeltonika } from './teltonika/server.ts';

/** A door through which messages come: a broker of ours, a client of another, a server for other devices. */
type Source = AsyncDisposable & {
  readonly address: string;
  /** Ends the connections whose credential was taken away or changed. */
  readonly recheck: () => void;
};

export type Sources = AsyncDisposable & {
  readonly addresses: Readonly<Record<string, string>>;
  readonly recheck: () => void;
};

export type SourceContext = {
  readonly directory: Directory;
  readonly formats: FormatRegistry;
  readonly limits: IngestLimits;
  readonly pipeline: Pipeline;
  readonly downlink: Downlink;
  readonly onStatus?: BrokerOptions['onStatus'];
  readonly rebirths: Rebirths;
};

/** Opens every door that the configuration names; all lead into one pipeline. */
export async function openSources(
  config: IngestConfig,
  context: ProgramContext,
  parts: SourceContext,
): Promise<Sources> {
  const { log, now } = context;
  const { pipeline, ...shared } = parts;
  const wire = {
    ...shared,
    ...{ log, now },
    receive: pipeline.receive.bind(pipeline),
    take: pipeline.take.bind(pipeline),
    fullness: () => pipeline.fullness,
  };
  const open = new Map<string, Source>();
  const dispose = async () => {
    for (const source of open.values()) await source[Symbol.asyncDispose]();
  };
  try {
    open.set('mqtt', await openMqtt(config, wire));
    const { teltonika, http, tls } = config;
    if (teltonika !== undefined) {
      const server = await openOptional(teltonika, log, () =>
        openTeltonika({ ...wire, listen: teltonika, fleet: teltonika.fleet, tls }),
      );
      if (server) open.set('teltonika', { ...server, address: `tcp://${teltonika.host}:${server.port}` });
    }
    if (http !== undefined) {
      const server = await openOptional(http, log, () => openHttpIngest({ ...wire, listen: http, tls }));
      const scheme = tls === undefined ? 'http' : 'https';
      if (server) open.set('http', { ...server, address: `${scheme}://${http.host}:${server.port}` });
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    addresses: Object.fromEntries([...open].map(([name, { address }]) => [name, address])),
    recheck: () => {
      for (const source of open.values()) source.recheck();
    },
    [Symbol.asyncDispose]: dispose,
  };
}

type Wire = Omit<SourceContext, 'pipeline'> &
  Pick<ProgramContext, 'log' | 'now'> & {
    readonly receive: Pipeline['receive'];
    readonly take: Pipeline['take'];
    readonly fullness: () => number;
  };

async function openMqtt({ broker: where, ...config }: IngestConfig, wire: Wire): Promise<Source> {
  if (where.kind === 'outside') {
    const name = `paceline-ingest-${config.source}`;
    const client = await openOutside({ ...wire, where, name, fleet: config.formats?.fleet });
    return { address: where.url, recheck() {}, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
  }
  const broker = await openBroker({
    ...{ ...wire, listen: where, service: config.serviceCredential, tls: config.tls },
  });
  return { ...broker, address: `mqtt://${where.host}:${broker.port}` };
}

/** A door that nobody asked for by name stays shut when its port is taken. */
async function openOptional<T>(
  { port, isOptional = false }: DeviceListener,
  log: Log,
  open: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await open();
  } catch (error) {
    if (!isOptional || !(error instanceof Fault) || error.code !== 'port/taken') throw error;
    log.warn({ port, reason: error.message }, 'going on without it');
    return undefined;
  }
}
