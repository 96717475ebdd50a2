import type { Fix } from '../schemas/fix.ts';
import { type FixFlag, fixFlags } from '../schemas/reasons.ts';
import type { Delivery } from './broker/delivery.ts';

/** What one commit adds to `device_counters`. Instants are null when no fix was new. */
export type DeviceTally = {
  readonly deviceId: number;
  readonly fleetId: number;
  accepted: number;
  duplicate: number;
  late: number;
  filtered: number;
  rejected: number;
  lastAt: number | null;
  lastReceived: number | null;
  /** Seconds from the device's word for now to ours, the least of the commit; null: it said nothing of now. */
  skew: number | null;
};

/** What one commit adds to `device_reasons`. */
export type ReasonTally = {
  readonly deviceId: number;
  readonly fleetId: number;
  readonly kind: 'filtered' | 'rejected';
  readonly reason: string;
  times: number;
  lastReceived: number;
};

/** What one commit adds to `device_boots`. */
export type BootTally = {
  readonly deviceId: number;
  readonly fleetId: number;
  readonly boot: string;
  seqMin: number;
  seqMax: number;
  fixCount: number;
};

/** What one commit adds to `ingest_minutes`. */
export type MinuteTally = {
  readonly fleetId: number;
  /** Instant at which the minute begins. */
  readonly minute: number;
  messages: number;
  accepted: number;
  duplicate: number;
  late: number;
  filtered: number;
  rejected: number;
};

export type Tally = {
  readonly devices: readonly DeviceTally[];
  readonly boots: readonly BootTally[];
  readonly reasons: readonly ReasonTally[];
  readonly minutes: readonly MinuteTally[];
  /** Newest fix of each vehicle that this batch moved; to be remembered once it is committed. */
  readonly newest: ReadonlyMap<number, number>;
};

/**
 * Counts one batch. `isNew(n)` says whether fix n of the batch (in order of its deliveries) was
 * stored by it; `newestAt` gives the newest fix known of a vehicle before this batch. A fix is late
 * when it arrives behind a newer one of its vehicle.
 */
export function tally(
  deliveries: readonly Delivery[],
  isNew: (n: number) => boolean,
  newestAt: (vehicleId: number) => number | undefined,
): Tally {
  const devices = new Map<number, DeviceTally>();
  const boots = new Map<number, BootTally[]>();
  const minutes = new Map<number, MinuteTally>();
  const reasons = new Map<string, ReasonTally>();
  const newest = new Map<number, number>();
  let n = 0;
  for (const delivery of deliveries) {
    const minute = minuteOf(minutes, delivery);
    const sender = deviceOf(devices, delivery);
    const rejected = delivery.rejections.length + (delivery.knock === undefined ? 0 : 1);
    if (minute) {
      minute.messages += delivery.messages ?? 1;
      minute.rejected += rejected;
    }
    if (sender) {
      sender.rejected += rejected;
      for (const { reason } of delivery.rejections)
        because(reasons, sender, 'rejected', reason, delivery.received);
    }
    for (const fix of delivery.fixes) {
      const device = deviceOf(devices, fix);
      const before = newest.get(fix.vehicleId) ?? newestAt(fix.vehicleId) ?? Number.NEGATIVE_INFINITY;
      const outcome = { isNew: isNew(n++), isLate: fix.at < before, isFiltered: fix.flags !== 0 };
      if (minute) count(minute, outcome);
      if (device) count(device, outcome);
      if (!outcome.isNew) continue;
      if (device && outcome.isFiltered) {
        for (const name of flagNames) {
          if ((fix.flags & fixFlags[name]) !== 0) because(reasons, device, 'filtered', name, fix.received);
        }
      }
      if (device) {
        device.lastReceived = Math.max(device.lastReceived ?? fix.received, fix.received);
        // What was kept on the device says when it was sent, or nothing of its clock.
        if (fix.sent !== undefined || fix.buffered !== true) {
          const skew = fix.received - (fix.sent ?? fix.at);
          if (device.skew === null || skew < device.skew) device.skew = skew;
        }
      }
      // A clock ahead of time would make every right fix after it late, so it moves nothing.
      if ((fix.flags & fixFlags.clock_future) === 0) {
        if (device) device.lastAt = Math.max(device.lastAt ?? fix.at, fix.at);
        if (fix.at > before) newest.set(fix.vehicleId, fix.at);
      }
      if (fix.seq !== undefined) countBoot(boots, fix, fix.seq);
    }
  }
  return {
    devices: [...devices.values()],
    boots: [...boots.values()].flat(),
    reasons: [...reasons.values()],
    minutes: [...minutes.values()],
    newest,
  };
}

function count(
  into: { accepted: number; duplicate: number; late: number; filtered: number },
  outcome: { readonly isNew: boolean; readonly isLate: boolean; readonly isFiltered: boolean },
): void {
  if (!outcome.isNew) {
    into.duplicate++;
    return;
  }
  into.accepted++;
  if (outcome.isLate) into.late++;
  if (outcome.isFiltered) into.filtered++;
}

const flagNames = Object.keys(fixFlags) as FixFlag[];

function because(
  reasons: Map<string, ReasonTally>,
  { deviceId, fleetId }: DeviceTally,
  kind: ReasonTally['kind'],
  reason: string,
  received: number,
): void {
  const id = `${deviceId} ${kind} ${reason}`;
  const known = reasons.get(id);
  if (known === undefined) {
    reasons.set(id, { deviceId, fleetId, kind, reason, times: 1, lastReceived: received });
    return;
  }
  known.times++;
  known.lastReceived = Math.max(known.lastReceived, received);
}

/** A device seldom has more than one boot in a batch, so a list is the quickest map. */
function countBoot(boots: Map<number, BootTally[]>, fix: Fix, seq: number): void {
  const boot = fix.boot ?? '';
  const { deviceId, fleetId } = fix;
  const ofDevice = boots.get(deviceId);
  const known = ofDevice?.find((tally) => tally.boot === boot);
  if (known !== undefined) {
    known.seqMin = Math.min(known.seqMin, seq);
    known.seqMax = Math.max(known.seqMax, seq);
    known.fixCount++;
    return;
  }
  const first = { deviceId, fleetId, boot, seqMin: seq, seqMax: seq, fixCount: 1 };
  if (ofDevice === undefined) boots.set(deviceId, [first]);
  else ofDevice.push(first);
}

function deviceOf(
  devices: Map<number, DeviceTally>,
  { deviceId, fleetId }: Pick<Delivery, 'deviceId' | 'fleetId'>,
): DeviceTally | undefined {
  if (deviceId === undefined || fleetId === undefined) return undefined;
  const known = devices.get(deviceId);
  if (known !== undefined) return known;
  const device: DeviceTally = {
    deviceId,
    fleetId,
    accepted: 0,
    duplicate: 0,
    late: 0,
    filtered: 0,
    rejected: 0,
    lastAt: null,
    lastReceived: null,
    skew: null,
  };
  devices.set(deviceId, device);
  return device;
}

/** Minutes since the epoch stay below this until the year 4010. */
const MINUTES_MAX = 2 ** 30;

function minuteOf(minutes: Map<number, MinuteTally>, delivery: Delivery): MinuteTally | undefined {
  const { fleetId, received } = delivery;
  if (fleetId === undefined) return undefined;
  const number = Math.floor(received / 60);
  const id = fleetId * MINUTES_MAX + number;
  const known = minutes.get(id);
  if (known !== undefined) return known;
  const minute: MinuteTally = {
    fleetId,
    minute: number * 60,
    messages: 0,
    accepted: 0,
    duplicate: 0,
    late: 0,
    filtered: 0,
    rejected: 0,
  };
  minutes.set(id, minute);
  return minute;
}
