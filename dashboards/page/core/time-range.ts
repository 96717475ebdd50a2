import { isoDay } from './clock.ts';

/** A stretch of time as the address writes it (Grafana's words), and as instants. */
export type TimeRange = { readonly from: string; readonly to: string };

const unitSeconds: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  M: 2_629_746,
  y: 31_556_952,
};

/**
 * The instant that `text` names: "now", "now-6h", "now/d", "now-1d/d", milliseconds since the epoch,
 * or ISO 8601. Rounding (`/d`, `/h`, `/w`) goes down for `from` and up for `to`, in the time zone.
 */
export function instantOf(
  text: string,
  now: number,
  edge: 'from' | 'to',
  timeZone = 'UTC',
): number | undefined {
  if (/^\d{9,}$/.test(text)) return Number(text) / 1000;
  if (!text.startsWith('now')) {
    const parsed = Date.parse(text);
    return Number.isNaN(parsed) ? undefined : parsed / 1000;
  }
  const [, offsets = '', rounding] = /^now((?:[+-]\d+[smhdwMy])*)(?:\/([smhdw]))?$/.exec(text) ?? [];
  if (text !== `now${offsets}${rounding === undefined ? '' : `/${rounding}`}`) return undefined;
  let at = now;
  for (const [, sign, count, unit] of offsets.matchAll(/([+-])(\d+)([smhdwMy])/g)) {
    at += (sign === '-' ? -1 : 1) * Number(count) * unitSeconds[unit!]!;
  }
  return rounding === undefined ? at : rounded(at, rounding, edge, timeZone);
}

function rounded(at: number, unit: string, edge: 'from' | 'to', timeZone: string): number {
  if (unit === 'd' || unit === 'w') {
    let start = startOfDay(at, timeZone);
    // Weeks begin on Monday; 1970-01-01 was a Thursday.
    const weekday = (Math.floor((start + 43_200) / 86_400) + 3) % 7;
    if (unit === 'w') start = startOfDay(start - weekday * 86_400 + 43_200, timeZone);
    return edge === 'from' ? start : startOfDay(start + (unit === 'w' ? 7.5 : 1.5) * 86_400, timeZone);
  }
  const size = unitSeconds[unit]!;
  const start = Math.floor(at / size) * size;
  return edge === 'from' ? start : start + size;
}

/** Midnight before `at` in the time zone: the UTC midnight of that date, less the offset there. */
export function startOfDay(at: number, timeZone: string): number {
  const midnight = Date.parse(`${isoDay(at, timeZone)}T00:00:00Z`) / 1000;
  let guess = midnight;
  for (let round = 0; round < 2; round += 1) guess = midnight - offsetAt(guess, timeZone);
  return guess;
}

/** Seconds that the zone's clocks are ahead of UTC. */
function offsetAt(at: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(at * 1000);
  const part = (type: string) => Number(parts.find((each) => each.type === type)?.value);
  const shown = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  );
  return Math.round(shown / 1000 - at);
}

export const quickRanges: readonly (TimeRange & { readonly words: string })[] = [
  { from: 'now-5m', to: 'now', words: 'Last 5 minutes' },
  { from: 'now-15m', to: 'now', words: 'Last 15 minutes' },
  { from: 'now-1h', to: 'now', words: 'Last hour' },
  { from: 'now-3h', to: 'now', words: 'Last 3 hours' },
  { from: 'now-6h', to: 'now', words: 'Last 6 hours' },
  { from: 'now-12h', to: 'now', words: 'Last 12 hours' },
  { from: 'now-24h', to: 'now', words: 'Last 24 hours' },
  { from: 'now-7d', to: 'now', words: 'Last 7 days' },
  { from: 'now/d', to: 'now/d', words: 'Today' },
  { from: 'now-1d/d', to: 'now-1d/d', words: 'Yesterday' },
];

/** An absolute range in the address's words. */
export const absolute = (from: number, to: number): TimeRange => ({
  from: String(Math.round(from * 1000)),
  to: String(Math.round(to * 1000)),
});

/** Seconds between refreshes: "10s", "1m"; undefined for none. */
export function refreshSeconds(text: string | undefined | false): number | undefined {
  const [, count, unit] = /^(\d+)([smh])$/.exec(text || '') ?? [];
  return count === undefined || Number(count) === 0 ? undefined : Number(count) * unitSeconds[unit!]!;
}
