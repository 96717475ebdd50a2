import { metresFromKm, mpsFromKmh, shareFromPercent } from '../../schemas/units.ts';
import { countOf, msOfSeconds, numberOf, truthOf, unlessNegative } from './coerce.ts';
import type { Fields, ScalarFormat } from './format.ts';

/** OVMS says below which quality of the signal a position is unusable, percent. */
const QUALITY_MIN = 30;

/**
 * OVMS v3, one metric a topic (https://docs.openvehicles.com/en/latest/userguide/metrics.html):
 * `ovms/{user}/{vehicle}/metric/v/p/latitude` and so on, bare text.
 */
export const ovms: ScalarFormat = {
  kind: 'scalars',
  name: 'ovms',
  title: 'OVMS v3 metrics',
  units:
    'speed in km/h, odometer in kilometres, state of charge in percent; the time is v/p/gpstime, else that of receipt',
  topics: ['ovms/+/{device}/metric/#'],
  recognises: () => false,
  signals({ text }, rest) {
    const read = metrics.get(rest.join('/'));
    if (read === undefined) return undefined;
    return { kind: 'signals', ...read(text.trim()) };
  },
};

type Said = { readonly fields: Fields; readonly hasLock?: boolean | undefined };

const field =
  (name: keyof Fields, read: (text: string) => unknown) =>
  (text: string): Said => ({ fields: { [name]: read(text) } });

const door = field('door', truthOf);

/** OVMS writes truths as yes and no. */
const metrics: ReadonlyMap<string, (text: string) => Said> = new Map([
  ['v/p/latitude', field('lat', numberOf)],
  ['v/p/longitude', field('lng', numberOf)],
  ['v/p/gpstime', field('ts', msOfSeconds)],
  ['v/p/speed', field('speed', (text) => unlessNegative(text, mpsFromKmh))],
  ['v/p/gpsspeed', field('speed', (text) => unlessNegative(text, mpsFromKmh))],
  ['v/p/direction', field('heading', unlessNegativeText)],
  ['v/p/altitude', field('altitude', numberOf)],
  ['v/p/satcount', field('satellites', countOf)],
  ['v/p/odometer', field('odometer', (text) => unlessNegative(text, metresFromKm))],
  ['v/b/soc', field('soc', (text) => unlessNegative(text, shareFromPercent))],
  ['v/e/on', field('ignition', truthOf)],
  ['v/d/fl', door],
  ['v/p/gpslock', (text) => ({ fields: {}, hasLock: truthOf(text) })],
  ['v/p/gpssq', (text) => ({ fields: {}, hasLock: (numberOf(text) ?? 0) >= QUALITY_MIN })],
]);

function unlessNegativeText(text: string): number | undefined {
  return unlessNegative(text);
}
