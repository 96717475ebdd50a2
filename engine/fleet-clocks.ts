import type { FixColumns } from '../schemas/batch.ts';

type FleetClock = { at: number; received: number; minute: number; changed: Set<number> };

/** Where each fleet is in event time, and which of its vehicles moved since someone asked. */
export type FleetClocks = {
  readonly see: (batches: readonly FixColumns[]) => void;
  /**
   * The fleet's clock: its newest fix, plus the wall time since that came in; never ahead of the
   * wall. Undefined before its first fix.
   */
  readonly of: (fleetId: number) => number | undefined;
  /** Vehicles heard since the last call. */
  readonly takeChanged: (fleetId: number) => readonly number[];
  /** Whether the clock has reached another interval of so many seconds since the last yes. */
  readonly turned: (fleetId: number, seconds: number) => boolean;
};

export function openFleetClocks(now: () => number): FleetClocks {
  const clocks = new Map<number, FleetClock>();
  const of = (fleetId: number): number | undefined => {
    const clock = clocks.get(fleetId);
    if (!clock || clock.at === Number.NEGATIVE_INFINITY) return undefined;
    const wall = now();
    return Math.min(wall, clock.at + Math.max(0, wall - clock.received));
  };
  return {
    see(batches) {
      for (const { count, numbers } of batches) {
        for (let i = 0; i < count; i++) {
          if (numbers.flags[i] !== 0) continue;
          const fleetId = numbers.fleetId[i]!;
          let clock = clocks.get(fleetId);
          if (!clock) {
            clock = { at: Number.NEGATIVE_INFINITY, received: 0, minute: 0, changed: new Set() };
            clocks.set(fleetId, clock);
          }
          clock.changed.add(numbers.vehicleId[i]!);
          if (numbers.at[i]! <= clock.at) continue;
          clock.at = numbers.at[i]!;
          clock.received = numbers.received[i]!;
        }
      }
    },
    of,
    takeChanged(fleetId) {
      const clock = clocks.get(fleetId);
      if (!clock) return [];
      const changed = [...clock.changed];
      clock.changed = new Set();
      return changed;
    },
    turned(fleetId, seconds) {
      const clock = clocks.get(fleetId);
      const at = of(fleetId);
      if (!clock || at === undefined) return false;
      const minute = Math.floor(at / seconds);
      if (minute <= clock.minute) return false;
      clock.minute = minute;
      return true;
    },
  };
}
