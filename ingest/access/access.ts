import {
  type GatewayTopic,
  parseDeviceTopic,
  parseGatewayTopic,
  parseLiveTopic,
  topicName,
} from '../../schemas/topics.ts';
import type { DataChannel } from '../decode/decoded.ts';
import type { FormatRegistry, Route } from '../formats/registry.ts';
import type { Identity } from './credentials.ts';

/** What a publish is to us: data to be stored, plain broker traffic, or not allowed. */
export type Publishing =
  | {
      readonly kind: 'data';
      readonly fleet: string;
      readonly device: string;
      readonly channel: DataChannel;
      /** The foreign format it is in; none: our own. */
      readonly route?: Route | undefined;
    }
  /** Data of a gateway on a topic that names no device: the payload has to. */
  | { readonly kind: 'nameless'; readonly fleet: string; readonly route: Route }
  /** Fixes of many devices in one message of their gateway. */
  | { readonly kind: 'gathered'; readonly fleet: string }
  | { readonly kind: 'status'; readonly fleet: string; readonly device: string }
  | { readonly kind: 'traffic' }
  | { readonly kind: 'refused' };

const refused: Publishing = { kind: 'refused' };

/**
 * Devices publish for themselves, gateways for every device of their fleet, and only upwards.
 * The service publishes results and what goes down to devices, never data.
 */
export function publishing(identity: Identity, topic: string, formats?: FormatRegistry): Publishing {
  if (identity.kind === 'service') {
    const down = parseDeviceTopic(topic)?.channel;
    const isDown = down === 'command' || down === 'route';
    return isDown || parseLiveTopic(topic) !== undefined ? { kind: 'traffic' } : refused;
  }
  const parts = parseDeviceTopic(topic);
  if (parts === undefined) {
    const gathered = parseGatewayTopic(topic);
    if (gathered !== undefined) return publishingGathered(identity, gathered);
    return formats === undefined ? refused : publishingForeign(identity, topic, formats);
  }
  if (parts.fleet !== identity.fleet) return refused;
  const { fleet, device, channel } = parts;
  if (identity.kind === 'device' && device !== identity.device) return refused;
  if (channel === 'telemetry') {
    return { kind: 'data', fleet, device, channel, route: formats?.profile(fleet, device) };
  }
  if (channel === 'stops' || channel === 'answers') return { kind: 'data', fleet, device, channel };
  return channel === 'status' ? { kind: 'status', fleet, device } : refused;
}

/** Only a gateway speaks for many, and only under its own name. */
function publishingGathered(identity: Identity, { fleet, gateway }: GatewayTopic): Publishing {
  const isOwn = identity.kind === 'gateway' && identity.fleet === fleet && identity.gateway === gateway;
  return isOwn ? { kind: 'gathered', fleet } : refused;
}

/**
 * Customary topics of foreign formats say no fleet: it is that of the credential. A device may use
 * those that name it, and those that name nobody; what a payload says of its sender counts only when
 * it comes from a gateway.
 */
function publishingForeign(
  identity: Exclude<Identity, { readonly kind: 'service' }>,
  topic: string,
  formats: FormatRegistry,
): Publishing {
  const found = formats.find(topic);
  if (found === undefined) return refused;
  const { fleet } = identity;
  const { route, device } = found;
  if (identity.kind === 'device') {
    const isOwn = device === undefined || device === identity.device;
    return isOwn ? { kind: 'data', fleet, device: identity.device, channel: 'telemetry', route } : refused;
  }
  if (device === undefined) return { kind: 'nameless', fleet, route };
  return { kind: 'data', fleet, device, channel: 'telemetry', route };
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

/**
 * The filter that a connection is given for the one it asks for; undefined: none. Apps of foreign
 * formats listen to their friends, such as OwnTracks to `owntracks/+/+`, and some give up when that
 * is refused. Like a broker that filters on delivery, we grant it and let nothing through: what they
 * are given instead is a topic to which nobody may publish.
 */
export function grantedFilter(
  identity: Identity,
  filter: string,
  formats: FormatRegistry,
): string | undefined {
  if (maySubscribe(identity, filter)) return filter;
  if (!formats.isCustomary(filter)) return undefined;
  if (identity.kind === 'gateway') {
    // Edge nodes of Sparkplug listen for commands, which come to them alone.
    return filter.startsWith('spBv1.0/')
      ? `fleet/${identity.fleet}/gateway/${identity.gateway}/silence`
      : undefined;
  }
  return identity.kind === 'service' ? filter : `fleet/${identity.fleet}/device/${identity.device}/silence`;
}
