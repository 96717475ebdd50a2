import type { Answer } from '../../schemas/down.ts';
import type { Fix, StopReport } from '../../schemas/fix.ts';
import type { RejectionReason } from '../../schemas/reasons.ts';

/** The channels of a device that are stored. */
export type DataChannel = 'telemetry' | 'stops' | 'answers';

/** Whose data it is: the topic says it, and the broker has authorised the topic. */
export type Origin = {
  readonly fleetId: number;
  readonly vehicleId: number;
  readonly deviceId: number;
};

/** One stop report, as the tables hold it. Key: vehicleId, at, stopCode, kind. */
export type Report = Origin & {
  /** Instant, whole milliseconds. */
  readonly at: number;
  readonly stopCode: string;
  readonly kind: StopReport['kind'];
  readonly reason?: string | undefined;
  readonly received: number;
};

/** What a device says of something that was sent down to it. */
export type Answered = Origin & {
  readonly about:
    | { readonly kind: 'command'; readonly id: string }
    | { readonly kind: 'route'; readonly route: string; readonly version: number }
    | { readonly kind: 'handover'; readonly id: string }
    /**
     * The device cannot say of which: it is the command that has waited longest, of one kind if that is
     * said. Then it may also be none: the device does such things by itself.
     */
    | { readonly kind: 'oldest'; readonly of?: string | undefined };
  readonly state: Answer['state'];
  /** Instant of the device's clock. */
  readonly at: number;
  readonly reason?: string | undefined;
  /** The whole answer as JSON that the database can hold. */
  readonly text: string;
  /** As it came: what is kept when nothing was sent that it answers. */
  readonly payload: Uint8Array;
};

export type Rejection = {
  readonly reason: RejectionReason;
  readonly detail: string;
  /** The offending part: the whole payload, or one element of its array. */
  readonly payload: Uint8Array;
};

export type Decoded = {
  readonly fixes: readonly Fix[];
  readonly reports: readonly Report[];
  readonly rejections: readonly Rejection[];
  readonly answers?: readonly Answered[] | undefined;
};

/** What a value is that could not be used: a code and a sentence that names the field. */
export type Flaw = { readonly reason: RejectionReason; readonly detail: string };

export type DecodeLimits = {
  readonly messageBytes: number;
  readonly fixesPerMessage: number;
  readonly accuracyMax: number;
  readonly clockFloor: number;
  readonly clockAheadMax: number;
};

export type Undecoded = {
  readonly channel: DataChannel;
  readonly payload: Uint8Array;
  /** Instant of receipt. */
  readonly received: number;
  /** Its elements are part of a larger message, which is not theirs to be kept. */
  readonly isPart?: boolean | undefined;
};
