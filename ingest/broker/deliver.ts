import type { Assignment, Device } from '../access/directory.ts';
import { decode, decodeElements, textOf } from '../decode/decode.ts';
import type { Decoded, DecodeLimits, Origin, Rejection } from '../decode/decoded.ts';
import type { Assemblies } from '../formats/assemblies.ts';
import { decodeForeign } from '../formats/decode-foreign.ts';
import type { FormatRegistry } from '../formats/registry.ts';
import type { Address, Delivery, Knock, Message } from './delivery.ts';

/** What is known of the publisher of a message: its fleet, and its device in it. */
export type Sender = { readonly fleetId: number | undefined; readonly device: Device | undefined };

export type DeliverContext = {
  readonly limits: DecodeLimits;
  readonly assemblies: Assemblies;
  readonly formats: Pick<FormatRegistry, 'named'>;
};

/**
 * What is to be stored of one message. Data counts only from a device that speaks for a vehicle; an
 * unknown device of a known fleet goes to the list to claim from.
 */
export function deliver(message: Message, { fleetId, device }: Sender, context: DeliverContext): Delivery {
  const { address, payload, topic, received, part } = message;
  const refuse = (reason: Rejection['reason'], detail: string): Delivery => ({
    ...envelope(message, { fleetId, device }),
    rejections: [{ reason, detail, payload }],
  });

  if (part?.flaw !== undefined) return refuse(part.flaw.reason, part.flaw.detail);
  if (address === undefined) {
    return fleetId === undefined
      ? refuse('topic', `${topic} carries no data`)
      : refuse('unknown_device', 'neither the topic nor the payload names one device');
  }
  if (fleetId === undefined) return refuse('unknown_device', `no fleet is called ${address.fleet}`);
  if (device === undefined) {
    const knock: Knock = {
      fleetId,
      device: address.device,
      payload: part === undefined ? payload : (textOf(part.elements) ?? payload),
    };
    return { ...envelope(message, { fleetId, device }), knock };
  }
  const { deviceId, assignments } = device;
  const vehicleId =
    device.vehicleId ?? assignments?.findLast((each) => each.vehicleId !== undefined)?.vehicleId;
  if (vehicleId === undefined) return refuse('unknown_device', `${address.device} speaks for no vehicle yet`);
  const all = decoded(message, address, { origin: { fleetId, vehicleId, deviceId }, device }, context);
  const { fixes, reports, rejections, answers } =
    assignments === undefined ? all : assigned(all, assignments, message);
  return {
    topic,
    received,
    fleetId,
    deviceId,
    knock: undefined,
    bytes: part?.bytes ?? payload.length,
    acknowledge: message.acknowledge,
    fixes,
    reports,
    rejections,
    answers,
  };
}

function decoded(
  { topic, payload, received, part }: Message,
  { channel, route: byTopic }: Address,
  { origin, device }: { readonly origin: Origin; readonly device: Device },
  { limits, assemblies, formats }: DeliverContext,
): Decoded {
  if (part !== undefined) {
    return decodeElements(part.elements, { channel, payload, received, isPart: true }, origin, limits);
  }
  // Its own profile says more than the settings of the installation.
  const isNamed = channel === 'telemetry' && device.profile !== undefined && isOwnTopic(topic);
  const route = (isNamed ? formats.named(device.profile) : undefined) ?? byTopic;
  return route === undefined
    ? decode({ channel, payload, received }, origin, limits)
    : decodeForeign({ payload, received, origin, limits }, route, assemblies);
}

const isOwnTopic = (topic: string): boolean => topic.startsWith('fleet/');

/** Fixes, reports and answers of a device that has changed vehicles, each for the vehicle of its own time. */
function assigned(
  { fixes, reports, rejections, answers = [] }: Decoded,
  assignments: readonly Assignment[],
  { payload }: Message,
): Decoded {
  const at = (instant: number) => assignments.findLast(({ from }) => from <= instant)?.vehicleId;
  const of = <T extends { readonly at: number }>(each: T) => {
    const vehicleId = at(each.at);
    return vehicleId === undefined ? [] : [{ ...each, vehicleId }];
  };
  const placed = { fixes: fixes.flatMap(of), reports: reports.flatMap(of), answers: answers.flatMap(of) };
  const count = (all: Omit<Decoded, 'rejections'>) =>
    all.fixes.length + all.reports.length + (all.answers?.length ?? 0);
  const lost = count({ fixes, reports, answers }) - count(placed);
  if (lost === 0) return { ...placed, rejections };
  const detail = `${lost} of a time at which the device spoke for no vehicle`;
  return { ...placed, rejections: [...rejections, { reason: 'unknown_device', detail, payload }] };
}

function envelope(message: Message, { fleetId, device }: Sender): Delivery {
  return {
    topic: message.topic,
    received: message.received,
    fleetId,
    deviceId: device?.deviceId,
    knock: undefined,
    bytes: message.part?.bytes ?? message.payload.length,
    acknowledge: message.acknowledge,
    fixes: [],
    reports: [],
    rejections: [],
  };
}
