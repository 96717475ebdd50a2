/**
 * The only unit conversions in the system. Inside: metres, seconds, metres per second, degrees
 * clockwise from north; an instant is seconds since the epoch, with millisecond resolution.
 */

/** Kilometres per hour to metres per second. */
export const mpsFromKmh = (kmh: number): number => kmh / 3.6;

/** Metres per second to kilometres per hour. */
export const kmhFromMps = (mps: number): number => mps * 3.6;

/** Knots (1,852 m an hour) to metres per second. */
export const mpsFromKnots = (knots: number): number => (knots * 1852) / 3600;

/** Metres per second to knots. */
export const knotsFromMps = (mps: number): number => (mps * 3600) / 1852;

/** International miles per hour to metres per second. */
export const mpsFromMph = (mph: number): number => mph * 0.44704;

export const metresFromKm = (km: number): number => km * 1000;

/** International miles to metres. */
export const metresFromMiles = (miles: number): number => miles * 1609.344;

export const shareFromPercent = (percent: number): number => percent / 100;

/** Seconds since the epoch to whole milliseconds; the same as `msFromInstant`, for what devices send. */
export const msFromSeconds = (seconds: number): number => Math.round(seconds * 1000);

/** Milliseconds since the epoch to an instant. */
export const instantFromMs = (ms: number): number => Math.round(ms) / 1000;

/** An instant to whole milliseconds since the epoch. */
export const msFromInstant = (at: number): number => Math.round(at * 1000);

/** ISO 8601 text (or anything `Date` parses) to an instant; NaN when it is not a date. */
export const instantFromIso = (text: string): number => Date.parse(text) / 1000;

/**
 * A date and time as text to milliseconds since the epoch; NaN when it is none. Without a zone it is
 * UTC (`Date.parse` alone would take the zone of this machine), and digits beyond the millisecond
 * are cut off.
 */
export function msFromUtcText(text: string): number {
  const [, date, time, fraction = '', zone = 'Z'] =
    /^\s*(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,12}))?\s*(Z|[+-]\d\d(?::?\d\d)?)?\s*$/i.exec(
      text,
    ) ?? [];
  if (date === undefined) return Number.NaN;
  const offset = /^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
  return Date.parse(`${date}T${time}${fraction && `.${fraction.slice(0, 3)}`}${offset.toUpperCase()}`);
}

/** An instant to ISO 8601 with milliseconds, always UTC. */
export const isoFromInstant = (at: number): string => new Date(msFromInstant(at)).toISOString();

/** Milliseconds from 1970 to PostgreSQL's epoch, 2000-01-01. */
const POSTGRES_EPOCH_MS = 946_684_800_000;

/** An instant to what a binary timestamptz holds: microseconds since 2000, of whole milliseconds. */
export const postgresMicros = (at: number): number => (msFromInstant(at) - POSTGRES_EPOCH_MS) * 1000;

/** What a binary timestamptz holds to an instant. */
export const instantFromPostgres = (micros: number): number => (micros + POSTGRES_EPOCH_MS * 1000) / 1e6;

export const radiansFromDegrees = (degrees: number): number => (degrees * Math.PI) / 180;

export const degreesFromRadians = (radians: number): number => (radians * 180) / Math.PI;
