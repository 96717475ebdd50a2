import { expect, test } from 'vitest';
import { errorP90, precisionOf, recallOf, together } from '../platform/visits/agreement.ts';
import { type JudgedDay, judged } from '../platform/visits/judged-day.ts';
import { type SimulatedDay, simulatedDay, withOnly } from '../platform/visits/simulated-day.ts';
import { scenarios } from '../simulator/scenario/scenario.ts';
import { Engine } from './engine.ts';
import { inline } from './pool/inline.ts';
import { MemoryStore } from './testing/memory-store.ts';

const START = 1_790_000_000;

/** A day through the engine as it comes over the wire: late, repeated and out of order. */
async function throughEngine(day: SimulatedDay): Promise<MemoryStore> {
  const store = new MemoryStore();
  store.setWorld(day, day.routes);
  const fixes = withOnly(day.fixes, []);
  for (let i = 0; i < fixes.length; i += 1000) store.ingest(fixes.slice(i, i + 1000));
  const engine = await Engine.open(store, {
    ...{ run: inline, threads: 0, gulpFixes: 5000 },
    now: () => START + 86_400,
  });
  for (;;) {
    const step = await engine.advance();
    const late = await engine.rederive(50);
    if (!step.hasMore && !late.hasMore) return store;
  }
}

async function judgedFleet(seed: string, vans: number, intervalSeconds: number): Promise<JudgedDay> {
  const day = simulatedDay({ ...scenarios.demo!, seed, vans, intervalSeconds }, START);
  const { crossings, trips, visits } = await throughEngine(day);
  const concluded = {
    crossings: [...crossings.values()],
    trips: [...trips.values()],
    visits: [...visits.values()],
  };
  return judged(day, concluded, intervalSeconds);
}

test.each([
  { intervalSeconds: 5, vans: 3, seeds: ['a', 'b'] },
  { intervalSeconds: 10, vans: 3, seeds: ['c', 'd', 'e'] },
])(
  'Engine agrees with the simulator’s truth from position and speed alone, when vans of several fleets report each $intervalSeconds s',
  async ({ intervalSeconds, vans, seeds }) => {
    const fleets: JudgedDay[] = [];
    for (const seed of seeds) fleets.push(await judgedFleet(seed, vans, intervalSeconds));
    const visits = together(fleets.map((fleet) => fleet.visits));
    const crossings = together(fleets.map((fleet) => fleet.crossings));
    const trips = together(fleets.flatMap(({ tripStarts, tripEnds }) => [tripStarts, tripEnds]));
    for (const { one, least } of [
      { one: visits, least: 0.98 },
      { one: crossings, least: 0.99 },
      { one: trips, least: 1 },
    ]) {
      expect(precisionOf(one), JSON.stringify(one.invented)).toBeGreaterThanOrEqual(least);
      expect(recallOf(one), JSON.stringify(one.missed)).toBeGreaterThanOrEqual(least);
    }
    expect(errorP90(visits)).toBeLessThanOrEqual(15);
    for (const { flaps } of fleets) expect(flaps).toBe(0);
  },
);
