import { parseDeviceTopic } from '../../schemas/topics.ts';
import type { DataChannel, Decoded, Flaw } from '../decode/decoded.ts';
import type { Route } from '../formats/registry.ts';

/** Which device a message is from, and what it carries. */
export type Address = {
  readonly fleet: string;
  readonly device: string;
  readonly channel: DataChannel;
  /** The foreign format it is in; none: our own. */
  readonly route?: Route | undefined;
};

/** What of a gateway's message is one device's. */
export type Part = {
  readonly elements: readonly unknown[];
  /** Why it cannot be anybody's. */
  readonly flaw?: Flaw | undefined;
  /** Its share of the payload, for the bounds. */
  readonly bytes: number;
};

/** A message as a source hands it over. */
export type Message = {
  readonly topic: string;
  /** Undefined when the topic is none that carries data. */
  readonly address: Address | undefined;
  /** The fleet of a gateway whose message names no device, so that it has no address. */
  readonly fleet?: string | undefined;
  /** It holds fixes of many devices, on the topic of their gateway; see `partsOf`. */
  readonly isGathered?: boolean | undefined;
  /** One device's part of such a message: its fixes, parsed, or what is wrong with it. */
  readonly part?: Part | undefined;
  readonly payload: Uint8Array;
  /** Instant of receipt. */
  readonly received: number;
  /** Whether its publisher may make an unknown device known. */
  readonly mayRegister: boolean;
  /** Called once, after the commit that holds all of this message. */
  readonly acknowledge: () => void;
  /** Told, before the commit, what was found in it. */
  readonly judged?: ((delivery: Delivery) => void) | undefined;
};

/** A device that knocked and is not known. */
export type Knock = { readonly fleetId: number; readonly device: string; readonly payload: Uint8Array };

/** A message with all that came of it, ready to be stored; or many that were read at once. */
export type Delivery = Decoded & {
  readonly topic: string;
  /** The topic of each fix, where they are of many. */
  readonly topics?: readonly string[] | undefined;
  /** How many messages it is; undefined: one. */
  readonly messages?: number | undefined;
  readonly received: number;
  readonly fleetId: number | undefined;
  /** Whose everything but the fixes is: they say it themselves. */
  readonly deviceId: number | undefined;
  readonly knock: Knock | undefined;
  /** Size of the payload, for the bounds. */
  readonly bytes: number;
  readonly acknowledge: () => void;
};

export function addressOf(topic: string): Address | undefined {
  const parts = parseDeviceTopic(topic);
  if (parts === undefined) return undefined;
  const { fleet, device, channel } = parts;
  return isDataChannel(channel) ? { fleet, device, channel } : undefined;
}

const isDataChannel = (channel: string): channel is DataChannel =>
  channel === 'telemetry' || channel === 'stops' || channel === 'answers';
