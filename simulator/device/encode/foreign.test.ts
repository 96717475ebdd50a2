import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ingestLimits } from '../../../ingest/config.ts';
import { Assemblies } from '../../../ingest/formats/assemblies.ts';
import { decodeForeign } from '../../../ingest/formats/decode-foreign.ts';
import { FormatRegistry } from '../../../ingest/formats/registry.ts';
import type { OwnMessage } from '../../../schemas/fix.ts';
import { asSaid, foreignFormats, foreignMessages } from './foreign.ts';

const registry = new FormatRegistry();
const received = 1_790_000_100;

/** What the platform makes of a wire message. */
function read(topic: string, payload: string | Uint8Array) {
  const found = registry.find(topic);
  if (found === undefined) throw new Error(`no format has ${topic}`);
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const origin = { fleetId: 1, vehicleId: 2, deviceId: 3 };
  const message = { payload: bytes, received, origin, limits: ingestLimits };
  return { device: found.device, ...decodeForeign(message, found.route, new Assemblies()) };
}

const messages: fc.Arbitrary<OwnMessage> = fc.record({
  ts: fc.integer({ min: 1_780_000_000_000, max: 1_790_000_000_000 }),
  lat: fc.double({ min: -80, max: 80, noNaN: true }).map((value) => Math.round(value * 1e7) / 1e7),
  lng: fc.double({ min: -180, max: 180, noNaN: true }).map((value) => Math.round(value * 1e7) / 1e7),
  seq: fc.integer({ min: 0, max: 1e6 }),
  speed: fc.double({ min: 0, max: 50, noNaN: true }),
  heading: fc.integer({ min: 0, max: 359 }),
  ignition: fc.boolean(),
  odometer: fc.integer({ min: 0, max: 1e9 }),
  satellites: fc.integer({ min: 4, max: 20 }),
});

test.each(foreignFormats)('foreignMessages() in %s is read as the fixes that it says', (format) => {
  fc.assert(
    fc.property(fc.array(messages, { minLength: 1, maxLength: 5 }), (list) => {
      const said = list.map((message) => asSaid(message, format));
      const heard = foreignMessages('van-7', said, format, received).map((wire) => ({
        ...read(wire.topic, wire.payload),
        messages: wire.messages,
      }));
      expect(heard.flatMap((one) => one.rejections)).toEqual([]);
      expect(new Set(heard.map(({ device }) => device))).toEqual(new Set(['van-7']));
      const fixes = heard.flatMap((one) => one.fixes);
      expect(heard.flatMap((one) => one.messages)).toEqual(said);
      expect(fixes).toHaveLength(said.length);
      for (const [i, fix] of fixes.entries()) {
        const { ts, lat, lng, speed = 0 } = said[i]!;
        expect(fix.at).toBe(ts / 1000);
        expect(fix.seq).toBe(said[i]!.seq);
        expect(Math.abs(fix.lat - lat)).toBeLessThan(2e-7);
        expect(Math.abs(fix.lng - lng)).toBeLessThan(2e-7);
        expect(Math.abs((fix.speed ?? 0) - (speed ?? 0))).toBeLessThan(0.15);
      }
    }),
    { numRuns: 100 },
  );
});
