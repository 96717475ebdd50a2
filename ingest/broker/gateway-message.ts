import { topicName } from '../../schemas/topics.ts';
import { parseJson, textOf } from '../decode/decode.ts';
import type { DecodeLimits, Flaw } from '../decode/decoded.ts';
import type { Message } from './delivery.ts';

/**
 * A gateway's message as messages of its devices, in the order in which they first occur. It is
 * acknowledged when the last of them is stored; what names no device is one that is rejected.
 */
export function partsOf(message: Message, limits: DecodeLimits): readonly Message[] {
  const { payload, fleet = '' } = message;
  if (payload.length > limits.messageBytes) {
    return whole(message, 'too_large', `${payload.length} bytes, the limit is ${limits.messageBytes}`);
  }
  const elements = parseJson(payload);
  if (elements === undefined) return whole(message, 'json', `${payload.length} bytes that are not JSON`);
  if (!Array.isArray(elements) || elements.length === 0)
    return whole(message, 'shape', 'a gateway’s message is an array of fixes');
  const { length } = elements;
  if (length > limits.fixesPerMessage) {
    return whole(message, 'too_many', `${length} in one message, the limit is ${limits.fixesPerMessage}`);
  }
  const byDevice = new Map<string, unknown[]>();
  const nameless: { readonly element: unknown; readonly index: number }[] = [];
  for (let index = 0; index < length; index++) {
    const element: unknown = elements[index];
    const device = deviceOf(element);
    if (device === undefined) nameless.push({ element, index });
    else {
      const others = byDevice.get(device);
      if (others === undefined) byDevice.set(device, [element]);
      else others.push(element);
    }
  }
  const acknowledge = afterAll(byDevice.size + nameless.length, message.acknowledge);
  const bytesOf = (count: number) => Math.ceil((payload.length * count) / length);
  const bare: Message = { ...message, isGathered: false, acknowledge };
  return [
    ...[...byDevice].map(
      ([device, own]): Message => ({
        ...bare,
        address: { fleet, device, channel: 'telemetry' },
        part: { elements: own, bytes: bytesOf(own.length) },
      }),
    ),
    ...nameless.map(({ element, index }): Message => {
      const detail = `element ${index} of ${length}: device: must name the device that the fix is of`;
      const part = { elements: [], bytes: bytesOf(1), flaw: { reason: 'shape', detail } as const };
      return { ...bare, address: undefined, payload: textOf(element) ?? payload, part };
    }),
  ];
}

function deviceOf(element: unknown): string | undefined {
  if (typeof element !== 'object' || element === null) return undefined;
  const { device } = element as { readonly device?: unknown };
  return typeof device === 'string' && topicName.test(device) ? device : undefined;
}

function whole(message: Message, reason: Flaw['reason'], detail: string): readonly Message[] {
  const part = { elements: [], bytes: message.payload.length, flaw: { reason, detail } };
  return [{ ...message, isGathered: false, part }];
}

/** Calls `then` at the last of `count` calls. */
function afterAll(count: number, then: () => void): () => void {
  let left = count;
  return () => {
    left--;
    if (left === 0) then();
  };
}
