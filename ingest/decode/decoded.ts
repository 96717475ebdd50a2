import type { Fix, StopReport } from '../../schemas/fix.ts';
import type { RejectionReason } from '../../schemas/reasons.ts';

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
  readonly channel: 'telemetry' | 'stops';
  readonly payload: Uint8Array;
  /** Instant of receipt. */
  readonly received: number;
  /** Its elements are part of a larger message, which is not theirs to be kept. */
  readonly isPart?: boolean | undefined;
};
