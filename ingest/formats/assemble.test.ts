import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fixFlags } from '../../schemas/reasons.ts';
import { mpsFromKmh } from '../../schemas/units.ts';
import { hear, received } from '../testing/foreign.ts';
import { assemble, emptyAssembly } from './assemble.ts';
import { Assemblies } from './assemblies.ts';

/** Fixes of scalars, each heard some seconds after the first. */
function fixesOf(prefix: string, said: readonly (readonly [number, string, string])[]) {
  const assemblies = new Assemblies();
  return said.flatMap(
    ([after, name, text]) => hear(`${prefix}/${name}`, text, { assemblies, at: received + after }).fixes,
  );
}

const ovms = 'ovms/user/van-7/metric';
const tesla = 'teslamate/cars/1';

test('ovms makes one fix of the values of one round, by the clock of receipt', () => {
  const fixes = fixesOf(ovms, [
    [0, 'v/p/speed', '36'],
    [0, 'v/e/on', 'yes'],
    [0, 'v/b/soc', '80'],
    [0, 'v/p/odometer', '1234.5'],
    [0, 'v/p/latitude', '45.5'],
    [0.1, 'v/p/longitude', '-122.6'],
  ]);
  expect(fixes).toEqual([
    {
      ...{ at: received + 0.1, lat: 45.5, lng: -122.6, speed: 10, ignition: true, soc: Math.fround(0.8) },
      ...{ odometer: 1_234_500, flags: 0 },
    },
  ]);
});

test('ovms takes the device’s own time, and a position of bad quality as doubtful', () => {
  const fixes = fixesOf(ovms, [
    [0, 'v/p/gpssq', '12'],
    [0, 'v/p/gpstime', '1700000000'],
    [0, 'v/p/longitude', '-122.6'],
    [0, 'v/p/latitude', '45.5'],
  ]);
  expect(fixes).toEqual([{ at: 1_700_000_000, lat: 45.5, lng: -122.6, flags: fixFlags.doubted }]);
});

test('ovms keeps the other half, when only one half of the position changed, and forgets an old speed', () => {
  const fixes = fixesOf(ovms, [
    [0, 'v/p/speed', '36'],
    [0, 'v/p/latitude', '45.5'],
    [0, 'v/p/longitude', '-122.6'],
    [300, 'v/p/latitude', '45.6'],
    [302, 'v/e/on', 'no'],
  ]);
  expect(fixes).toEqual([
    { at: received, lat: 45.5, lng: -122.6, speed: 10, flags: 0 },
    { at: received + 300, lat: 45.6, lng: -122.6, flags: 0 },
  ]);
});

test('teslamate makes a fix of each location', () => {
  const fixes = fixesOf(tesla, [
    [0, 'speed', '72'],
    [0, 'shift_state', 'D'],
    [0, 'display_name', 'Blue'],
    [1, 'location', '{"latitude":45.5,"longitude":-122.6}'],
  ]);
  expect(fixes).toEqual([
    {
      at: received + 1,
      lat: 45.5,
      lng: -122.6,
      speed: Math.fround(mpsFromKmh(72)),
      ignition: true,
      flags: 0,
    },
  ]);
});

test('vss with a path a topic is assembled too', () => {
  const fixes = fixesOf('vss/van-7/Vehicle', [
    [0, 'Speed', '{"value":36}'],
    [0, 'CurrentLocation/Latitude', '45.5'],
    [0, 'CurrentLocation/Longitude', '{"value":-122.6,"ts":"x"}'],
  ]);
  expect(fixes).toEqual([{ at: received, lat: 45.5, lng: -122.6, speed: 10, flags: 0 }]);
});

test('assemble() makes at most one fix more than it heard halves of a position, whatever comes when', () => {
  const anySignals = fc.record({
    kind: fc.constant('signals' as const),
    fields: fc.record(
      { lat: fc.double(), lng: fc.double(), speed: fc.double(), ts: fc.double() },
      { requiredKeys: [] },
    ),
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.double({ min: 0, max: 5, noNaN: true }), anySignals)), (said) => {
      let state = emptyAssembly;
      let at = received;
      let fixes = 0;
      let halves = 0;
      for (const [after, signals] of said) {
        at += after;
        const step = assemble(state, signals, at);
        state = step.state;
        fixes += step.outcomes.length;
        halves += signals.fields.lat === undefined && signals.fields.lng === undefined ? 0 : 1;
        expect(fixes).toBeLessThanOrEqual(halves);
      }
    }),
  );
});
