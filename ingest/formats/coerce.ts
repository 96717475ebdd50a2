import { msFromSeconds, msFromUtcText } from '../../schemas/units.ts';

const FLOAT32_MAX = 3.4028234e38;
const SMALLINT_MAX = 32_767;
/** A number below it counts seconds, not milliseconds: as milliseconds it would be before March 1973. */
const SECONDS_BELOW = 1e11;
/** Longer text is neither a number nor a time. */
const TEXT_MAX = 64;
const decimal = /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?\s*$/i;

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object under a name, or an empty one. */
export function recordOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

/**
 * A finite number that a `real` column holds, or decimal digits as text; undefined for all else.
 * Devices write numbers as text, and "" is not 0.
 */
export function numberOf(value: unknown): number | undefined {
  const number =
    typeof value === 'string' && value.length <= TEXT_MAX && decimal.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return undefined;
  return Math.abs(number) <= FLOAT32_MAX ? number : undefined;
}

/** A number through a conversion; undefined stays undefined. */
export function converted(value: unknown, convert: (number: number) => number): number | undefined {
  const number = numberOf(value);
  return number === undefined ? undefined : numberOf(convert(number));
}

/** As `converted`, where a negative number means "not known". */
export function unlessNegative(
  value: unknown,
  convert: (number: number) => number = (number) => number,
): number | undefined {
  const number = numberOf(value);
  return number === undefined || number < 0 ? undefined : converted(number, convert);
}

/** As `unlessNegative`, where zero means "not known" too. */
export function ifPositive(value: unknown): number | undefined {
  const number = numberOf(value);
  return number !== undefined && number > 0 ? number : undefined;
}

/** A whole number of satellites. */
export function countOf(value: unknown): number | undefined {
  const number = numberOf(value);
  return number !== undefined && number >= 0 && number <= SMALLINT_MAX ? Math.round(number) : undefined;
}

const truths: ReadonlyMap<string, boolean> = new Map([
  ...(['true', 'on', 'yes', '1'] as const).map((word) => [word, true] as const),
  ...(['false', 'off', 'no', '0'] as const).map((word) => [word, false] as const),
]);

/** A truth as devices write it: true, "true", "on", "yes", or a number that is not 0. */
export function truthOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0;
  return typeof value === 'string' ? truths.get(value.trim().toLowerCase()) : undefined;
}

/** Text for an event: without what the database refuses (NUL, lone surrogates), and short. */
export function plainText(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return [...value.slice(0, 128).replace(/[\0\ud800-\udfff]/gu, '�')].slice(0, 64).join('');
}

/** Milliseconds since the epoch from a number of seconds, or such a number as text. */
export function msOfSeconds(value: unknown): number | undefined {
  return converted(value, msFromSeconds);
}

/** Milliseconds since the epoch from seconds, milliseconds, or a date and time as text. */
export function msOfAny(value: unknown): number | undefined {
  const number = numberOf(value);
  if (number !== undefined) return Math.abs(number) < SECONDS_BELOW ? msFromSeconds(number) : number;
  if (typeof value !== 'string' || value.length > TEXT_MAX) return undefined;
  const ms = msFromUtcText(value);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The first value that is defined and not null. */
export function firstOf(record: Record<string, unknown>, names: readonly string[]): unknown {
  for (const name of names) if (record[name] != null) return record[name];
  return undefined;
}
