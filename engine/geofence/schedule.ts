import type { WeeklyHours } from '../../schemas/fence.ts';

const DAY = 86_400;
/** Zones change their clocks on the quarter of an hour. */
const QUARTER = 900;
/** Quarters of an hour whose offset is remembered for each zone: a quarter of a year of them. */
const KNOWN_MAX = 8760;

/** Whether an instant lies within hours of the week, by the wall clock there. */
export function isOpen({ timeZone, hours }: WeeklyHours, at: number): boolean {
  const local = at + offsetOf(timeZone, at);
  const days = Math.floor(local / DAY);
  const second = local - days * DAY;
  // 1970-01-01 was a Thursday.
  const weekday = ((((days + 3) % 7) + 7) % 7) + 1;
  const before = weekday === 1 ? 7 : weekday - 1;
  return hours.some((span) => {
    const [from, until] = [secondsOf(span.from), secondsOf(span.until)];
    if (until > from) return span.days.includes(weekday) && second >= from && second < until;
    return (span.days.includes(weekday) && second >= from) || (span.days.includes(before) && second < until);
  });
}

const secondsOf = (time: string): number => Number(time.slice(0, 2)) * 3600 + Number(time.slice(3, 5)) * 60;

const formats = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, Map<number, number>>();

/** Seconds by which the wall clock of a zone is ahead of UTC at an instant. */
function offsetOf(timeZone: string, at: number): number {
  const quarter = Math.floor(at / QUARTER);
  let known = offsets.get(timeZone);
  if (known === undefined || known.size >= KNOWN_MAX) {
    known = new Map();
    offsets.set(timeZone, known);
  }
  const found = known.get(quarter);
  if (found !== undefined) return found;
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone, hourCycle: 'h23', era: 'short', year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
    formats.set(timeZone, format);
  }
  const start = quarter * QUARTER;
  const parts = new Map(format.formatToParts(new Date(start * 1000)).map(({ type, value }) => [type, value]));
  const of = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  const wall =
    Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second')) / 1000;
  known.set(quarter, wall - start);
  return wall - start;
}
