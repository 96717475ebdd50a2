import { expect, test } from 'vitest';
import { BEFORE, lookAround, lookBeside, openNeighbours, openPlaces } from './neighbours.ts';
import { pack } from './pack.ts';
import { randomProblem } from './testing/random-problem.ts';

const problems = [1, 2, 3, 4, 5].map((seed) => pack(randomProblem(seed, { isAsymmetric: true })));
const price = ({ cost, size, place }: (typeof problems)[0], from: number, to: number): number =>
  cost[place[from]! * size + place[to]!]!;

test.each(problems)('lookAround() finds the nearest, as sorting all others does: %#', (problem) => {
  const neighbours = openNeighbours(problem, 3, { wait: 0, late: 0 });
  for (let stop = 0; stop < problem.stopCount; stop++) {
    lookAround(problem, neighbours, stop);
    const distance = (other: number): number =>
      Math.min(price(problem, stop, other), price(problem, other, stop));
    const others = Array.from({ length: problem.stopCount }, (_, k) => k).filter((k) => k !== stop);
    const sorted = others.map(distance).sort((a, b) => a - b);
    const { count, near } = neighbours;
    const found = Array.from(near.subarray(stop * count, (stop + 1) * count));
    expect(found.map(distance)).toEqual(sorted.slice(0, count));
  }
});

test.each(problems)('lookBeside() finds every leg that both windows allow, cheapest first: %#', (problem) => {
  const { stopCount, size, place, open, close, service, time } = problem;
  const places = openPlaces(problem, 2 * stopCount, 0);
  const isDrivable = (from: number, to: number): boolean =>
    open[from]! + service[from]! + time[place[from]! * size + place[to]!]! <= close[to]!;
  for (let stop = 0; stop < stopCount; stop++) {
    lookBeside(problem, places, stop);
    const begin = stop * places.countMax;
    const found = Array.from(places.beside.subarray(begin, begin + places.count[stop]!));
    const legs = found.map((code): readonly [number, number] =>
      (code & BEFORE) === 0 ? [code >> 1, stop] : [stop, code >> 1],
    );
    const prices = legs.map(([from, to]) => price(problem, from, to));
    expect(prices).toEqual([...prices].sort((a, b) => a - b));
    const others = Array.from({ length: stopCount }, (_, k) => k).filter((k) => k !== stop);
    const expected = others.flatMap((k) => [
      ...(isDrivable(k, stop) ? [`${k} ${stop}`] : []),
      ...(isDrivable(stop, k) ? [`${stop} ${k}`] : []),
    ]);
    expect(new Set(legs.map((leg) => leg.join(' ')))).toEqual(new Set(expected));
  }
});
