import { connectAsync } from 'mqtt';
import { ingestLimits } from '../ingest/config.ts';
import { examine } from '../ingest/formats/examine.ts';
import type { FormatSettings } from '../ingest/formats/mapping-schema.ts';
import { FormatRegistry } from '../ingest/formats/registry.ts';
import type { Doctor } from '../schemas/doctor.ts';
import { asError } from '../schemas/fault.ts';
import { type FixFlag, fixFlags } from '../schemas/reasons.ts';
import type { Mqtt } from './wiring.ts';

/** What ingest would make of a payload, for the page that asks. */
export function openDoctor(settings: FormatSettings, mqtt: Mqtt): Doctor {
  const registry = new FormatRegistry(settings);
  return {
    formats: registry.formats.map(({ name, title, units, topics }) => ({ name, title, units, topics })),
    examine: (specimen) => {
      const { fixes, ...rest } = examine({ ...specimen, limits: ingestLimits, registry });
      return {
        ...rest,
        fixes: fixes.map(({ fleetId: _f, vehicleId: _v, deviceId: _d, key: _k, flags, ...fix }) => ({
          ...fix,
          flags: (Object.keys(fixFlags) as FixFlag[]).filter((name) => (flags & fixFlags[name]) !== 0),
        })),
      };
    },
    listen: (filter, hear, signal) => listen(mqtt, { filter, hear, signal }),
  };
}

async function listen(
  { url, ...login }: Mqtt,
  {
    filter,
    hear,
    signal,
  }: {
    readonly filter: string;
    readonly hear: (topic: string, payload: Uint8Array) => void;
    readonly signal: AbortSignal;
  },
): Promise<string | undefined> {
  try {
    const client = await connectAsync(url, { ...login, reconnectPeriod: 0, connectTimeout: 5_000 }, false);
    try {
      client.on('message', (topic, payload) => hear(topic, payload));
      const ended = new Promise<void>((resolve) => {
        client.once('close', () => resolve());
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await client.subscribeAsync(filter);
      if (!signal.aborted) await ended;
      return signal.aborted ? undefined : 'The broker ended the connection.';
    } finally {
      client.end(true);
    }
  } catch (thrown) {
    return `The broker lets nobody listen to ${filter}: ${asError(thrown).message}.`;
  }
}
