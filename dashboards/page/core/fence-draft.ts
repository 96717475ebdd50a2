import { defaultFencePolicy, type FencePolicy } from '../../../schemas/fence.ts';
import type { LngLat } from './geo.ts';

export type DraftShape = 'circle' | 'polygon' | 'corridor';

/** As the form has it: hours and presence are checked by the server. */
export type DraftPolicy = Omit<FencePolicy, 'schedule' | 'presence'> & {
  readonly schedule?: unknown;
  readonly presence?: unknown;
};

/** A fence while somebody draws it. */
export type FenceDraft = {
  readonly set: string;
  readonly name: string;
  readonly kind: 'area' | 'depot';
  readonly shape: DraftShape;
  /** Corners of a polygon (open), a corridor's line, or a circle's centre. */
  readonly points: readonly LngLat[];
  /** Metres: of a circle; and all across, of a corridor. */
  readonly radius: number;
  readonly width: number;
  readonly policy: DraftPolicy;
  /** The geometry as it is, where it is more than one ring: then only the rest can be edited here. */
  readonly kept?: unknown;
};

type Feature = { readonly properties: Readonly<Record<string, unknown>>; readonly geometry: unknown };
type Drawn = { readonly type?: string; readonly coordinates?: unknown };

export const emptyDraft = (shape: DraftShape, set: string): FenceDraft => ({
  ...{ set, name: '', kind: 'area', shape, points: [], radius: 150, width: 60, policy: defaultFencePolicy },
});

/** How few points make a shape. */
export const leastPoints: Readonly<Record<DraftShape, number>> = { circle: 1, polygon: 3, corridor: 2 };

export function draftOf({ properties, geometry }: Feature): FenceDraft {
  const { type, coordinates } = geometry as Drawn;
  const text = (name: string): string => String(properties[name] ?? '');
  const draft: FenceDraft = {
    ...emptyDraft('polygon', text('set')),
    name: text('name'),
    kind: properties.kind === 'depot' ? 'depot' : 'area',
    policy: { ...defaultFencePolicy, ...(properties.policy as DraftPolicy | undefined) },
  };
  if (type === 'Point') {
    return { ...draft, shape: 'circle', points: [coordinates as LngLat], radius: Number(properties.radius) };
  }
  if (type === 'LineString') {
    return { ...draft, shape: 'corridor', points: coordinates as LngLat[], width: Number(properties.width) };
  }
  const polygons = (type === 'Polygon' ? [coordinates] : coordinates) as LngLat[][][];
  const [ring] = polygons[0] ?? [];
  const isPlain = polygons.length === 1 && polygons[0]?.length === 1 && (ring?.length ?? 0) <= CORNERS_MAX;
  return isPlain && ring ? { ...draft, points: ring.slice(0, -1) } : { ...draft, kept: geometry };
}

/** More corners than this nobody moves by hand. */
const CORNERS_MAX = 400;

export function featureOfDraft(draft: FenceDraft) {
  const { set, name, kind, policy, shape, points, radius, width, kept } = draft;
  const properties = { set, name, kind, policy };
  const [centre] = points;
  if (kept !== undefined) return { type: 'Feature' as const, properties, geometry: kept };
  if (shape === 'circle') {
    const geometry = { type: 'Point', coordinates: centre };
    return { type: 'Feature' as const, properties: { ...properties, radius }, geometry };
  }
  if (shape === 'corridor') {
    const geometry = { type: 'LineString', coordinates: points };
    return { type: 'Feature' as const, properties: { ...properties, width }, geometry };
  }
  const ring = centre === undefined ? [] : [...points, centre];
  return { type: 'Feature' as const, properties, geometry: { type: 'Polygon', coordinates: [ring] } };
}

/** A click on the map: the centre of a circle, or one more corner. */
export function withPoint(draft: FenceDraft, point: LngLat): FenceDraft {
  if (draft.kept !== undefined) return draft;
  return { ...draft, points: draft.shape === 'circle' ? [point] : [...draft.points, point] };
}

export const withPointMoved = (draft: FenceDraft, index: number, point: LngLat): FenceDraft => ({
  ...draft,
  points: draft.points.map((known, i) => (i === index ? point : known)),
});

export const withoutPoint = (draft: FenceDraft, index: number): FenceDraft => ({
  ...draft,
  points: draft.points.filter((_, i) => i !== index),
});

/** A new corner in the middle of the edge that begins at `index`. */
export function withMiddle(draft: FenceDraft, index: number): FenceDraft {
  const { points } = draft;
  const [a, b] = [points[index], points[(index + 1) % points.length]];
  if (!a || !b) return draft;
  const middle: LngLat = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  return { ...draft, points: [...points.slice(0, index + 1), middle, ...points.slice(index + 1)] };
}
