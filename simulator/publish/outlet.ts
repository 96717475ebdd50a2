import type { OwnMessage } from '../../schemas/fix.ts';
import { deviceTopic, gatewayTopic } from '../../schemas/topics.ts';
import { type ForeignFormat, foreignMessages } from '../device/encode/foreign.ts';
import { ownPayload } from '../device/encode/own.ts';
import type { Upload } from '../device/radio.ts';
import { bytesOf, type Payload, type Publication } from './mqtt-packets.ts';
import type { Sender } from './sender.ts';

/** A fix as text, of a van that is one among very many. */
export type TextFix = {
  readonly device: string;
  readonly ms: number;
  readonly seq: number | null | undefined;
  /** Members of the own message as JSON, without braces. */
  readonly members: string;
  /** The device had kept it. */
  readonly isBuffered?: boolean | undefined;
};

/** How what devices say becomes messages. `dueWall` undefined: backlog. */
export type Outlet = {
  /** Nothing where it is on its way at once. */
  readonly send: (van: number, upload: Upload, dueWall: number | undefined) => Promise<void> | undefined;
  readonly fix: (van: number, fix: TextFix, dueWall: number | undefined) => Promise<void> | undefined;
  /** Sends what waits for company, if it has waited long enough, or in any case. */
  readonly flush: (isForced: boolean) => Promise<void>;
};

export type OutletInput = {
  readonly fleet: string;
  readonly sender: Sender;
  /** The wall clock, an instant. */
  readonly now: () => number;
};

/** Each upload is a message of its own, on the topic of its device. */
export function openDeviceOutlet({ fleet, sender, now }: OutletInput): Outlet {
  const give = (van: number, entry: Upload, due: number | undefined, { topic, payload }: Publication) => {
    const count = entry.channel === 'telemetry' ? entry.messages.length : 0;
    return sender.give({ topic, payload, lane: van % sender.lanes, count, due, sentAt: 0, entry });
  };
  const nowMs = (): number => Math.round(now() * 1000);
  const topics = new Map<string, string>();
  const telemetryOf = (device: string): string => {
    let topic = topics.get(device);
    if (topic === undefined) {
      topic = deviceTopic({ fleet, device, channel: 'telemetry' });
      topics.set(device, topic);
    }
    return topic;
  };
  const sendForeign = async (
    van: number,
    upload: Upload & { readonly channel: 'telemetry' },
    format: ForeignFormat,
    dueWall: number | undefined,
  ): Promise<void> => {
    for (const { messages, ...wire } of foreignMessages(upload.device, upload.messages, format, now())) {
      await give(van, { ...upload, messages }, dueWall, wire);
    }
  };
  const send: Outlet['send'] = (van, upload, dueWall) => {
    const { device, channel } = upload;
    if (channel === 'telemetry' && upload.format !== undefined)
      return sendForeign(van, upload, upload.format, dueWall);
    const topic = channel === 'telemetry' ? telemetryOf(device) : deviceTopic({ fleet, device, channel });
    return give(van, upload, dueWall, { topic, payload: payloadOf(upload, nowMs) });
  };
  return {
    send,
    fix: (van, { device, ms, seq, members }, dueWall) =>
      sender.give({
        lane: van % sender.lanes,
        topic: telemetryOf(device),
        payload: `{${members},${sentMembers(now(), dueWall === undefined)}}`,
        count: 1,
        due: dueWall,
        sentAt: 0,
        entry: { channel: 'gathered', baseMs: ms, keys: `${device}:0:${seq ?? '-'}` },
      }),
    flush: async () => {},
  };
}

/** How long a fix waits for others of its gateway, seconds. */
const COMPANY_SECONDS = 0.1;

type Gathering = {
  elements: string[];
  keys: string[];
  dueWalls: number[];
  isBacklog: boolean;
  baseMs: number;
  /** Wall instant of the first. */
  since: number;
};

const empty = (): Gathering => ({
  elements: [],
  keys: [],
  dueWalls: [],
  isBacklog: false,
  baseMs: 0,
  since: 0,
});

/**
 * Fixes of different devices go together into messages of their gateway, a gateway for each
 * connection. Presses of drivers' apps stay messages of their device.
 */
export function openGatewayOutlet(
  input: OutletInput & { readonly gateway: string; readonly messageFixes: number },
): Outlet {
  const { fleet, gateway, messageFixes, sender, now } = input;
  const alone = openDeviceOutlet(input);
  const topic = gatewayTopic({ fleet, gateway });
  const gatherings = Array.from({ length: sender.lanes }, empty);
  const flushLane = async (lane: number): Promise<void> => {
    const { elements, keys, dueWalls, isBacklog, baseMs } = gatherings[lane]!;
    if (elements.length === 0) return;
    gatherings[lane] = empty();
    await sender.give({
      lane,
      topic,
      payload: `[${elements.join(',')}]`,
      count: elements.length,
      due: isBacklog ? undefined : dueWalls,
      sentAt: 0,
      entry: { channel: 'gathered', baseMs, keys: keys.join(',') },
    });
  };
  const fix: Outlet['fix'] = async (van, { device, ms, seq, members, isBuffered = false }, dueWall) => {
    const lane = van % sender.lanes;
    const isBacklog = dueWall === undefined;
    if (gatherings[lane]!.isBacklog !== isBacklog) await flushLane(lane);
    const gathering = gatherings[lane]!;
    const at = now();
    if (gathering.elements.length === 0) {
      gathering.isBacklog = isBacklog;
      gathering.baseMs = ms;
      gathering.since = at;
    }
    gathering.elements.push(`{"device":"${device}",${members},${sentMembers(at, isBacklog || isBuffered)}}`);
    gathering.keys.push(`${device}:${ms - gathering.baseMs}:${seq ?? '-'}`);
    if (dueWall !== undefined) gathering.dueWalls.push(dueWall);
    if (gathering.elements.length >= messageFixes) await flushLane(lane);
  };
  return {
    fix,
    send: async (van, upload, dueWall) => {
      const isOwn = upload.channel === 'telemetry' && upload.format === undefined;
      if (!isOwn) return alone.send(van, upload, dueWall);
      for (const { sent: _sent, buffered, ...message } of upload.messages) {
        const { ts: ms, seq } = message;
        const members = JSON.stringify(message).slice(1, -1);
        const isBuffered = buffered === true;
        await fix(van, { device: upload.device, ms, seq, members, isBuffered }, dueWall);
      }
    },
    flush: async (isForced) => {
      const limit = isForced ? Number.POSITIVE_INFINITY : now() - COMPANY_SECONDS;
      for (const [lane, { since, elements }] of gatherings.entries()) {
        if (elements.length > 0 && since < limit) await flushLane(lane);
      }
    },
  };
}

const sentMembers = (at: number, isBuffered: boolean): string =>
  `"sent":${Math.round(at * 1000)}${isBuffered ? ',"buffered":true' : ''}`;

/** What goes over the wire in our own words; `clock`, in milliseconds, says when it was given to the network. */
export function payloadOf(upload: Upload, clock: () => number): Payload {
  if (upload.channel === 'telemetry' && upload.messages.length === 1)
    return ownPayload(upload.messages[0]!, clock);
  const list = entriesFor(upload, clock);
  return JSON.stringify(list.length === 1 ? list[0] : list);
}

function entriesFor(upload: Upload, clock: () => number): readonly object[] {
  if (upload.channel === 'stops') return upload.reports;
  if (upload.channel === 'answers') return upload.answers;
  const sent = clock();
  return upload.messages.map((message): OwnMessage => ({ ...message, sent }));
}

/** The same as text, sent at an instant. */
export const encode = (upload: Upload, sent: number): string =>
  bytesOf(payloadOf(upload, () => Math.round(sent * 1000))).toString();
