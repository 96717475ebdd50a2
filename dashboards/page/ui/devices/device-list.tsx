import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { DeviceRow } from '../../../api-devices.ts';
import { dateAndTime, duration } from '../../core/clock.ts';
import { deviceAt, devicePage, deviceQuery, ensureDevices, readDevices } from '../../state/devices.ts';
import { wallClock } from '../../state/fleet.ts';
import { place, setParameters } from '../../state/place.ts';
import { timeZone } from '../../state/session.ts';
import { skewText, Troubles } from './troubles.tsx';

const ROW_HEIGHT = 34;
const OVERSCAN = 10;
const EVERY_SECONDS = 15;

type ListColumn = {
  readonly id: string;
  readonly title: string;
  readonly help?: string;
  readonly isNumber?: boolean;
  readonly cell: (row: DeviceRow) => ComponentChildren;
};

const whole = (value: number) => value.toLocaleString('en-GB');
type Counter = 'accepted' | 'duplicate' | 'late' | 'filtered' | 'rejected' | 'missing';
const counter = (id: Counter, title: string, help: string, isBad = false): ListColumn => ({
  id,
  title,
  help,
  isNumber: true,
  cell: (row) => <span class={isBad && row[id] > 0 ? 'bad-text' : ''}>{whole(row[id])}</span>,
});

const columns: readonly ListColumn[] = [
  { id: 'device', title: 'Device', cell: (row) => <DeviceName row={row} /> },
  {
    id: 'trouble',
    title: 'State',
    help: 'Those with most trouble first',
    cell: (row) => <Troubles troubles={row.troubles} />,
  },
  { id: 'vehicle', title: 'Vehicle', cell: (row) => row.vehicle ?? <span class="muted">none</span> },
  {
    id: 'lastReceived',
    title: 'Last heard',
    isNumber: true,
    cell: (row) =>
      row.lastReceived === null ? (
        <span class="muted">never</span>
      ) : (
        <span title={dateAndTime(row.lastReceived, timeZone.value)}>
          {duration(wallClock.value - row.lastReceived)} ago
        </span>
      ),
  },
  counter('accepted', 'Accepted', 'Fixes stored'),
  counter('duplicate', 'Duplicate', 'Fixes that came again and changed nothing'),
  counter('late', 'Late', 'Fixes that came behind a newer one of their vehicle'),
  counter('filtered', 'Filtered', 'Fixes stored with a flag and not used for conclusions'),
  counter('rejected', 'Rejected', 'Payloads that are no fixes', true),
  counter('missing', 'Missing', 'Gaps in the numbering: fixes that were made and never came', true),
  {
    id: 'skew',
    title: 'Clock',
    help: 'How far its clock is from ours',
    isNumber: true,
    cell: (row) => skewText(row.skew),
  },
];

const DeviceName = ({ row }: { row: DeviceRow }) => (
  <button
    type="button"
    class="link device-name"
    data-device={row.deviceId}
    aria-current={place.value.parameters.device === String(row.deviceId) ? 'true' : undefined}
    onClick={() => setParameters({ device: String(row.deviceId) })}
  >
    {row.device}
  </button>
);

/** All devices of the fleet; only the rows in view are in the page, and only those near it were asked for. */
export const DeviceList = () => {
  const scroller = useRef<HTMLElement>(null);
  const top = useSignal(0);
  const { search, trouble, sort, isDescending } = deviceQuery.value;
  const total = devicePage.value?.total ?? 0;
  const height = scroller.current?.clientHeight ?? 900;
  const first = Math.max(0, Math.floor(top.value / ROW_HEIGHT) - OVERSCAN);
  const last = Math.min(total, Math.ceil((top.value + height) / ROW_HEIGHT) + OVERSCAN);
  const view = useRef({ first, last });
  view.current = { first, last };
  useEffect(() => {
    if (scroller.current) scroller.current.scrollTop = 0;
    top.value = 0;
    void readDevices(0, 0, { isNew: true });
  }, [search, trouble, sort, isDescending, top]);
  useEffect(() => ensureDevices(first, last), [first, last]);
  useEffect(() => {
    const again = () => !document.hidden && void readDevices(view.current.first, view.current.last);
    const timer = window.setInterval(again, EVERY_SECONDS * 1000);
    return () => window.clearInterval(timer);
  }, []);
  const focusRow = (index: number) => {
    const area = scroller.current;
    const row = deviceAt(Math.min(total - 1, Math.max(0, index)));
    if (area === null || row === undefined) return;
    const y = Math.min(total - 1, Math.max(0, index)) * ROW_HEIGHT;
    if (y < area.scrollTop) area.scrollTop = y;
    else if (y + 2 * ROW_HEIGHT > area.scrollTop + area.clientHeight)
      area.scrollTop = y + 2 * ROW_HEIGHT - area.clientHeight;
    top.value = area.scrollTop;
    requestAnimationFrame(() => area.querySelector<HTMLElement>(`[data-device="${row.deviceId}"]`)?.focus());
  };
  const onKeyDown = (event: KeyboardEvent, index: number) => {
    const target = { ArrowDown: index + 1, ArrowUp: index - 1, PageDown: index + 15, PageUp: index - 15 }[
      event.key
    ];
    if (target === undefined) return;
    event.preventDefault();
    focusRow(target);
  };
  return (
    <section
      class="device-scroll"
      ref={scroller}
      aria-label="Devices, scrolls"
      onScroll={(event) => {
        top.value = event.currentTarget.scrollTop;
      }}
    >
      {/* A real table cannot leave out rows and keep its columns, so this is one by its roles. */}
      {/* biome-ignore lint/a11y/useSemanticElements: see above */}
      <div
        class="device-table"
        role="table"
        aria-label="Devices and their counters"
        aria-rowcount={total + 1}
      >
        <Header />
        {/* biome-ignore lint/a11y/useSemanticElements: see above */}
        <div class="device-body" role="rowgroup" style={{ height: `${total * ROW_HEIGHT}px` }}>
          {Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i).map((index) => (
            <Row key={index} index={index} onKeyDown={onKeyDown} />
          ))}
        </div>
      </div>
      {devicePage.value !== undefined && total === 0 && (
        <p class="empty">
          {devicePage.value.devices === 0
            ? 'No device is known yet. Add one, import a list, or claim one that has knocked.'
            : 'No device matches.'}
        </p>
      )}
    </section>
  );
};

type RowProps = { readonly index: number; readonly onKeyDown: (event: KeyboardEvent, index: number) => void };

const Row = ({ index, onKeyDown }: RowProps) => {
  const row = deviceAt(index);
  return (
    // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: a row of the table by its role; the name in it takes the focus
    <div
      class="device-row"
      role="row"
      aria-rowindex={index + 2}
      style={{ transform: `translateY(${index * ROW_HEIGHT}px)` }}
      onKeyDown={(event) => onKeyDown(event, index)}
    >
      {columns.map(({ id, isNumber, cell }) => (
        // biome-ignore lint/a11y/useSemanticElements: see the list
        <div key={id} role="cell" class={`cell-${id}${isNumber ? ' number' : ''}`}>
          {row === undefined ? <span class="muted">…</span> : cell(row)}
        </div>
      ))}
    </div>
  );
};

const Header = () => {
  const { sort, isDescending } = deviceQuery.value;
  const sortBy = ({ id, isNumber }: ListColumn) => {
    const isDown = id === sort ? !isDescending : isNumber === true || id === 'trouble';
    setParameters({ sort: id, order: isDown ? 'desc' : 'asc' }, { replace: true });
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: see the list
    <div class="device-row device-head" role="row" aria-rowindex={1}>
      {columns.map((column) => (
        // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: see the list
        <div
          key={column.id}
          role="columnheader"
          class={`cell-${column.id}${column.isNumber ? ' number' : ''}`}
          aria-sort={column.id !== sort ? 'none' : isDescending ? 'descending' : 'ascending'}
        >
          <button
            type="button"
            class={column.id === sort ? 'sort-button sorted' : 'sort-button'}
            title={column.help}
            onClick={() => sortBy(column)}
          >
            {column.title}
            <span aria-hidden="true" class="sort-mark">
              {column.id !== sort ? '' : isDescending ? '▾' : '▴'}
            </span>
          </button>
        </div>
      ))}
    </div>
  );
};
