import type { BootTally, DeviceTally, ReasonTally, Tally } from '../tally.ts';

/** Up to this many devices a commit counts at once: that costs little beside the commit itself. */
const DEVICES_AT_ONCE = 20;
const COUNT_EVERY_MS = 1_000;

type Counts = Pick<Tally, 'devices' | 'boots' | 'reasons'>;

/**
 * What is committed and not yet added to the counters of devices. Under load a device is counted once
 * a second rather than once a commit, which would cost more than storing its fixes; until then the
 * tally of each commit stands beside its batch, so a crash loses none.
 */
export class Uncounted {
  readonly #devices = new Map<number, DeviceTally>();
  readonly #boots = new Map<string, BootTally>();
  readonly #reasons = new Map<string, ReasonTally>();
  #countedAt = Number.NEGATIVE_INFINITY;

  get isEmpty(): boolean {
    return this.#devices.size === 0;
  }

  /** Whether a commit that adds `tally` should count everything that is waiting. */
  isDue(tally: Tally): boolean {
    return (
      this.#devices.size + tally.devices.length <= DEVICES_AT_ONCE ||
      performance.now() - this.#countedAt >= COUNT_EVERY_MS
    );
  }

  add({ devices, boots, reasons }: Counts): void {
    for (const device of devices) {
      const sum = this.#devices.get(device.deviceId);
      if (sum === undefined) this.#devices.set(device.deviceId, { ...device });
      else addDevice(sum, device);
    }
    for (const boot of boots) {
      const id = `${boot.deviceId} ${boot.boot}`;
      const sum = this.#boots.get(id);
      if (sum === undefined) this.#boots.set(id, { ...boot });
      else addBoot(sum, boot);
    }
    for (const reason of reasons) {
      const id = `${reason.deviceId} ${reason.kind} ${reason.reason}`;
      const sum = this.#reasons.get(id);
      if (sum === undefined) this.#reasons.set(id, { ...reason });
      else addReason(sum, reason);
    }
  }

  /** All that waits and `tally`, as one; nothing is forgotten until `clear`. */
  with(tally: Tally): Uncounted {
    const sum = new Uncounted();
    sum.add({
      devices: [...this.#devices.values()],
      boots: [...this.#boots.values()],
      reasons: [...this.#reasons.values()],
    });
    sum.add(tally);
    return sum;
  }

  clear(): void {
    this.#devices.clear();
    this.#boots.clear();
    this.#reasons.clear();
    this.#countedAt = performance.now();
  }

  /** Columns as the statement `count` takes them. */
  columns(): unknown[][] {
    const devices = [...this.#devices.values()];
    const boots = [...this.#boots.values()];
    const reasons = [...this.#reasons.values()];
    return [
      devices.map((d) => d.deviceId),
      devices.map((d) => d.fleetId),
      devices.map((d) => d.accepted),
      devices.map((d) => d.duplicate),
      devices.map((d) => d.late),
      devices.map((d) => d.filtered),
      devices.map((d) => d.rejected),
      devices.map((d) => d.lastAt),
      devices.map((d) => d.lastReceived),
      boots.map((b) => b.deviceId),
      boots.map((b) => b.fleetId),
      boots.map((b) => b.boot),
      boots.map((b) => b.seqMin),
      boots.map((b) => b.seqMax),
      boots.map((b) => b.fixCount),
      devices.map((d) => d.skew),
      reasons.map((r) => r.deviceId),
      reasons.map((r) => r.fleetId),
      reasons.map((r) => r.kind),
      reasons.map((r) => r.reason),
      reasons.map((r) => r.times),
      reasons.map((r) => r.lastReceived),
    ];
  }
}

/** A tally as `batches.tally` holds it: bare arrays, for a fifth of the size. */
export function tallyText({ devices, boots, reasons }: Counts): string {
  return JSON.stringify([
    devices.map((d) => [
      ...[d.deviceId, d.fleetId, d.accepted, d.duplicate, d.late, d.filtered, d.rejected],
      ...[d.lastAt, d.lastReceived, d.skew],
    ]),
    boots.map((b) => [b.deviceId, b.fleetId, b.boot, b.seqMin, b.seqMax, b.fixCount]),
    reasons.map((r) => [r.deviceId, r.fleetId, r.kind, r.reason, r.times, r.lastReceived]),
  ]);
}

type Instant = number | null;
type DeviceRow = [number, number, number, number, number, number, number, Instant, Instant, Instant?];
type BootRow = [number, number, string, number, number, number];
type ReasonRow = [number, number, ReasonTally['kind'], string, number, number];

/** Also of a tally that was written before skew and reasons were counted. */
export function tallyFromText(text: string): Counts {
  const [devices, boots, reasons = []]: [DeviceRow[], BootRow[], ReasonRow[]?] = JSON.parse(text);
  return {
    devices: devices.map(
      ([
        deviceId,
        fleetId,
        accepted,
        duplicate,
        late,
        filtered,
        rejected,
        lastAt,
        lastReceived,
        skew = null,
      ]) => ({
        ...{ deviceId, fleetId, accepted, duplicate, late, filtered, rejected, lastAt, lastReceived, skew },
      }),
    ),
    boots: boots.map(([deviceId, fleetId, boot, seqMin, seqMax, fixCount]) => ({
      ...{ deviceId, fleetId, boot, seqMin, seqMax, fixCount },
    })),
    reasons: reasons.map(([deviceId, fleetId, kind, reason, times, lastReceived]) => ({
      ...{ deviceId, fleetId, kind, reason, times, lastReceived },
    })),
  };
}

function addDevice(sum: DeviceTally, more: DeviceTally): void {
  sum.accepted += more.accepted;
  sum.duplicate += more.duplicate;
  sum.late += more.late;
  sum.filtered += more.filtered;
  sum.rejected += more.rejected;
  sum.lastAt = later(sum.lastAt, more.lastAt);
  sum.lastReceived = later(sum.lastReceived, more.lastReceived);
  if (more.skew !== null && (sum.skew === null || more.skew < sum.skew)) sum.skew = more.skew;
}

function addReason(sum: ReasonTally, more: ReasonTally): void {
  sum.times += more.times;
  sum.lastReceived = Math.max(sum.lastReceived, more.lastReceived);
}

function addBoot(sum: BootTally, more: BootTally): void {
  sum.seqMin = Math.min(sum.seqMin, more.seqMin);
  sum.seqMax = Math.max(sum.seqMax, more.seqMax);
  sum.fixCount += more.fixCount;
}

/** The later of two instants, where null is none. */
export function later(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return a > b ? a : b;
}
