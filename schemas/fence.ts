/** GeoJSON coordinates: [lng, lat]. */
export type Coordinate = readonly [lng: number, lat: number, ...rest: number[]];
/** Closed rings; the first is the outline, the others holes. */
export type PolygonRings = readonly (readonly Coordinate[])[];

export type FenceShape =
  | { readonly kind: 'circle'; readonly centre: Coordinate; readonly radius: number }
  | { readonly kind: 'polygon'; readonly polygons: readonly PolygonRings[] }
  | { readonly kind: 'corridor'; readonly line: readonly Coordinate[]; readonly width: number };

/** Metres and seconds, all in event time. */
export type FencePolicy = {
  /** How deep inside a fix must be to count as inside when the van was outside. */
  readonly enterMargin: number;
  /** How far outside a fix must be to count as outside when the van was inside. */
  readonly exitMargin: number;
  /** A stay shorter than this is no enter (and no exit). */
  readonly minInside: number;
  /** An absence shorter than this is no exit (and no new enter). */
  readonly minOutside: number;
};

export const defaultFencePolicy: FencePolicy = {
  enterMargin: 0,
  exitMargin: 25,
  minInside: 20,
  minOutside: 20,
};

/** A named area of one fleet. `set` groups fences that were imported together. */
export type Fence = {
  readonly id: number;
  readonly fleetId: number;
  readonly set: string;
  readonly name: string;
  readonly kind: 'area' | 'depot';
  readonly shape: FenceShape;
  readonly policy: FencePolicy;
};
