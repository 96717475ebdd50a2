import type { Device } from '../access/directory.ts';
import { decode, decodeElements, textOf } from '../decode/decode.ts';
import type { DecodeLimits, Rejection } from '../decode/decoded.ts';
import type { Assemblies } from '../formats/assemblies.ts';
import { decodeForeign } from '../formats/decode-foreign.ts';
import type { Delivery, Knock, Message } from './delivery.ts';

/** What is known of the publisher of a message: its fleet, and its device in it. */
export type Sender = { readonly fleetId: number | undefined; readonly device: Device | undefined };

/**
 * What is to be stored of one message. Data counts only from a device that speaks for a vehicle; an
 * unknown device of a known fleet goes to the list to claim from.
 */
export function deliver(
  message: Message,
  { fleetId, device }: Sender,
  { limits, assemblies }: { readonly limits: DecodeLimits; readonly assemblies: Assemblies },
): Delivery {
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
  const { vehicleId, deviceId } = device;
  if (vehicleId === undefined) return refuse('unknown_device', `${address.device} speaks for no vehicle yet`);
  const origin = { fleetId, vehicleId, deviceId };
  const { channel, route } = address;
  const decoded =
    part !== undefined
      ? decodeElements(part.elements, { channel, payload, received, isPart: true }, origin, limits)
      : route === undefined
        ? decode({ channel, payload, received }, origin, limits)
        : decodeForeign({ payload, received, origin, limits }, route, assemblies);
  return {
    topic,
    received,
    fleetId,
    deviceId,
    knock: undefined,
    bytes: part?.bytes ?? payload.length,
    acknowledge: message.acknowledge,
    fixes: decoded.fixes,
    reports: decoded.reports,
    rejections: decoded.rejections,
  };
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
