import { expect, test } from 'vitest';
import type { PanelFrame } from '../../api.ts';
import { customChoices, fieldOf, type Panel, sections, thresholdColour } from './dashboard.ts';
import { barsOf, chartOf, framesCsv, isEmpty, reduce } from './frames.ts';
import { measured } from './measure.ts';

const at = (x: number, y: number) => ({ x, y, w: 12, h: 8 });

test('fieldOf() lays overrides over the defaults, in order, custom ones one by one', () => {
  const panel: Panel = {
    id: 1,
    type: 'timeseries',
    gridPos: at(0, 0),
    fieldConfig: {
      defaults: { unit: 'short', custom: { lineWidth: 1, fillOpacity: 10 } },
      overrides: [
        { matcher: { id: 'byRegexp', options: '/^re/' }, properties: [{ id: 'unit', value: 'ms' }] },
        {
          matcher: { id: 'byName', options: 'rejected' },
          properties: [
            { id: 'unit', value: 's' },
            { id: 'custom.lineWidth', value: 3 },
          ],
        },
        { matcher: { id: 'byRegexp', options: '(' }, properties: [{ id: 'unit', value: 'percent' }] },
      ],
    },
  };
  expect(fieldOf(panel, 'accepted').unit).toBe('short');
  expect(fieldOf(panel, 'received').unit).toBe('ms');
  expect(fieldOf(panel, 'rejected')).toEqual({ unit: 's', custom: { lineWidth: 3, fillOpacity: 10 } });
});

test('sections() gives a folded row its own panels and an open one those that follow', () => {
  const panel = (id: number, y: number): Panel => ({ id, type: 'stat', gridPos: at(0, y) });
  const found = sections({
    uid: 'u',
    title: 't',
    panels: [
      { ...panel(4, 20), type: 'row', collapsed: true, panels: [panel(5, 21)] },
      panel(3, 11),
      { ...panel(2, 10), type: 'row' },
      panel(1, 0),
    ],
  });
  expect(found.map(({ row, panels }) => [row?.id, panels.map(({ id }) => id)])).toEqual([
    [undefined, [1]],
    [2, [3]],
    [4, [5]],
  ]);
});

test('thresholdColour() is that of the highest step reached', () => {
  const field = {
    thresholds: {
      steps: [
        { color: 'green', value: null },
        { color: 'orange', value: 1 },
        { color: 'red', value: 100 },
      ],
    },
  };
  expect([null, 0, 1, 99, 100].map((value) => thresholdColour(field, value))).toEqual([
    'green',
    'green',
    'orange',
    'orange',
    'red',
  ]);
});

test('customChoices() reads values with and without names', () => {
  const choices = customChoices({ name: 'rows', type: 'custom', query: '20, many : 100' });
  expect(choices).toEqual([
    { text: '20', value: '20' },
    { text: 'many', value: '100' },
  ]);
});

const long: PanelFrame = {
  refId: 'A',
  columns: [
    { name: 'time', kind: 'time' },
    { name: 'reason', kind: 'text' },
    { name: 'times', kind: 'number' },
  ],
  rows: [
    [10, 'json', 1],
    [20, 'json', 2],
    [10, 'accuracy', 5],
  ],
};

test('chartOf() makes one line for each text of a long table, on one axis', () => {
  expect(chartOf([long])).toEqual({
    times: [10, 20],
    series: [
      { name: 'json', values: [1, 2] },
      { name: 'accuracy', values: [5, null] },
    ],
  });
});

test('chartOf() joins the frames of several targets', () => {
  const wide = (name: string, rows: PanelFrame['rows']): PanelFrame => ({
    refId: name,
    columns: [
      { name: 'time', kind: 'time' },
      { name, kind: 'number' },
    ],
    rows,
  });
  const { times, series } = chartOf([wide('a', [[30, 3]]), wide('b', [[10, 1]]), wide('c', [])]);
  expect(times).toEqual([10, 30]);
  expect(series.map(({ name, values }) => [name, values])).toEqual([
    ['a', [null, 3]],
    ['b', [1, null]],
    ['c', [null, null]],
  ]);
  expect(isEmpty([wide('c', [])])).toBe(true);
});

test.each([
  ['lastNotNull', 4],
  ['last', null],
  ['mean', 2.5],
  ['sum', 5],
  ['min', 1],
  ['max', 4],
  ['range', 3],
  ['count', 2],
])('reduce() of a line by %s is %s', (calc, expected) => {
  expect(reduce([null, 1, 4, null], calc)).toBe(expected);
});

test('barsOf() names bars by their text', () => {
  const frame: PanelFrame = { refId: 'A', columns: long.columns.slice(1), rows: [['json', 3]] };
  expect(barsOf([frame], 'last')).toEqual([{ name: 'json', column: 'times', value: 3 }]);
});

test('framesCsv() quotes, writes ISO times, and defuses formulas', () => {
  const frame = { ...long, rows: [[10, '=SUM("a",1)', null]] };
  expect(framesCsv([frame])).toBe('time,reason,times\r\n1970-01-01T00:00:10.000Z,"\'=SUM(""a"",1)",');
});

test.each([
  [1234, { unit: 'short' }, '1.23 K'],
  [999, { unit: 'short', decimals: 0 }, '999'],
  [0, { unit: 's' }, '0 s'],
  [0.0042, { unit: 's' }, '4.2 ms'],
  [90, { unit: 's', decimals: 1 }, '1.5 min'],
  [1500, { unit: 'ms' }, '1.5 s'],
  [0.051, { unit: 'percentunit', decimals: 1 }, '5.1 %'],
  [-2048, { unit: 'bytes' }, '-2 KiB'],
  [12.3456, {}, '12.3'],
  [null, { unit: 's' }, '–'],
  [1_795_248_000_000, { unit: 'dateTimeAsIso' }, '21 Nov 2026, 08:00:00'],
] as const)('measured() writes %s in %j as %s', (value, field, expected) => {
  expect(measured(value, field)).toBe(expected);
});
