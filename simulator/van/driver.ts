import type { StopReport } from '../../schemas/fix.ts';
import type { Random } from '../../schemas/random.ts';
import { msFromInstant } from '../../schemas/units.ts';
import type { Premises } from '../plan.ts';
import { dwell, normalShare, quantile } from '../report/quantiles.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { type Style, usualStyle } from './motion.ts';
import type { TemperInput } from './temper.ts';

export type Driver = {
  readonly style: Style;
  /** On the seconds spent at a stop. */
  readonly pace: number;
  readonly hasApp: boolean;
  /** Probability that a press of the app is forgotten. */
  readonly forgetful: number;
  /** Probability that the engine is switched off at a stop, and that a leg is driven unbelted. */
  readonly switchesOff: number;
  readonly unbelted: number;
  /** How often something is done harshly, and a motorway driven too fast. */
  readonly temper: Omit<TemperInput, 'chance'>;
  /** Seconds after planned departure. */
  readonly lateStart: number;
  readonly lunch: number;
  readonly lunchAfter: number;
};

/** What really is spent follows what was planned this closely (correlation of the normal scores). */
export const PLANNED_EFFORT = 0.6;
const SERVICE_MIN = 24;
/** Who drives hard is harsh and too fast so many times as often as others. */
const HARD = 6;

export function driverOf(scenario: Scenario, chance: Random): Driver {
  const { driver, app } = scenario;
  const isSlow = chance.chance(driver.slow);
  const own = Math.exp(driver.spread * chance.normal());
  const temper = chance.fork('temper').chance(driver.hard) ? HARD : 1;
  return {
    style: {
      speedFactor: usualStyle.speedFactor * chance.between(0.92, 1.08),
      acceleration: usualStyle.acceleration * chance.between(0.85, 1.2),
      braking: usualStyle.braking * chance.between(0.85, 1.2),
    },
    pace: own * (isSlow ? 1.33 : 1),
    hasApp: chance.chance(app.vans),
    forgetful: app.forgotten,
    switchesOff: chance.between(0.7, 0.98),
    unbelted: chance.chance(0.15) ? 0.05 : 0.003,
    temper: { harsh: Math.min(1, driver.harsh * temper), speeding: Math.min(1, driver.speeding * temper) },
    lateStart: Math.min(900, chance.lognormal(4.3, 0.7)),
    lunch: driver.lunchMinutes === 0 ? 0 : driver.lunchMinutes * 60 * chance.between(0.8, 1.25),
    lunchAfter: chance.between(3.6, 5) * 3600,
  };
}

/** Seconds at a stop: the measured distribution, related to the plan, times the driver's own pace. */
export function serviceTime(driver: Driver, effort: number, chance: Random): number {
  const score = PLANNED_EFFORT * effort + Math.sqrt(1 - PLANNED_EFFORT ** 2) * chance.normal();
  return Math.max(SERVICE_MIN, quantile(dwell, normalShare(score)) * driver.pace);
}

type PressesInput = {
  readonly driver: Driver;
  readonly stop: string;
  readonly premises: Premises;
  readonly arrivedAt: number;
  readonly departedAt: number;
  readonly outcome: 'served' | 'failed';
  /** Why it failed, where that does not lie with the stop's own chance. */
  readonly reason?: string | undefined;
  readonly chance: Random;
};

/** Why a delivery is attempted in vain, the commonest first. */
const failures: Readonly<Record<Premises, readonly string[]>> = {
  house: ['nobody home', 'nobody home', 'address not found', 'refused'],
  apartment: ['no access', 'nobody home', 'address not found', 'refused'],
  business: ['refused', 'nobody to sign', 'address not found', 'no access'],
};

/** What the driver presses: arrived when stepping out, the outcome at the door, departed when back. */
export function pressesOf(input: PressesInput): { readonly reports: StopReport[]; readonly reason: string } {
  const { driver, stop, premises, arrivedAt, departedAt, outcome, chance } = input;
  const spent = departedAt - arrivedAt;
  const drawn = chance.pick(failures[premises]);
  const reason = input.reason ?? drawn;
  const arrived = arrivedAt + Math.min(chance.between(2, 9), spent * 0.2);
  const handed = arrivedAt + spent * chance.between(0.5, 0.8);
  const departed = departedAt - Math.min(chance.between(1, 5), spent * 0.1);
  const presses: StopReport[] = [
    { ts: msFromInstant(arrived), stop, kind: 'arrived' },
    outcome === 'served'
      ? { ts: msFromInstant(handed), stop, kind: 'delivered' }
      : { ts: msFromInstant(handed), stop, kind: 'failed', reason },
    { ts: msFromInstant(departed), stop, kind: 'departed' },
  ];
  // Drawn for every press, app or none, so that one van's app shifts no other chance.
  const kept = presses.filter(() => !chance.chance(driver.forgetful));
  return { reports: driver.hasApp ? kept : [], reason };
}
