/**
 * The MQTT topic grammar. Up: `fleet/{fleet}/device/{device}/{channel}`, or of many devices at once
 * `fleet/{fleet}/gateway/{gateway}/telemetry`; down that of the device with `command` and `route`;
 * results: `fleet/{fleet}/live/{stream}`.
 */
export const upChannels = ['telemetry', 'stops', 'status', 'answers'] as const;
export const downChannels = ['command', 'route'] as const;
export const liveStreams = ['positions', 'pace', 'events', 'alerts', 'proposals'] as const;

export type UpChannel = (typeof upChannels)[number];
export type DownChannel = (typeof downChannels)[number];
export type LiveStream = (typeof liveStreams)[number];

export type DeviceTopic = {
  readonly fleet: string;
  readonly device: string;
  readonly channel: UpChannel | DownChannel;
};

/** A fleet or device name in a topic: no separators, wildcards, spaces or control characters. */
export const topicName = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$/;

const devicePattern = /^fleet\/([^/]+)\/device\/([^/]+)\/(telemetry|stops|status|answers|command|route)$/;

export function deviceTopic({ fleet, device, channel }: DeviceTopic): string {
  return `fleet/${fleet}/device/${device}/${channel}`;
}

/** The parts of a device topic, or undefined when it is none (or a name is malformed). */
export function parseDeviceTopic(topic: string): DeviceTopic | undefined {
  const match = devicePattern.exec(topic);
  const [, fleet, device, channel] = match ?? [];
  if (fleet === undefined || device === undefined || channel === undefined) return undefined;
  if (!topicName.test(fleet) || !topicName.test(device)) return undefined;
  return { fleet, device, channel: channel as UpChannel | DownChannel };
}

/** Where a gateway puts fixes of many devices into one message; see `GatewayMessage`. */
export function gatewayTopic({ fleet, gateway }: GatewayTopic): string {
  return `fleet/${fleet}/gateway/${gateway}/telemetry`;
}

export type GatewayTopic = { readonly fleet: string; readonly gateway: string };

const gatewayPattern = /^fleet\/([^/]+)\/gateway\/([^/]+)\/telemetry$/;

export function parseGatewayTopic(topic: string): GatewayTopic | undefined {
  const [, fleet, gateway] = gatewayPattern.exec(topic) ?? [];
  if (fleet === undefined || gateway === undefined) return undefined;
  return topicName.test(fleet) && topicName.test(gateway) ? { fleet, gateway } : undefined;
}

export function liveTopic(fleet: string, stream: LiveStream): string {
  return `fleet/${fleet}/live/${stream}`;
}

const livePattern = /^fleet\/([^/]+)\/live\/(positions|pace|events|alerts|proposals)$/;

export function parseLiveTopic(
  topic: string,
): { readonly fleet: string; readonly stream: LiveStream } | undefined {
  const [, fleet, stream] = livePattern.exec(topic) ?? [];
  if (fleet === undefined || stream === undefined) return undefined;
  return { fleet, stream: stream as LiveStream };
}
