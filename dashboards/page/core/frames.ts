import type { PanelFrame } from '../../api.ts';
import { csv } from './csv.ts';

export type Series = { readonly name: string; readonly values: readonly (number | null)[] };
export type Chart = { readonly times: readonly number[]; readonly series: readonly Series[] };

type Value = PanelFrame['rows'][number][number];

const asNumber = (value: Value | undefined): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

/**
 * The lines of a chart: one for each number column, and, where rows carry text as well (a long table),
 * one for each text and column. All share one axis of times, as uPlot wants them.
 */
export function chartOf(frames: readonly PanelFrame[]): Chart {
  const times = new Set<number>();
  const points = new Map<string, Map<number, number | null>>();
  for (const { columns, rows } of frames) {
    const timeIndex = columns.findIndex(({ kind }) => kind === 'time');
    if (timeIndex === -1) continue;
    const textIndexes = columns.flatMap(({ kind }, index) => (kind === 'text' ? [index] : []));
    const numbers = columns.flatMap(({ kind }, index) => (kind === 'number' ? [index] : []));
    for (const row of rows) {
      const time = asNumber(row[timeIndex]);
      if (time === null) continue;
      times.add(time);
      const label = textIndexes.map((index) => row[index]).join(' ');
      for (const index of numbers) {
        const column = columns[index]!.name;
        const name = label === '' ? column : numbers.length === 1 ? label : `${column} ${label}`;
        const line = points.get(name) ?? new Map<number, number | null>();
        points.set(name, line);
        line.set(time, asNumber(row[index]));
      }
    }
    for (const index of textIndexes.length === 0 ? numbers : []) {
      const { name } = columns[index]!;
      if (!points.has(name)) points.set(name, new Map());
    }
  }
  const axis = [...times].sort((a, b) => a - b);
  const series = [...points].map(([name, line]) => ({
    name,
    values: axis.map((time) => line.get(time) ?? null),
  }));
  return { times: axis, series };
}

export const isEmpty = (frames: readonly PanelFrame[]): boolean =>
  frames.every(({ rows }) => rows.length === 0);

/** Grafana's calculations over a line, those that the profile knows. */
export function reduce(values: readonly (number | null)[], calc: string): number | null {
  const known = values.filter((value): value is number => value !== null);
  if (calc === 'count') return known.length;
  if (calc === 'last') return values.at(-1) ?? null;
  if (known.length === 0) return null;
  const sum = known.reduce((total, value) => total + value, 0);
  switch (calc) {
    case 'sum':
      return sum;
    case 'mean':
      return sum / known.length;
    case 'min':
      return known.reduce((least, value) => Math.min(least, value));
    case 'max':
      return known.reduce((most, value) => Math.max(most, value));
    case 'first':
    case 'firstNotNull':
      return known[0]!;
    case 'range':
      return reduce(known, 'max')! - reduce(known, 'min')!;
    default:
      return known.at(-1)!;
  }
}

export const calcWords: Readonly<Record<string, string>> = {
  lastNotNull: 'Last',
  last: 'Last',
  mean: 'Mean',
  max: 'Max',
  min: 'Min',
  sum: 'Sum',
  count: 'Count',
};

export type Bar = { readonly name: string; readonly column: string; readonly value: number | null };

/**
 * The bars of a bar chart or gauge: rows named by their text, or, where there is none, one bar for
 * each number column reduced by `calc`.
 */
export function barsOf(frames: readonly PanelFrame[], calc: string): Bar[] {
  return frames.flatMap(({ columns, rows }) => {
    const nameIndex = columns.findIndex(({ kind }) => kind === 'text');
    const numbers = columns.flatMap(({ kind }, index) => (kind === 'number' ? [index] : []));
    if (nameIndex === -1) {
      return numbers.map((index) => {
        const column = columns[index]!.name;
        const value = reduce(
          rows.map((row) => asNumber(row[index])),
          calc,
        );
        return { name: column, column, value };
      });
    }
    return rows.flatMap((row) =>
      numbers.map((index) => {
        const column = columns[index]!.name;
        const name = String(row[nameIndex] ?? '–');
        const value = asNumber(row[index]);
        return { name: numbers.length === 1 ? name : `${name} · ${column}`, column, value };
      }),
    );
  });
}

/** A panel's data as a file; times as ISO 8601, so that any program reads them. */
export function framesCsv(frames: readonly PanelFrame[]): string {
  return frames
    .map(({ columns, rows }) =>
      csv(
        columns.map(({ name }) => name),
        rows.map((row) =>
          row.map((value, index) =>
            columns[index]?.kind === 'time' && typeof value === 'number'
              ? new Date(value * 1000).toISOString()
              : value,
          ),
        ),
      ),
    )
    .join('\r\n\r\n');
}
