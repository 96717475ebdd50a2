import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { PaceRow } from '../../../api.ts';
import { boardOrder } from '../../core/pace-board.ts';
import { type Standing, standingsWorstFirst, standingWord } from '../../core/standing.ts';
import { isLoaded, pace } from '../../state/fleet.ts';
import { setParameters } from '../../state/place.ts';
import { boardStandings, boardText, selectedRoute, selectRoute } from '../../state/selection.ts';
import { Icon, StandingIcon } from '../icons.tsx';
import { BoardRow } from './board-row.tsx';

const ROW_HEIGHT = 66;
/** Rows drawn beyond what is seen, so that a quick scroll meets no gap. */
const OVERSCAN = 6;

/** Every route of the day, worst first. */
export const Board = () => {
  const order = useRef<readonly number[]>([]);
  const held = useSignal(false);
  const filter = { text: boardText.value, standings: boardStandings.value };
  const rows = boardOrder(pace.value, filter, order.current, held.value);
  order.current = rows.map((row) => row.routeId);
  return (
    <section class="board part" aria-label="Pace board">
      <BoardFilters shown={rows.length} total={pace.value.length} isHeld={held.value} />
      <div
        class="board-rows"
        onPointerEnter={() => {
          held.value = true;
        }}
        onPointerLeave={(event) => {
          held.value = event.currentTarget.matches(':focus-within:has(:focus-visible)');
        }}
        onFocusIn={() => {
          held.value = true;
        }}
        onFocusOut={(event) => {
          if (!event.currentTarget.contains(event.relatedTarget as Node | null)) {
            held.value = event.currentTarget.matches(':hover');
          }
        }}
      >
        {rows.length === 0 ? (
          <p class="empty">
            {!isLoaded.value && 'Reading the board…'}
            {isLoaded.value && pace.value.length > 0 && 'No route matches the filter.'}
            {isLoaded.value && pace.value.length === 0 && 'No routes today.'}
          </p>
        ) : (
          <Rows rows={rows} />
        )}
      </div>
    </section>
  );
};

/** Only the rows in view are in the page: two thousand routes cost what twenty do. */
const Rows = ({ rows }: { rows: readonly PaceRow[] }) => {
  const scroller = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = scroller.current?.clientHeight ?? 900;
  const first = Math.max(0, Math.floor(top.value / ROW_HEIGHT) - OVERSCAN);
  const last = Math.min(rows.length, Math.ceil((top.value + height) / ROW_HEIGHT) + OVERSCAN);
  const focusRow = (index: number) => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, index))];
    const area = scroller.current;
    if (row === undefined || area === null) return;
    const place = rows.indexOf(row) * ROW_HEIGHT;
    if (place < area.scrollTop) area.scrollTop = place;
    else if (place + ROW_HEIGHT > area.scrollTop + area.clientHeight) {
      area.scrollTop = place + ROW_HEIGHT - area.clientHeight;
    }
    top.value = area.scrollTop;
    requestAnimationFrame(() => area.querySelector<HTMLElement>(`[data-route="${row.routeId}"]`)?.focus());
  };
  const onKeyDown = (event: KeyboardEvent, index: number) => {
    const target = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (event.key === 'Escape') selectRoute(undefined);
    if (target === undefined) return;
    event.preventDefault();
    focusRow(target);
  };
  return (
    <div
      class="board-scroll"
      ref={scroller}
      onScroll={(event) => {
        top.value = event.currentTarget.scrollTop;
      }}
    >
      <ul style={{ height: `${rows.length * ROW_HEIGHT}px` }}>
        {rows.slice(first, last).map((row, index) => (
          <li
            key={row.routeId}
            style={{ transform: `translateY(${(first + index) * ROW_HEIGHT}px)` }}
            aria-setsize={rows.length}
            aria-posinset={first + index + 1}
          >
            <BoardRow
              row={row}
              isSelected={row.routeId === selectedRoute.value}
              onKeyDown={(event) => onKeyDown(event, first + index)}
            />
          </li>
        ))}
      </ul>
    </div>
  );
};

type FiltersProps = { readonly shown: number; readonly total: number; readonly isHeld: boolean };

const BoardFilters = ({ shown, total, isHeld }: FiltersProps) => (
  <div class="board-filters">
    <div class="board-search">
      <Icon name="search" size={14} />
      <input
        type="search"
        aria-label="Find a route, van, driver or depot"
        placeholder="Route, van, driver, depot"
        value={boardText.value}
        onInput={(event) => setParameters({ q: event.currentTarget.value }, { replace: true })}
      />
      <span class="muted board-count" title={isHeld ? 'The order is held while you are in the list' : ''}>
        {shown === total ? `${total} routes` : `${shown} of ${total}`}
        {isHeld && ' · order held'}
      </span>
    </div>
    <fieldset class="toggles">
      <legend class="unseen">Standings to show</legend>
      {standingsWorstFirst.map((standing) => (
        <StandingToggle key={standing} standing={standing} />
      ))}
    </fieldset>
  </div>
);

const StandingToggle = ({ standing }: { standing: Standing }) => {
  const chosen = boardStandings.value;
  const toggle = () => {
    const next = standingsWorstFirst.filter((each) =>
      each === standing ? !chosen.has(each) : chosen.has(each),
    );
    setParameters({ status: next.join(',') }, { replace: true });
  };
  return (
    <button type="button" class="toggle" aria-pressed={chosen.has(standing)} onClick={toggle}>
      <StandingIcon standing={standing} />
      {standingWord[standing]}
    </button>
  );
};
