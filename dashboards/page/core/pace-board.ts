import type { PaceRow } from '../../api.ts';
import { type Standing, standingsWorstFirst } from './standing.ts';
import { textOrder } from './text-order.ts';

export type BoardFilter = {
  /** Looked for in route, vehicle, driver and depot, without regard to case. */
  readonly text: string;
  /** Empty shows every standing. */
  readonly standings: ReadonlySet<Standing>;
};

const rank = new Map(standingsWorstFirst.map((standing, index) => [standing, index]));

/** Worst first; the route code settles ties, so that equal rows do not swap places at each tick. */
export function worstFirst(a: PaceRow, b: PaceRow): number {
  return (
    (rank.get(a.status) ?? 9) - (rank.get(b.status) ?? 9) ||
    Math.round(b.stopsBehind) - Math.round(a.stopsBehind) ||
    textOrder.compare(a.route, b.route)
  );
}

export function matches(row: PaceRow, { text, standings }: BoardFilter): boolean {
  if (standings.size > 0 && !standings.has(row.status)) return false;
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return true;
  return [row.route, row.vehicle, row.driver ?? '', row.depot].some((field) =>
    field.toLowerCase().includes(wanted),
  );
}

/**
 * The rows to show, in order. While `held` (the pointer or the focus is inside the list) rows keep
 * the places they have in `previous`, so that nobody clicks a row that has just moved away; rows
 * that are new come last.
 */
export function boardOrder(
  rows: readonly PaceRow[],
  filter: BoardFilter,
  previous: readonly number[],
  held: boolean,
): PaceRow[] {
  const shown = rows.filter((row) => matches(row, filter));
  if (!held) return shown.sort(worstFirst);
  const place = new Map(previous.map((routeId, index) => [routeId, index]));
  const at = (row: PaceRow) => place.get(row.routeId) ?? Number.POSITIVE_INFINITY;
  return shown.sort((a, b) => {
    const first = at(a);
    const second = at(b);
    return first === second ? worstFirst(a, b) : first - second;
  });
}

/** Rows replaced by newer ones of the same route; a row computed for an earlier instant is old news. */
export function mergePace(rows: readonly PaceRow[], news: readonly PaceRow[]): PaceRow[] {
  const byRoute = new Map(rows.map((row) => [row.routeId, row]));
  for (const row of news) {
    const known = byRoute.get(row.routeId);
    if (known === undefined || known.at <= row.at) byRoute.set(row.routeId, row);
  }
  return [...byRoute.values()];
}

/** "12 behind", "4 ahead", "on plan": a number in words, never a bare sign. */
export function stopsBehindWords(stopsBehind: number): string {
  const count = Math.round(stopsBehind);
  if (count > 0) return `${count} behind`;
  if (count < 0) return `${-count} ahead`;
  return 'on plan';
}
