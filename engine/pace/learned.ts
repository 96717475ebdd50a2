import { type Calibration, noCalibration } from './calibration.ts';
import { type Sums, sumsOf } from './experience.ts';
import { noSpeeds, type Speeds } from './speeds.ts';

/** What is known of a driver from earlier shifts, against the fleet: on services in logarithms, on legs as a ratio less one. */
export type DriverRecord = {
  readonly shifts: number;
  readonly service: number;
  readonly serviceVariance: number;
  readonly travel: number;
  readonly travelVariance: number;
};

/** What a fleet's past days have taught: grows by one version a day. */
export type Learned = {
  /** Days taken in; a projection made with one version can be made again the same. */
  readonly version: number;
  /** Sums over past days, recent ones counting more. */
  readonly sums: Sums;
  readonly drivers: ReadonlyMap<number, DriverRecord>;
  /** Variance between drivers, as seen so far; undefined before that. */
  readonly between: { readonly service: number; readonly travel: number } | undefined;
  /** Variance of a driver's services (logarithm) from day to day, as seen so far. */
  readonly form: number;
  readonly calibration: Calibration;
  readonly speeds: Speeds;
};

/** A driver is another one day than the next: variance on services (logarithm) before it was seen, on legs. */
export const FORM_USUAL = 0.03 ** 2;
export const TRAVEL_FORM = 0.015 ** 2;

export const nothingLearned: Learned = {
  ...{ version: 0, sums: sumsOf([]), drivers: new Map(), between: undefined, form: FORM_USUAL },
  ...{ calibration: noCalibration, speeds: noSpeeds },
};
