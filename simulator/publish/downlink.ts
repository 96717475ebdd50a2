import { asError } from '../../schemas/fault.ts';
import type { Log } from '../../schemas/program.ts';
import { deviceTopic, parseDeviceTopic } from '../../schemas/topics.ts';
import type { Connection } from './connection.ts';

export type DownlinkInput = {
  readonly fleet: string;
  readonly connections: readonly Connection[];
  /** Names of the devices, one for each connection; undefined: gateways, of which the first listens for all. */
  readonly devices?: readonly string[] | undefined;
  readonly heard: (device: string, channel: 'route' | 'command', payload: unknown) => void;
  readonly log: Log;
};

/** Listens for what is sent down: a device on its own topics, a gateway on those of its fleet. */
export async function listen({ fleet, connections, devices, heard, log }: DownlinkInput): Promise<void> {
  const onMessage = (topic: string, payload: string): void => {
    const parsed = parseDeviceTopic(topic);
    if (parsed === undefined || payload === '') return;
    const { device, channel } = parsed;
    if (channel === 'route' || channel === 'command') heard(device, channel, readJson(payload));
  };
  const topicsOf = (device: string): string[] =>
    (['route', 'command'] as const).map((channel) =>
      device === '+' ? `fleet/${fleet}/device/+/${channel}` : deviceTopic({ fleet, device, channel }),
    );
  const names = devices ?? ['+'];
  for (const [i, device] of names.entries()) {
    try {
      await connections[i]!.subscribe(topicsOf(device), onMessage);
    } catch (thrown) {
      log.warn({ device, reason: asError(thrown).message }, 'not allowed to listen: orders are not heard');
      return;
    }
  }
}

/** Nonsense is answered, not thrown: as it came. */
function readJson(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return payload;
  }
}
