import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openInFlight } from './in-flight.ts';

test('whatever is acknowledged, in whatever order, is told once, and the rest is kept in the order sent', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), times: fc.integer({ min: 1, max: 300 }) }),
    fc.record({
      kind: fc.constant('acknowledge' as const),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    fc.record({ kind: fc.constant('acknowledge oldest' as const), times: fc.integer({ min: 1, max: 300 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
      const inFlight = openInFlight();
      /** By identifier, in the order sent. */
      const expected = new Map<number, string>();
      const told: string[] = [];
      const settled = ({ topic }: { readonly topic: string }): number => told.push(topic);
      let count = 0;
      const acknowledge = (id: number): void => {
        const topic = expected.get(id)!;
        expected.delete(id);
        inFlight.acknowledged(id);
        // A second PUBACK changes nothing.
        inFlight.acknowledged(id);
        expect(told.splice(0)).toEqual([topic]);
      };
      for (const step of steps) {
        if (step.kind === 'put')
          for (let i = 0; i < step.times; i++) {
            const topic = `t${count++}`;
            const id = inFlight.put({ topic, payload: '' }, settled);
            expect(expected.has(id)).toBe(false);
            expected.set(id, topic);
          }
        else if (step.kind === 'acknowledge') {
          const ids = [...expected.keys()];
          if (ids.length > 0) acknowledge(ids[Math.floor(step.share * (ids.length - 1))]!);
        } else for (const id of [...expected.keys()].slice(0, step.times)) acknowledge(id);
      }
      const kept: [number, string][] = [];
      inFlight.each((id, { topic }) => kept.push([id, topic]));
      expect(kept).toEqual([...expected]);
      expect(inFlight.size()).toBe(expected.size);
    }),
    { numRuns: 60 },
  );
});

test('identifiers begin anew behind the last one, past those still waited for', () => {
  const inFlight = openInFlight();
  const settled = (): void => {};
  const stuck = inFlight.put({ topic: 'stuck', payload: '' }, settled);
  const given = new Set<number>();
  for (let i = 0; i < 150_000; i++) {
    const id = inFlight.put({ topic: 'x', payload: '' }, settled);
    expect(id).not.toBe(stuck);
    given.add(id);
    inFlight.acknowledged(id);
  }
  expect(Math.min(...given)).toBeGreaterThan(0);
  expect(Math.max(...given)).toBeLessThanOrEqual(65_000);
  expect(inFlight.size()).toBe(1);
});
