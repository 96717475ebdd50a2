import type { FencePolicy, FenceShape } from './fence.ts';

/** A fence as people write it, before it has a number. */
export type NewFence = {
  readonly set: string;
  readonly name: string;
  readonly kind: 'area' | 'depot';
  readonly shape: FenceShape;
  readonly policy?: FencePolicy | undefined;
};

/**
 * Fences as files have them, as the web process is handed it: what GeoJSON says, checked, and what is wrong
 * with it.
 */
export type FenceDesk = {
  /** Every feature of a GeoJSON text; `set` instead of each feature's own. */
  readonly read: (
    geoJson: string,
    set: string | undefined,
  ) => { readonly fences: readonly NewFence[]; readonly problems: readonly string[] };
  /** The GeoJSON Feature that reads back to the same fence. */
  readonly feature: (fence: NewFence) => object;
  readonly kml: (fences: readonly NewFence[]) => string;
};
