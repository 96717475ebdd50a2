import { type Random, random } from '../../schemas/random.ts';
import type { Scenario } from '../../simulator/scenario/scenario.ts';

/** A kind of day: drivers as the simulator has them, and what happens to all of them beside that. */
export type World = {
  readonly name: string;
  readonly driver?: Partial<Scenario['driver']>;
  readonly startHour?: number;
  readonly random?: Scenario['random'];
  /** Factors on services and on legs for the whole fleet, at the start of the day and ten hours on … */
  readonly service?: readonly [number, number];
  readonly travel?: readonly [number, number];
  /** … from this day on, the first being 0. */
  readonly driftsFrom?: number;
  /** Noise that neighbouring stops of a route share: its spread (σ of the logarithm), in stops how long. */
  readonly shared?: { readonly spread: number; readonly stops: number };
  /** How a driver's pace differs from day to day (σ of the logarithm). */
  readonly form?: number;
  /** Share of routes driven by somebody who never drove for the fleet before. */
  readonly newcomers?: number;
};

/** What goes wrong on an ordinary day: jams, closed roads, breakdowns, late waves, stops that come in between. */
const ordinary: Scenario['random'] = {
  jam: { perDay: 1 },
  'closed-road': { perDay: 0.5 },
  breakdown: { perVanDay: 0.01 },
  'load-out-delay': { perStationDay: 0.05 },
  'heavy-route': { perVanDay: 0.02 },
  'added-stops': { perVanDay: 0.03 },
};

const bad: Scenario['random'] = {
  jam: { perDay: 4 },
  'closed-road': { perDay: 2 },
  breakdown: { perVanDay: 0.03 },
  'van-swap': { perVanDay: 0.01 },
  'driver-call-out': { perVanDay: 0.02 },
  'load-out-delay': { perStationDay: 0.2 },
  'heavy-route': { perVanDay: 0.08 },
  'added-stops': { perVanDay: 0.1 },
};

/** Noise settings of which an estimator may have been tuned on other seeds. */
const named: readonly World[] = [
  { name: 'demo' },
  {
    name: 'varied',
    driver: { spread: 0.15, slow: 0.2, swap: 0.04, failed: 0.03 },
    form: 0.05,
    newcomers: 0.2,
  },
  { name: 'drifted', service: [1.04, 1.1], travel: [1.06, 1.14], driftsFrom: 5 },
  { name: 'disrupted', random: bad, driver: { swap: 0.03, failed: 0.01 } },
  {
    name: 'zones',
    shared: { spread: 0.1, stops: 15 },
    driver: { swap: 0.03, failed: 0.01 },
    service: [1.06, 1.06],
  },
  { name: 'short', driver: { lunchMinutes: 0, spread: 0.12 }, startHour: 12, service: [0.95, 0.95] },
];

/** Settings that nobody has seen: drawn with the seed of a run. */
function drawn(name: string, chance: Random): World {
  const span = (least: number, most: number): readonly [number, number] => {
    const from = chance.between(least, most);
    return [from, from * chance.between(0.97, 1.06)];
  };
  const often = chance.between(0, 1);
  const rates = Object.entries(bad).map(([kind, rate]) => [
    kind,
    Object.fromEntries(Object.entries(rate).map(([of, value]) => [of, often * Number(value)])),
  ]);
  return {
    name,
    driver: {
      spread: chance.between(0.04, 0.16),
      slow: chance.between(0, 0.2),
      swap: chance.between(0, 0.06),
      failed: chance.between(0.005, 0.03),
      lunchMinutes: 5 * (4 + chance.integer(7)),
    },
    startHour: chance.between(6.5, 12),
    random: Object.fromEntries(rates) as Scenario['random'],
    service: span(0.92, 1.12),
    travel: span(0.92, 1.15),
    driftsFrom: chance.integer(8),
    shared: { spread: chance.between(0, 0.12), stops: chance.between(4, 30) },
    form: chance.between(0, 0.06),
    newcomers: chance.between(0, 0.25),
  };
}

/** The worlds of a run: some that are always the same but for their dice, some that no run had before. */
export function worldsOf(seed: string): World[] {
  const strange = ['strange a', 'strange b'].map((name) => drawn(name, random(`${seed}/${name}`)));
  return [...named, ...strange].map((world) => ({ random: ordinary, form: 0.03, newcomers: 0.08, ...world }));
}
