/**
 * The MQTT topic grammar. Up: `fleet/{fleet}/device/{device}/{channel}`; down the same with
 * `command` and `route`; results: `fleet/{fleet}/live/{stream}`.
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
