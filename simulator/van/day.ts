import type { Answer } from '../../schemas/down.ts';
import type { StopReport } from '../../schemas/fix.ts';
import type { TrueDisruption } from './disruptions.ts';
import type { Driver } from './driver.ts';
import type { TrueHandover } from './meetings.ts';
import type { DeviceOrder } from './orders.ts';
import type { Stretch } from './stretches.ts';
import type { Deed } from './temper.ts';
import type { Track } from './track.ts';

/** A stop as it was really served: from standing still to driving off. */
export type TrueVisit = {
  readonly stop: string;
  readonly arrivedAt: number;
  readonly departedAt: number;
  readonly outcome: 'served' | 'failed';
  readonly reason?: string | undefined;
};

/** What a van's device can know: it grows while the van drives, and is never changed behind `now`. */
export type DeviceView = {
  readonly vehicle: string;
  readonly track: Track;
  /** Instant from which the device reports, where that is not the beginning of the track. */
  readonly onAirFrom?: number | undefined;
  readonly engineOff: readonly Stretch[];
  readonly doorOpen: readonly Stretch[];
  readonly unbelted: readonly Stretch[];
  /** What was done harshly or too fast, by instants. */
  readonly deeds: readonly Deed[];
  readonly isElectric: boolean;
  /** Metres on the odometer when the day began, and the share of tank or battery. */
  readonly odometer: number;
  readonly energy: number;
  readonly reports: readonly StopReport[];
  /** What the device says of what it was sent, and what it does about it; each by its instant. */
  readonly answers: readonly Answer[];
  readonly deviceOrders: readonly DeviceOrder[];
  /** Other vans that the device was moved to. */
  readonly swaps: readonly VanSwap[];
};

/** From `at` on the device is in another van, with its own odometer and tank. */
export type VanSwap = {
  readonly at: number;
  /** Metres driven that day until then. */
  readonly driven: number;
  readonly odometer: number;
  readonly energy: number;
};

/** A stop that was driven past, since its parcels were not in the van. */
export type TrueSkip = { readonly stop: string; readonly at: number };

/** From the gate out to the gate in; a van that is called out again has two. */
export type Outing = { readonly leftAt: number; readonly returnedAt: number };

/** Everything that really happened to one van on one shift, whatever its device made of it. */
export type VanDay = DeviceView & {
  readonly route: string;
  readonly driver: Driver;
  readonly visits: readonly TrueVisit[];
  readonly leftAt: number;
  readonly returnedAt: number;
  readonly outings: readonly Outing[];
  /** Lunch and other standing that is no stop. */
  readonly rests: readonly Stretch[];
  readonly handovers: readonly TrueHandover[];
  readonly skipped: readonly TrueSkip[];
  /** What went wrong for this van; that of places is in the scenario. */
  readonly disruptions: readonly TrueDisruption[];
};
