import fc from 'fast-check';
import { expect, test } from 'vitest';
import { random } from '../schemas/random.ts';
import { Engine } from './engine.ts';
import { inline } from './pool/inline.ts';
import type { MemoryStore } from './testing/memory-store.ts';
import { concluded, drive, fences, freshStore, reports, START } from './testing/small-world.ts';

async function openOn(store: MemoryStore): Promise<Engine> {
  return Engine.open(store, { run: inline, threads: 0, gulpFixes: 40, now: () => START + 1e6 });
}

/** Lets the engine do all there is to do. */
async function settle(engine: Engine): Promise<void> {
  for (;;) {
    const step = await engine.advance();
    const late = await engine.rederive(10);
    if (!step.hasMore && !late.hasMore) return;
  }
}

test('Engine concludes the same from any order, split and repetition of the same fixes, and after any restart', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 1e6 }),
      fc.array(
        fc.record({
          from: fc.double({ min: 0, max: 1, noNaN: true }),
          delay: fc.integer({ min: 0, max: 300 }),
        }),
        { maxLength: 6 },
      ),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 0, max: 1e6 }),
      async (seed, delays, batchSize, shuffleSeed) => {
        const fixes = drive(seed, 260);
        const inOrder = freshStore();
        inOrder.ingest(
          [...fixes].sort((a, b) => a.at - b.at || a.key - b.key),
          reports,
        );
        await settle(await openOn(inOrder));

        // Stretches of fixes are held back; batches repeat fixes; a third of the runs are shuffled whole.
        const chance = random(shuffleSeed);
        const isShuffled = chance.chance(0.3);
        const due = fixes.map((_, i) => {
          const held = delays.find(({ from }) => i >= from * 260 && i < from * 260 + 20);
          return isShuffled ? chance.next() : i + (held?.delay ?? 0);
        });
        const arriving = fixes.map((fix, i) => ({ fix, due: due[i]! })).sort((a, b) => a.due - b.due);
        const store = freshStore();
        let engine = await openOn(store);
        for (let i = 0; i < arriving.length; i += batchSize) {
          const batch = arriving.slice(Math.max(0, i - 3), i + batchSize).map(({ fix }) => fix);
          store.ingest(batch, i === 0 ? reports : []);
          if (chance.chance(0.7)) await engine.advance();
          if (chance.chance(0.3)) await engine.rederive(1);
          if (chance.chance(0.1)) engine = await openOn(store);
        }
        await settle(engine);
        expect(concluded(store)).toEqual(concluded(inOrder));
      },
    ),
    { numRuns: 60, seed: 7 },
  );
});

test('Engine finds halts, crossings, visits and a trip, when a van drives about', async () => {
  const store = freshStore();
  store.ingest(drive(3, 400), reports);
  await settle(await openOn(store));
  const { crossings, trips, halts, visits } = concluded(store);
  for (const rows of [crossings, trips, halts, visits]) expect(rows.length).toBeGreaterThan(0);
});

test('Engine ends in the tables of the edited world, when fences are edited under way and the past is ordered again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 0, max: 259 }), async (seed, at) => {
      const fixes = drive(seed, 260);
      const moved = fences.map((fence) => ({
        ...fence,
        policy: { enterMargin: 5, exitMargin: 30, minInside: 20, minOutside: 20 },
      }));
      const inOrder = freshStore();
      inOrder.setWorld({ ...inOrder.world, fences: moved.slice(0, 1) }, inOrder.routes);
      inOrder.ingest(fixes);
      await settle(await openOn(inOrder));

      const store = freshStore();
      let engine = await openOn(store);
      store.ingest(fixes.slice(0, at));
      await settle(engine);
      store.setWorld({ ...store.world, fences: moved.slice(0, 1) }, store.routes);
      store.order(7, Number.NEGATIVE_INFINITY);
      if (at % 3 === 0) engine = await openOn(store);
      store.ingest(fixes.slice(at));
      await settle(engine);
      expect(concluded(store)).toEqual(concluded(inOrder));
    }),
    { numRuns: 20, seed: 11 },
  );
});
