import { parseDeviceTopic, parseLiveTopic, topicName } from '../schemas/topics.ts';
import type { Identity } from './credentials.ts';

/** What a publish is to us: data to be stored, plain broker traffic, or not allowed. */
export type Publishing =
  | {
      readonly kind: 'data';
      readonly fleet: string;
      readonly device: string;
      readonly channel: 'telemetry' | 'stops';
    }
  | { readonly kind: 'status'; readonly fleet: string; readonly device: string }
  | { readonly kind: 'traffic' }
  | { readonly kind: 'refused' };

const refused: Publishing = { kind: 'refused' };

/**
 * Devices publish for themselves, gateways for every device of their fleet, and only upwards.
 * The service publishes results and what goes down to devices, never data.
 */
export function publishing(identity: Identity, topic: string): Publishing {
  if (identity.kind === 'service') {
    const down = parseDeviceTopic(topic)?.channel;
    const isDown = down === 'command' || down === 'route';
    return isDown || parseLiveTopic(topic) !== undefined ? { kind: 'traffic' } : refused;
  }
  const parts = parseDeviceTopic(topic);
  if (parts === undefined || parts.fleet !== identity.fleet) return refused;
  const { fleet, device, channel } = parts;
  if (identity.kind === 'device' && device !== identity.device) return refused;
  if (channel === 'telemetry' || channel === 'stops') return { kind: 'data', fleet, device, channel };
  return channel === 'status' ? { kind: 'status', fleet, device } : refused;
}

/** A device hears its own commands and routes, a gateway those of its fleet, the service everything of ours. */
export function maySubscribe(identity: Identity, filter: string): boolean {
  if (identity.kind === 'service') return filter.startsWith('fleet/');
  const [root, fleet, branch, device, channel, ...rest] = filter.split('/');
  if (root !== 'fleet' || fleet !== identity.fleet || branch !== 'device' || rest.length > 0) return false;
  if (channel !== 'command' && channel !== 'route') return false;
  if (identity.kind === 'device') return device === identity.device;
  return device === '+' || (device !== undefined && topicName.test(device));
}
