import { dateAndTime } from './clock.ts';

/** Values with Grafana's unit names, as a person reads them. */
export type Measure = { readonly text: string; readonly suffix: string };

const NONE: Measure = { text: '–', suffix: '' };

/** Steps of a unit from small to large: a value takes the largest that leaves it at least one. */
type Scale = readonly (readonly [factor: number, suffix: string])[];

const thousands: Scale = [
  [1, ''],
  [1e3, ' K'],
  [1e6, ' M'],
  [1e9, ' B'],
];
const seconds: Scale = [
  [1e-6, ' µs'],
  [1e-3, ' ms'],
  [1, ' s'],
  [60, ' min'],
  [3600, ' h'],
  [86_400, ' d'],
];
const milliseconds: Scale = seconds.map(([factor, suffix]) => [factor * 1000, suffix] as const);
const bytes: Scale = [' B', ' KiB', ' MiB', ' GiB', ' TiB'].map((suffix, power) => [1024 ** power, suffix]);
const decimalBytes: Scale = [' B', ' kB', ' MB', ' GB', ' TB'].map((suffix, power) => [
  1000 ** power,
  suffix,
]);
const metres: Scale = [
  [1, ' m'],
  [1000, ' km'],
];
const perSecond = (what: string): Scale => thousands.map(([factor, k]) => [factor, `${k}${what}`] as const);

const scales: Readonly<Record<string, Scale>> = {
  short: thousands,
  locale: [[1, '']],
  s: seconds,
  ms: milliseconds,
  bytes,
  decbytes: decimalBytes,
  lengthm: metres,
  lengthkm: [[1, ' km']],
  velocityms: [[1, ' m/s']],
  velocitykmh: [[1, ' km/h']],
  ops: perSecond(' ops/s'),
  reqps: perSecond(' req/s'),
  cps: perSecond(' c/s'),
  wps: perSecond(' wr/s'),
  rps: perSecond(' rd/s'),
  Bps: decimalBytes.map(([factor, suffix]) => [factor, `${suffix}/s`] as const),
  percent: [[1, ' %']],
  percentunit: [[0.01, ' %']],
  degree: [[1, '°']],
  hertz: perSecond(' Hz'),
};

export function measure(
  value: number | null | undefined,
  { unit = 'none', decimals }: { readonly unit?: string | undefined; readonly decimals?: number | undefined },
  timeZone = 'UTC',
): Measure {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  if (unit.startsWith('dateTime')) return { text: dateAndTime(value / 1000, timeZone), suffix: '' };
  if (unit === 'bool' || unit === 'bool_yes_no') return { text: value === 0 ? 'no' : 'yes', suffix: '' };
  const scale = scales[unit];
  const own = unit.startsWith('suffix:') ? ` ${unit.slice(7)}` : '';
  if (scale === undefined) return { text: digits(value, decimals), suffix: own };
  let [factor, suffix] = scale.find(([step]) => step >= 1) ?? scale[0]!;
  for (const step of scale) if (Math.abs(value) >= step[0]) [factor, suffix] = step;
  // Zero and what is below the smallest step stay in the unit itself.
  if (value !== 0 && Math.abs(value) < scale[0]![0]) [factor, suffix] = scale[0]!;
  return { text: digits(value / factor, factor === 1 ? decimals : (decimals ?? undefined)), suffix };
}

/** With `decimals`, exactly so many; without, three figures that matter. */
function digits(value: number, decimals: number | undefined): string {
  if (decimals !== undefined) {
    return value.toLocaleString('en-GB', {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
  }
  const size = Math.abs(value);
  const places = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4;
  return value.toLocaleString('en-GB', { maximumFractionDigits: places });
}

export function measured(
  value: number | null | undefined,
  field: { readonly unit?: string | undefined; readonly decimals?: number | undefined },
  timeZone?: string,
): string {
  const { text, suffix } = measure(value, field, timeZone);
  return `${text}${suffix}`;
}
