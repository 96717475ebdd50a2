import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LiveVan } from '../../../schemas/live.ts';
import { vanAt, vansInView } from './hit-test.ts';
import { latFromY, lngFromX, mercatorX, mercatorY, screenOf, viewOfBounds } from './mercator.ts';
import { applyFrame, emptyVanStore, fleetClock, placeX, placeY } from './van-store.ts';

function aVan(van: Partial<LiveVan>): LiveVan {
  return {
    vehicleId: 7,
    lng: -122.6,
    lat: 45.5,
    heading: 90,
    speed: 8,
    at: 1000,
    status: 'on_pace',
    progress: 0.5,
    ...van,
  };
}

const frame = (tick: number, ...vans: LiveVan[]) => ({ tick, clock: 1000 + tick, vans });
const slotOf = (store: ReturnType<typeof emptyVanStore>, vehicleId: number) => store.slots.get(vehicleId)!;

test('a van glides from where it is seen to its newest place, and stays there', () => {
  const store = emptyVanStore();
  applyFrame(store, frame(1, aVan({})), 0, true);
  expect(placeX(store, 0, 0)).toBe(mercatorX(-122.6));
  applyFrame(store, frame(2, aVan({ lng: -122.599, at: 1010 })), 5000, true);
  const [start, end] = [mercatorX(-122.6), mercatorX(-122.599)];
  expect(placeX(store, 0, 5000)).toBe(start);
  expect(placeX(store, 0, 5500)).toBeCloseTo((start + end) / 2, 12);
  expect(placeX(store, 0, 6000)).toBe(end);
  expect(placeX(store, 0, 60_000)).toBe(end);
  expect(store.stillAtMs).toBe(6000);
});

test('a van never leaves the line between known places, whatever comes when', () => {
  const step = fc.record({
    lng: fc.double({ min: -122.61, max: -122.6, noNaN: true }),
    at: fc.integer({ min: 1000, max: 1100 }),
    afterMs: fc.integer({ min: 0, max: 3000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
      const store = emptyVanStore();
      let now = 0;
      let least = Number.POSITIVE_INFINITY;
      let most = Number.NEGATIVE_INFINITY;
      let newest = Number.NEGATIVE_INFINITY;
      for (const { lng, at, afterMs } of steps) {
        now += afterMs;
        applyFrame(store, frame(1, aVan({ lng, at })), now, true);
        least = Math.min(least, mercatorX(lng));
        most = Math.max(most, mercatorX(lng));
        newest = Math.max(newest, at);
        for (const later of [0, 300, 900]) {
          const x = placeX(store, 0, now + later);
          expect(x).toBeGreaterThanOrEqual(least - 1e-15);
          expect(x).toBeLessThanOrEqual(most + 1e-15);
        }
      }
      expect(store.at[0]).toBe(newest);
    }),
  );
});

test.each([
  { why: 'after a long silence', van: { lng: -122.599, at: 1500 }, animate: true },
  { why: 'when it is far', van: { lng: -122, at: 1010 }, animate: true },
  { why: 'when movement is unwanted', van: { lng: -122.599, at: 1010 }, animate: false },
])('a van jumps, $why', ({ van, animate }) => {
  const store = emptyVanStore();
  applyFrame(store, frame(1, aVan({})), 0, true);
  applyFrame(store, frame(2, aVan(van)), 5000, animate);
  expect(placeX(store, 0, 5000)).toBe(mercatorX(van.lng));
});

test('applyFrame() takes a new standing at the same instant and no older fix', () => {
  const store = emptyVanStore();
  applyFrame(store, frame(1, aVan({})), 0, true);
  expect(applyFrame(store, frame(2, aVan({ lng: -122.5, at: 900 })), 10, true)).toBe(0);
  expect(applyFrame(store, frame(3, aVan({ status: 'at_risk' })), 20, true)).toBe(1);
  expect(store.standing[0]).toBe(3);
  expect(fleetClock(store, 1020)).toBe(1004);
});

test('the store grows and keeps every van', () => {
  const store = emptyVanStore(2);
  const vans = Array.from({ length: 1000 }, (_, id) => aVan({ vehicleId: id, lng: -122 - id / 1e4 }));
  applyFrame(store, frame(1, ...vans), 0, true);
  expect(store.count).toBe(1000);
  for (const van of vans) {
    expect(lngFromX(placeX(store, slotOf(store, van.vehicleId), 0))).toBeCloseTo(van.lng, 9);
  }
});

test('vanAt() finds the van under the pointer and none beyond its reach', () => {
  const store = emptyVanStore();
  applyFrame(store, frame(1, aVan({ vehicleId: 1 }), aVan({ vehicleId: 2, lng: -122.59 })), 0, true);
  const view = viewOfBounds([-122.62, 45.49, -122.57, 45.51], 800, 600, 20);
  const slot = slotOf(store, 2);
  const [x, y] = screenOf(view, placeX(store, slot, 0), placeY(store, slot, 0));
  expect(vanAt(store, view, { x: x + 5, y: y - 5 }, 0)).toBe(2);
  expect(vanAt(store, view, { x, y: y + 60 }, 0)).toBeUndefined();
  expect(vansInView(store, view, 0)).toEqual([1, 2]);
});

test('Mercator goes there and back', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -180, max: 180, noNaN: true }),
      fc.double({ min: -85, max: 85, noNaN: true }),
      (lng, lat) => {
        expect(lngFromX(mercatorX(lng))).toBeCloseTo(lng, 9);
        expect(latFromY(mercatorY(lat))).toBeCloseTo(lat, 9);
      },
    ),
  );
});
