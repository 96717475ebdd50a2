import { expect, test } from 'vitest';
import { ownText } from './own.ts';

const common = {
  ts: 1_795_200_000_123,
  lat: 41.2345678,
  lng: -97.5,
  speed: 0,
  heading: 359.9,
  accuracy: 4.1,
};
const head = { ...common, satellites: 9, seq: 0, boot: 'b0', ignition: true, odometer: 5_000_000.5 };
const messages = {
  diesel: { ...head, fuel: 0.51, rpm: 760, door: false, belt: true },
  electric: { ...head, soc: 0.03, door: true, belt: false },
  kept: { ...head, soc: 0.03, door: true, belt: false, buffered: true },
  'minus zero': { ...head, lat: -0, lng: 1e-7, fuel: 1, rpm: 0, door: false, belt: true },
  'one of unknown make': { ts: 1, lat: 2, lng: 3 },
};

test.each(Object.entries(messages))('`ownText()` gives the bytes of JSON.stringify: %s', (_, message) => {
  expect(ownText(message, 1_795_200_001_000)).toBe(JSON.stringify({ ...message, sent: 1_795_200_001_000 }));
});
