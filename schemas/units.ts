/**
 * The only unit conversions in the system. Inside: metres, seconds, metres per second, degrees
 * clockwise from north; an instant is seconds since the epoch, with millisecond resolution.
 */

/** Kilometres per hour to metres per second. */
export const mpsFromKmh = (kmh: number): number => kmh / 3.6;

/** Metres per second to kilometres per hour. */
export const kmhFromMps = (mps: number): number => mps * 3.6;

/** Milliseconds since the epoch to an instant. */
export const instantFromMs = (ms: number): number => Math.round(ms) / 1000;

/** An instant to whole milliseconds since the epoch. */
export const msFromInstant = (at: number): number => Math.round(at * 1000);

/** ISO 8601 text (or anything `Date` parses) to an instant; NaN when it is not a date. */
export const instantFromIso = (text: string): number => Date.parse(text) / 1000;

/** An instant to ISO 8601 with milliseconds, always UTC. */
export const isoFromInstant = (at: number): string => new Date(msFromInstant(at)).toISOString();

export const radiansFromDegrees = (degrees: number): number => (degrees * Math.PI) / 180;

export const degreesFromRadians = (radians: number): number => (radians * 180) / Math.PI;
