import { expect, test } from 'vitest';
import { type LiveVan, paceStatuses, packLiveFrame, unpackLiveFrame } from './live.ts';

const van: LiveVan = {
  vehicleId: 7,
  lng: -122.6765432,
  lat: 45.5231,
  heading: 359.99,
  speed: 12.34,
  at: 1_700_000_000.123,
  status: 'at_risk',
  progress: 1,
};

test('unpackLiveFrame() gives back what packLiveFrame() took, when read at an odd offset', () => {
  const frame = { tick: 5, clock: 1_700_000_001, vans: [van, { ...van, vehicleId: 8, progress: 0 }] };
  const packed = packLiveFrame(frame);
  const shifted = new Uint8Array(packed.length + 3);
  shifted.set(packed, 3);
  expect(unpackLiveFrame(shifted.subarray(3))).toEqual(frame);
});

test('packLiveFrame() keeps every status', () => {
  const vans = paceStatuses.map((status) => ({ ...van, status }));
  const read = unpackLiveFrame(packLiveFrame({ tick: 0, clock: 0, vans }));
  expect(read?.vans.map((v) => v.status)).toEqual(paceStatuses);
});

test.each([
  new Uint8Array(0),
  new Uint8Array(40),
  packLiveFrame({ tick: 1, clock: 1, vans: [van] }).slice(0, -1),
])('unpackLiveFrame() is undefined, when the bytes are no frame', (bytes) => {
  expect(unpackLiveFrame(bytes)).toBeUndefined();
});
