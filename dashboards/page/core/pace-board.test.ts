import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PaceRow } from '../../api.ts';
import { boardOrder, mergePace, stopsBehindWords } from './pace-board.ts';
import { kpis, standingsWorstFirst } from './standing.ts';

const everything = { text: '', standings: new Set<PaceRow['status']>() };

function aRow(row: Partial<PaceRow>): PaceRow {
  return {
    routeId: 1,
    route: 'R1',
    depot: 'north',
    vehicleId: 11,
    vehicle: 'van-11',
    driver: 'Ada',
    at: 100,
    status: 'on_pace',
    stopsTotal: 150,
    stopsDone: 40,
    stopsExpected: 40,
    stopsBehind: 0,
    secondsBehind: 0,
    rate: 20,
    rateNeeded: 20,
    finishPlanned: 1000,
    finishP50: 1000,
    finishP90: 1100,
    lateProbability: 0.1,
    nextStopId: 41,
    lastSeen: 99,
    ...row,
  };
}

const rows = fc.uniqueArray(
  fc.record({
    routeId: fc.integer({ min: 1, max: 40 }),
    status: fc.constantFrom(...standingsWorstFirst),
    stopsBehind: fc.integer({ min: -20, max: 40 }),
  }),
  { selector: ({ routeId }) => routeId },
);

const listed = (parts: readonly Partial<PaceRow>[]) =>
  parts.map((part) => aRow({ ...part, route: `R${part.routeId}` }));

test('boardOrder() puts the worst first, when nobody is in the list', () => {
  const board = listed([
    { routeId: 1, status: 'finished' },
    { routeId: 2, status: 'behind', stopsBehind: 6 },
    { routeId: 3, status: 'at_risk', stopsBehind: 9 },
    { routeId: 4, status: 'at_risk', stopsBehind: 14 },
    { routeId: 10, status: 'behind', stopsBehind: 6 },
  ]);
  expect(boardOrder(board, everything, [], false).map((row) => row.routeId)).toEqual([4, 3, 2, 10, 1]);
});

test('boardOrder() keeps every row where it was, when somebody is in the list', () => {
  fc.assert(
    fc.property(rows, rows, (before, after) => {
      const previous = boardOrder(listed(before), everything, [], false).map((row) => row.routeId);
      const next = boardOrder(listed(after), everything, previous, true).map((row) => row.routeId);
      const stayed = next.filter((routeId) => previous.includes(routeId));
      expect(stayed).toEqual(previous.filter((routeId) => next.includes(routeId)));
      expect(next.slice(0, stayed.length)).toEqual(stayed);
      expect([...next].sort()).toEqual(after.map((row) => row.routeId).sort());
    }),
  );
});

test('boardOrder() finds by route, van, driver or depot, and by standing', () => {
  const board = [
    aRow({ routeId: 1, driver: null, depot: 'PDX-1' }),
    aRow({ routeId: 2, driver: 'Adaeze', status: 'behind' }),
  ];
  const found = (text: string, ...standings: PaceRow['status'][]) =>
    boardOrder(board, { text, standings: new Set(standings) }, [], false).map((row) => row.routeId);
  expect(found('adaEZ')).toEqual([2]);
  expect(found(' pdx-1 ')).toEqual([1]);
  expect(found('', 'on_pace', 'at_risk')).toEqual([1]);
  expect(found('adaeze', 'on_pace')).toEqual([]);
});

test('mergePace() takes newer rows and no older ones', () => {
  const merged = mergePace(
    [aRow({ routeId: 1, at: 100, stopsDone: 40 }), aRow({ routeId: 2, at: 100 })],
    [aRow({ routeId: 1, at: 90, stopsDone: 39 }), aRow({ routeId: 3, at: 120 })],
  );
  expect(merged.map((row) => [row.routeId, row.at, row.stopsDone])).toEqual([
    [1, 100, 40],
    [2, 100, 40],
    [3, 120, 40],
  ]);
});

test.each([
  [0.4, 'on plan'],
  [-0.4, 'on plan'],
  [11.6, '12 behind'],
  [-3, '3 ahead'],
])('stopsBehindWords() of %d is %s', (stops, words) => {
  expect(stopsBehindWords(stops)).toBe(words);
});

test('kpis() counts vans on the road and the share of them that is on pace', () => {
  const board = (['at_risk', 'behind', 'on_pace', 'ahead', 'finished', 'not_started'] as const).map(
    (status) => aRow({ status }),
  );
  expect(kpis(board)).toEqual({ onRoad: 4, onPaceShare: 0.5, behind: 1, atRisk: 1, finished: 1, total: 6 });
  expect(kpis([]).onPaceShare).toBeUndefined();
});
