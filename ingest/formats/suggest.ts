import { isRecord, msOfAny, numberOf } from './coerce.ts';
import type { MappedField, Mapping } from './mapping-schema.ts';
import { words } from './named-fields.ts';

type Leaf = { readonly path: readonly string[]; readonly value: unknown };
type Field = keyof typeof words;
type Found = { readonly path: readonly string[]; readonly field: MappedField };

const LEAVES_MAX = 500;
const DEPTH_MAX = 8;
const pair = /^\s*[+-]?\d+(?:\.\d+)?\s*,\s*[+-]?\d+(?:\.\d+)?\s*$/;
/** 2000-01-01: a smaller number of seconds is a counter, not a time. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);
/** What cannot be known from the payload, and is most often right. */
const likelyUnits: Partial<Record<Field, string>> = { speed: 'km/h', odometer: 'km' };

/**
 * A mapping that would read this JSON, guessed from the names and values in it; undefined when it
 * holds nothing that looks like a place and a time. Units are guesses: a person has to check them.
 */
export function suggestMapping(json: unknown, topic?: string): Mapping | undefined {
  const leaves: Leaf[] = [];
  gather(json, [], leaves);
  const ts = find(leaves, 'ts', isTime) ?? anyTime(leaves);
  const place = placeOf(leaves);
  if (ts === undefined || place === undefined) return undefined;
  const found: Record<string, Found> = { ts, ...place };
  for (const name of Object.keys(words) as Field[]) {
    const other = found[name] === undefined ? find(leaves, name, isPlain) : undefined;
    if (other !== undefined) found[name] = withUnit(name, other);
  }
  const each = arrayOf(place.lat.path);
  const fields = Object.entries(found).flatMap(([name, { path, field }]) => {
    const inside = relative(path, each);
    return inside === undefined ? [] : [[name, { ...field, path: pathText(inside) }] as const];
  });
  const usable = Object.fromEntries(fields);
  if (usable.ts === undefined) return undefined;
  return {
    name: 'my-device',
    ...(topic !== undefined && { topics: [topic] }),
    ...(each !== undefined && each.length > 0 && { each: pathText(each) }),
    fields: usable,
  };
}

function gather(node: unknown, path: readonly string[], leaves: Leaf[]): void {
  if (leaves.length >= LEAVES_MAX || path.length > DEPTH_MAX) return;
  // Of an array of records the first ones stand for all.
  const members = Array.isArray(node)
    ? node.slice(0, 4).entries()
    : isRecord(node)
      ? Object.entries(node)
      : [];
  if (typeof node !== 'object' || node === null) leaves.push({ path, value: node });
  for (const [name, value] of members) gather(value, [...path, String(name)], leaves);
}

/** The words of a name: `groundSpeed`, `ground.speed` and `ground_speed` have the same two. */
const wordsOf = (name: string): readonly string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);

/** The leaf whose own name is a word for the field, or has one in it; better words first. */
function find(leaves: readonly Leaf[], name: Field, isFit: (value: unknown) => boolean): Found | undefined {
  const named = leaves
    .filter(({ value }) => isFit(value))
    .map((leaf) => ({ leaf, parts: wordsOf(leaf.path.at(-1) ?? '') }));
  const wanted = words[name].map((word) => wordsOf(word).join('')).filter((word) => word.length > 1);
  for (const isMatch of [
    (parts: readonly string[], word: string) => parts.join('') === word,
    (parts: readonly string[], word: string) => parts.includes(word),
  ]) {
    for (const word of wanted) {
      const match = named.find(({ parts }) => isMatch(parts, word));
      if (match !== undefined) return { path: match.leaf.path, field: {} };
    }
  }
  return undefined;
}

function placeOf(leaves: readonly Leaf[]): { readonly lat: Found; readonly lng: Found } | undefined {
  const within = (limit: number) => (value: unknown) => Math.abs(numberOf(value) ?? 999) <= limit;
  const lat = find(leaves, 'lat', within(90));
  const lng = find(leaves, 'lng', within(180));
  if (lat !== undefined && lng !== undefined) return { lat, lng };
  const both = leaves.find(({ value }) => typeof value === 'string' && pair.test(value));
  if (both === undefined) return undefined;
  return { lat: { path: both.path, field: { part: 0 } }, lng: { path: both.path, field: { part: 1 } } };
}

/** A value that is a time whatever its name. */
function anyTime(leaves: readonly Leaf[]): Found | undefined {
  const leaf = leaves.find(({ value }) => isTime(value));
  return leaf === undefined ? undefined : { path: leaf.path, field: {} };
}

function isTime(value: unknown): boolean {
  const ms = msOfAny(value);
  return ms !== undefined && ms >= EARLIEST_MS && ms < LATEST_MS;
}

const isPlain = (value: unknown): boolean => typeof value === 'boolean' || numberOf(value) !== undefined;

function withUnit(name: Field, found: Found): Found {
  const unit = likelyUnits[name];
  return unit === undefined ? found : { ...found, field: { ...found.field, unit } };
}

/** The path of the array that holds the records: up to the first position in an array, if any. */
function arrayOf(path: readonly string[]): readonly string[] | undefined {
  const first = path.findIndex((name) => /^\d+$/.test(name));
  // A position at the very end is that of a coordinate, not of a record.
  return first < 0 || first === path.length - 1 ? undefined : path.slice(0, first);
}

function relative(
  path: readonly string[],
  each: readonly string[] | undefined,
): readonly string[] | undefined {
  if (each === undefined) return path;
  const isInside = each.every((name, i) => path[i] === name) && path.length > each.length + 1;
  return isInside ? path.slice(each.length + 1) : undefined;
}

function pathText(path: readonly string[]): string {
  const isSimple = path.every((name) => !/[./~]/.test(name) && name !== '');
  if (isSimple) return path.join('.');
  return path.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
