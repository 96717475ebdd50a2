/**
 * Instants as people of one time zone read them. Formatters are kept: making one costs about a
 * hundred times as much as using one, and a board of 200 routes shows 600 instants a second.
 */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(timeZone: string, style: string, options: Intl.DateTimeFormatOptions) {
  const key = `${style} ${timeZone}`;
  let made = formatters.get(key);
  if (made === undefined) {
    made = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: knownZone(timeZone) });
    formatters.set(key, made);
  }
  return made;
}

function knownZone(timeZone: string): string {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone });
    return timeZone;
  } catch {
    return 'UTC';
  }
}

const isInstant = (at: number | null | undefined): at is number =>
  at !== null && at !== undefined && Number.isFinite(at);

/** 14:05 */
export function timeOfDay(at: number | null | undefined, timeZone: string): string {
  if (!isInstant(at)) return '–';
  return formatter(timeZone, 'time', { hour: '2-digit', minute: '2-digit' }).format(at * 1000);
}

/** 14:05:09 */
export function timeOfDaySeconds(at: number | null | undefined, timeZone: string): string {
  if (!isInstant(at)) return '–';
  const options = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
  return formatter(timeZone, 'seconds', options).format(at * 1000);
}

/** 21 Nov 2026, 14:05:09 */
export function dateAndTime(at: number | null | undefined, timeZone: string): string {
  if (!isInstant(at)) return '–';
  const options = { dateStyle: 'medium', timeStyle: 'medium' } as const;
  return formatter(timeZone, 'full', options).format(at * 1000);
}

/** 2026-11-21 in the time zone. */
export function isoDay(at: number, timeZone: string): string {
  const options = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  const parts = formatter(timeZone, 'day', options).formatToParts(at * 1000);
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')}`;
}

/** 38 s, 4 min, 2 h 05 min, 3 d: the two largest units that matter. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(Math.abs(seconds)));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.round(hours / 24)} d`;
}

/** "+12 min", "−3 min", "on time": a deviation from the plan, positive when late. */
export function deviation(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (minutes === 0) return 'on time';
  return `${minutes > 0 ? '+' : '−'}${duration(Math.abs(minutes) * 60)}`;
}
