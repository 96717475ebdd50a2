import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { textOrder } from '../core/text-order.ts';

export type Column<Row> = {
  readonly id: string;
  readonly title: string;
  /** What a pointer says about the column: definition, unit. */
  readonly help?: string | undefined;
  readonly isNumber?: boolean | undefined;
  /** What the column is sorted by. */
  readonly value: (row: Row) => string | number | null;
  readonly cell?: (row: Row) => ComponentChildren;
  /** What the last line shows of all rows. */
  readonly total?: (rows: readonly Row[]) => ComponentChildren;
};

type Props<Row> = {
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row, index: number) => string;
  readonly caption: string;
  readonly sort?: { readonly id: string; readonly isDescending: boolean } | undefined;
  /** More rows than this are not drawn; the file has them. */
  readonly rowsMax?: number;
};

const nothingLast = (value: string | number | null) => value === null || value === '';

export function sortRows<Row>(
  rows: readonly Row[],
  value: (row: Row) => string | number | null,
  isDescending: boolean,
): Row[] {
  return [...rows].sort((a, b) => {
    const first = value(a);
    const second = value(b);
    // What is missing comes last in either direction.
    if (nothingLast(first) || nothingLast(second)) {
      return Number(nothingLast(first)) - Number(nothingLast(second));
    }
    const order =
      typeof first === 'number' && typeof second === 'number'
        ? first - second
        : textOrder.compare(String(first), String(second));
    return isDescending ? -order : order;
  });
}

/** A table that sorts by any column; keyboard and screen reader know how. */
export function DataTable<Row>({ columns, rows, rowKey, caption, sort, rowsMax = 500 }: Props<Row>) {
  const chosen = useSignal(sort);
  const by = columns.find(({ id }) => id === chosen.value?.id);
  const sorted = by === undefined ? rows : sortRows(rows, by.value, chosen.value!.isDescending);
  const hasTotals = columns.some(({ total }) => total !== undefined);
  const sortBy = (column: Column<Row>) => {
    const isAgain = chosen.value?.id === column.id;
    const isDescending = isAgain ? !chosen.value!.isDescending : column.isNumber === true;
    chosen.value = { id: column.id, isDescending };
  };
  return (
    <table class="data">
      <caption class="unseen">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th
              key={column.id}
              scope="col"
              class={column.isNumber ? 'number' : ''}
              aria-sort={sortWord(column.id, chosen.value)}
            >
              <button
                type="button"
                class={column.id === chosen.value?.id ? 'sort-button sorted' : 'sort-button'}
                title={column.help}
                onClick={() => sortBy(column)}
              >
                {column.title}
                <span aria-hidden="true" class="sort-mark">
                  {column.id !== chosen.value?.id ? '' : chosen.value.isDescending ? '▾' : '▴'}
                </span>
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {sorted.slice(0, rowsMax).map((row, index) => (
          <tr key={rowKey(row, index)}>
            {columns.map((column) => (
              <td key={column.id} class={column.isNumber ? 'number' : ''}>
                {column.cell === undefined ? (column.value(row) ?? '–') : column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
      {hasTotals && rows.length > 0 && (
        <tfoot>
          <tr>
            {columns.map((column) => (
              <td key={column.id} class={column.isNumber ? 'number' : ''}>
                {column.total?.(rows)}
              </td>
            ))}
          </tr>
        </tfoot>
      )}
    </table>
  );
}

function sortWord(
  id: string,
  chosen: { readonly id: string; readonly isDescending: boolean } | undefined,
): 'ascending' | 'descending' | 'none' {
  if (id !== chosen?.id) return 'none';
  return chosen.isDescending ? 'descending' : 'ascending';
}
