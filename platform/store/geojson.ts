import type { Coordinate, FenceShape, PolygonRings } from '../../schemas/fence.ts';
import type { NewFence } from '../../schemas/fence-desk.ts';
import { fenceProblem } from './fence-check.ts';
import { policyOf } from './fence-policy.ts';

/** A GeoJSON Feature (RFC 7946), as far as nothing is known about it yet. */
type Feature = { readonly type: 'Feature'; readonly properties: Properties; readonly geometry: unknown };
type Properties = Readonly<Record<string, unknown>>;

export type ImportOptions = {
  /** Instead of each feature's own property `set`. */
  readonly set?: string | undefined;
  /** The property that names a fence. */
  readonly nameProperty: string;
  /** Only features with these properties, compared as text. */
  readonly where: Readonly<Record<string, string>>;
};

export type Imported = {
  readonly fences: readonly NewFence[];
  /** One line each: which feature, what is wrong and how to mend it. */
  readonly problems: readonly string[];
  /** One line each: features whose name another one of their set has. */
  readonly renamed: readonly string[];
  /** Features that `where` left out. */
  readonly skipped: number;
};

/** Every feature of a GeoJSON text as a fence, its coordinates as they stand. */
export function fencesFromGeoJson(text: string, options: ImportOptions): Imported {
  const fences: NewFence[] = [];
  const problems: string[] = [];
  const renamed: string[] = [];
  const taken = new Set<string>();
  let skipped = 0;
  for (const { place, value } of featuresOf(text)) {
    const feature = asFeature(value);
    if (typeof feature === 'string') {
      problems.push(`${place}: ${feature}`);
      continue;
    }
    if (Object.entries(options.where).some(([key, wanted]) => textOf(feature.properties[key]) !== wanted)) {
      skipped++;
      continue;
    }
    const fence = fenceOf(feature, options);
    if (typeof fence === 'string') {
      const name = textOf(feature.properties[options.nameProperty]);
      problems.push(`${place}${name === undefined ? '' : ` (“${name}”)`}: ${fence}`);
      continue;
    }
    const name = freeName(fence, taken);
    if (name !== fence.name)
      renamed.push(`${place}: “${fence.name}” stands twice in set “${fence.set}”; this one is “${name}”`);
    taken.add(`${fence.set}\n${name}`);
    fences.push({ ...fence, name });
  }
  return { fences, problems, renamed, skipped };
}

/** A fence as the Feature that `fencesFromGeoJson` reads back to the same. */
export function featureOf({ set, name, kind, shape, policy }: NewFence): object {
  const properties = { set, name, kind, ...(policy ? { policy } : {}) };
  switch (shape.kind) {
    case 'circle':
      return {
        type: 'Feature',
        properties: { ...properties, radius: shape.radius },
        geometry: { type: 'Point', coordinates: shape.centre },
      };
    case 'corridor':
      return {
        type: 'Feature',
        properties: { ...properties, width: shape.width },
        geometry: { type: 'LineString', coordinates: shape.line },
      };
    case 'polygon':
      return {
        type: 'Feature',
        properties,
        geometry: { type: 'MultiPolygon', coordinates: shape.polygons },
      };
  }
}

/** Names are for people, so the second “Mission” becomes “Mission (2)”; the same file gives the same names. */
function freeName({ set, name }: NewFence, taken: ReadonlySet<string>): string {
  if (!taken.has(`${set}\n${name}`)) return name;
  for (let n = 2; ; n++) {
    const other = `${name} (${n})`;
    if (!taken.has(`${set}\n${other}`)) return other;
  }
}

type Found = { readonly place: string; readonly value: unknown };

/** A Feature, a FeatureCollection, or one of these a line; a line that is no JSON is reported alone. */
function* featuresOf(text: string): Generator<Found> {
  const whole = parsed(text);
  if (whole !== undefined) {
    yield* unfolded({ place: 'feature', value: whole });
    return;
  }
  let number = 0;
  for (const line of text.split('\n')) {
    number++;
    const json = line.trim();
    if (json !== '') yield* unfolded({ place: `line ${number}`, value: parsed(json) });
  }
}

function* unfolded(found: Found): Generator<Found> {
  const { value } = found;
  if (!isObject(value) || value.type !== 'FeatureCollection' || !Array.isArray(value.features)) {
    yield found;
    return;
  }
  for (const [i, feature] of value.features.entries()) yield { place: `feature ${i + 1}`, value: feature };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function asFeature(value: unknown): Feature | string {
  if (value === undefined)
    return 'it is not JSON; each line is one Feature, or the whole file one FeatureCollection';
  if (!isObject(value) || value.type !== 'Feature')
    return 'it is not a GeoJSON Feature; wrap the geometry in one';
  return {
    type: 'Feature',
    properties: isObject(value.properties) ? value.properties : {},
    geometry: value.geometry,
  };
}

function fenceOf({ properties, geometry }: Feature, options: ImportOptions): NewFence | string {
  const set = options.set ?? textOf(properties.set);
  if (set === undefined) return 'it names no set; pass --set or give it a property “set”';
  const name = textOf(properties[options.nameProperty]);
  if (name === undefined) {
    return `it has no property “${options.nameProperty}”; --name tells which property names a fence`;
  }
  if (name.length > 256 || set.length > 256)
    return 'its name or set is longer than 256 characters; shorten it';
  const kind = properties.kind ?? 'area';
  if (kind !== 'area' && kind !== 'depot') return `kind is “${kind}”; write area or depot`;
  const policy = policyOf(properties.policy);
  if (typeof policy === 'string') return policy;
  const shape = shapeOf(geometry, properties);
  if (typeof shape === 'string') return shape;
  return fenceProblem(shape) ?? { set, name, kind, shape, policy };
}

function shapeOf(geometry: unknown, properties: Properties): FenceShape | string {
  if (!isObject(geometry)) return 'it has no geometry; give it one';
  const { type, coordinates } = geometry;
  switch (type) {
    case 'Polygon':
      return isDeep(coordinates, 3)
        ? { kind: 'polygon', polygons: [coordinates as PolygonRings] }
        : malformed(type);
    case 'MultiPolygon':
      return isDeep(coordinates, 4)
        ? { kind: 'polygon', polygons: coordinates as readonly PolygonRings[] }
        : malformed(type);
    case 'Point':
      if (typeof properties.radius !== 'number') return 'a Point needs a property “radius” in metres';
      return isDeep(coordinates, 1)
        ? { kind: 'circle', centre: coordinates as unknown as Coordinate, radius: properties.radius }
        : malformed(type);
    case 'LineString':
      if (typeof properties.width !== 'number') return 'a LineString needs a property “width” in metres';
      return isDeep(coordinates, 2)
        ? { kind: 'corridor', line: coordinates as unknown as readonly Coordinate[], width: properties.width }
        : malformed(type);
    default:
      return `its geometry is a ${textOf(type) ?? 'thing without type'}; use Polygon, MultiPolygon, Point with radius or LineString with width`;
  }
}

const malformed = (type: string) =>
  `the coordinates of its ${type} are not nested as RFC 7946 says; correct them`;

/** Whether a value is numbers nested in exactly `depth` arrays, at least two to a position. */
function isDeep(value: unknown, depth: number): boolean {
  if (!Array.isArray(value)) return false;
  if (depth > 1) return value.every((inner) => isDeep(inner, depth - 1));
  return value.length >= 2 && value.every((number) => typeof number === 'number');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
