import { metresFromKm, mpsFromKmh, shareFromPercent } from '../../schemas/units.ts';
import { isRecord, numberOf, truthOf, unlessNegative } from './coerce.ts';
import { type Fields, flawOf, type ScalarFormat } from './format.ts';

/**
 * TeslaMate's topics (https://docs.teslamate.org/docs/integrations/mqtt/): one value each, the
 * place as an object. They carry no time of the fix, so it is that of receipt.
 */
export const teslamate: ScalarFormat = {
  kind: 'scalars',
  name: 'teslamate',
  title: 'TeslaMate',
  units:
    'speed in km/h, odometer in kilometres, battery level in percent; the time is that of receipt, so it is of low trust',
  topics: ['teslamate/cars/{device}/#'],
  recognises: () => false,
  signals({ json, text }, rest) {
    const name = rest.join('/');
    if (name === 'location') {
      if (!isRecord(json)) return flawOf('shape', 'location: must be an object');
      return { kind: 'signals', fields: { lat: numberOf(json.latitude), lng: numberOf(json.longitude) } };
    }
    const fields = scalars.get(name)?.(text.trim());
    return fields === undefined ? undefined : { kind: 'signals', fields };
  },
};

const scalars: ReadonlyMap<string, (text: string) => Fields> = new Map<string, (text: string) => Fields>([
  ['latitude', (text) => ({ lat: numberOf(text) })],
  ['longitude', (text) => ({ lng: numberOf(text) })],
  ['speed', (text) => ({ speed: unlessNegative(text, mpsFromKmh) })],
  ['heading', (text) => ({ heading: unlessNegative(text) })],
  ['elevation', (text) => ({ altitude: numberOf(text) })],
  ['odometer', (text) => ({ odometer: unlessNegative(text, metresFromKm) })],
  ['battery_level', (text) => ({ soc: unlessNegative(text, shareFromPercent) })],
  // P, R, N, D; empty while the car sleeps.
  ['shift_state', (text) => ({ ignition: text === '' ? undefined : text !== 'P' })],
  ['doors_open', (text) => ({ door: truthOf(text) })],
]);
