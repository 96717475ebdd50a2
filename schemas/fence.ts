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
  /** A stay longer than this is worth telling, seconds. */
  readonly dwell?: number | undefined;
  /** m/s; who drives faster inside is speeding, whatever the road allows. */
  readonly speedLimit?: number | undefined;
  /** When the fence is there at all; without one, always. Outside of its hours nobody is inside. */
  readonly schedule?: WeeklyHours | undefined;
  /** When vans have to be inside, or outside. */
  readonly presence?: readonly PresenceRule[] | undefined;
};

/** Hours of the week by the wall clock of a place, so that they move with daylight saving. */
export type WeeklyHours = {
  /** IANA name. */
  readonly timeZone: string;
  readonly hours: readonly DayHours[];
};

export type DayHours = {
  /** 1 is Monday, 7 is Sunday. */
  readonly days: readonly number[];
  /** `HH:MM`; `24:00` is the end of the day. Until a time not after `from` means until then on the next day. */
  readonly from: string;
  readonly until: string;
};

/** “Should be inside by 07:30”: at that time of those days every van that matters stands on that side. */
export type PresenceRule = {
  readonly timeZone: string;
  readonly days: readonly number[];
  /** `HH:MM` */
  readonly at: string;
  readonly side: 'inside' | 'outside';
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
