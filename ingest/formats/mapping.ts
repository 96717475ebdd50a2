import {
  metresFromKm,
  metresFromMiles,
  mpsFromKmh,
  mpsFromKnots,
  mpsFromMph,
  shareFromPercent,
} from '../../schemas/units.ts';
import { countOf, isRecord, msOfAny, msOfSeconds, numberOf, plainText, truthOf } from './coerce.ts';
import { type Fields, flawOf, type MessageFormat, type Names, readingOf } from './format.ts';
import type { MappedField, Mapping } from './mapping-schema.ts';

type Convert = (number: number) => number;

const same: Convert = (number) => number;
const times = ['any', 's', 'ms', 'text'];
const shares = { share: same, percent: shareFromPercent };
const lengths = { m: same, km: metresFromKm, mi: metresFromMiles };
const speeds = { 'm/s': same, 'km/h': mpsFromKmh, knots: mpsFromKnots, mph: mpsFromMph };

/** The units a field may be in; `isRequired` where guessing has cost others dearly. */
type Rule =
  | { readonly kind: 'time' | 'truth' | 'text' | 'whole' | 'count' }
  | {
      readonly kind: 'number';
      readonly units: Readonly<Record<string, Convert>>;
      readonly isRequired?: boolean;
      /** A negative value means "not known". */
      readonly isPositive?: boolean;
    };

const degrees = { deg: same };

export const rules: Readonly<Record<string, Rule>> = {
  ts: { kind: 'time' },
  sent: { kind: 'time' },
  lat: { kind: 'number', units: degrees },
  lng: { kind: 'number', units: degrees },
  speed: { kind: 'number', units: speeds, isRequired: true, isPositive: true },
  heading: { kind: 'number', units: degrees, isPositive: true },
  accuracy: { kind: 'number', units: lengths, isPositive: true },
  altitude: { kind: 'number', units: lengths },
  odometer: { kind: 'number', units: lengths, isRequired: true, isPositive: true },
  fuel: { kind: 'number', units: shares, isRequired: true, isPositive: true },
  soc: { kind: 'number', units: shares, isRequired: true, isPositive: true },
  rpm: { kind: 'number', units: { rpm: same }, isPositive: true },
  satellites: { kind: 'count' },
  seq: { kind: 'whole' },
  boot: { kind: 'text' },
  ignition: { kind: 'truth' },
  door: { kind: 'truth' },
  belt: { kind: 'truth' },
  buffered: { kind: 'truth' },
  /** Not of our message: false says that the position is not valid. */
  valid: { kind: 'truth' },
};

export const ruleOf = (name: string): Rule | undefined =>
  Object.hasOwn(rules, name) ? rules[name] : undefined;

/** The units that a field of a mapping may name. */
export function unitsOf(rule: Rule): readonly string[] {
  if (rule.kind === 'time') return times;
  return rule.kind === 'number' ? Object.keys(rule.units) : [];
}

/** A format from its description. The mapping has been checked: see settings.ts. */
export function formatOf(mapping: Mapping): MessageFormat {
  const fields = Object.entries(mapping.fields);
  const describe = (name: string) => placeOf(mapping.fields[name]) ?? `${name} (the mapping has none)`;
  const names: Names = { ts: describe('ts'), lat: describe('lat'), lng: describe('lng') };
  const valuesOf = (piece: unknown) =>
    Object.fromEntries(fields.map(([name, field]) => [name, valueAt(piece, name, field)]));
  return {
    kind: 'messages',
    name: mapping.name,
    title: `JSON by the mapping “${mapping.name}”`,
    units: fields.map(([name, field]) => `${name} ${field.unit ?? defaultUnit(name)}`).join(', '),
    topics: mapping.topics ?? [],
    recognises({ json }) {
      const piece = piecesOf(mapping, json)[0];
      const { ts, lat, lng } = valuesOf(piece);
      return isRecord(piece) && ts !== undefined && lat !== undefined && lng !== undefined;
    },
    pieces: ({ bytes, json }) =>
      json === undefined
        ? flawOf('json', `${bytes.length} bytes that are not JSON`)
        : piecesOf(mapping, json),
    ...(mapping.device !== undefined && {
      deviceOf: (piece: unknown) => at(piece, mapping.device ?? ''),
    }),
    read(piece) {
      const { valid, ...values } = valuesOf(piece);
      return readingOf(values as Fields, names, valid === false);
    },
  };
}

const placeOf = (field: MappedField | undefined): string | undefined => field?.path;

const defaultUnit = (name: string): string => unitsOf(ruleOf(name) ?? { kind: 'text' })[0] ?? 'as it is';

function piecesOf({ each }: Mapping, json: unknown): readonly unknown[] {
  const place = each === undefined ? json : at(json, each);
  return Array.isArray(place) ? place : [place];
}

/** The value at a path; undefined where there is none. Only own members count. */
export function at(json: unknown, path: string): unknown {
  const names = path.startsWith('/')
    ? path
        .slice(1)
        .split('/')
        .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
    : path.split('.');
  let place = json;
  for (const name of names) {
    if (typeof place !== 'object' || place === null || !Object.hasOwn(place, name)) return undefined;
    place = (place as Record<string, unknown>)[name];
  }
  return place;
}

function valueAt(piece: unknown, name: string, field: MappedField): unknown {
  const rule = ruleOf(name);
  let value = field.path === undefined ? field.constant : at(piece, field.path);
  if (field.part !== undefined) value = typeof value === 'string' ? value.split(',')[field.part] : undefined;
  if (rule === undefined || value == null) return undefined;
  if (rule.kind === 'truth') {
    return field.truths === undefined ? truthOf(value) : field.truths.includes(value as never);
  }
  if (rule.kind === 'text') {
    return typeof value === 'string' || typeof value === 'number' ? plainText(String(value)) : undefined;
  }
  if (field.scale !== undefined || field.offset !== undefined) {
    const number = numberOf(value);
    if (number === undefined) return undefined;
    value = numberOf(number * (field.scale ?? 1) + (field.offset ?? 0));
  }
  if (rule.kind === 'time') return timeOf(value, field.unit);
  if (rule.kind === 'count') return countOf(value);
  const number = numberOf(value);
  if (number === undefined) return undefined;
  if (rule.kind !== 'number') return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
  if (rule.isPositive && number < 0) return undefined;
  const convert = rule.units[field.unit ?? ''] ?? same;
  return numberOf(convert(number));
}

function timeOf(value: unknown, unit: string | undefined): number | undefined {
  if (unit === 's') return msOfSeconds(value);
  if (unit === 'ms') return numberOf(value);
  if (unit === 'text') return typeof value === 'string' ? msOfAny(value) : undefined;
  return msOfAny(value);
}
