import type { MapView } from '../core/mercator.ts';
import type { VanStore } from '../core/van-store.ts';
import type { Theme } from '../state/theme.ts';

export type VanLook = {
  readonly theme: Theme;
  readonly selected: number | undefined;
  readonly hovered: number | undefined;
};

/** Draws every van above the map. `draw` answers how many lie on the screen. */
export type VanLayer = {
  readonly renderer: 'webgl2' | 'canvas2d';
  readonly draw: (view: MapView, store: VanStore, nowMs: number, look: VanLook) => number;
  /** Whether the last drawing is still being painted: another would only wait behind it, and the page with it. */
  readonly isBusy: () => boolean;
  readonly isLost: () => boolean;
  readonly destroy: () => void;
};

/** So many vans on the screen are a crowd: dots without arrows, since nobody can tell them apart. */
export const CROWD = 20_000;

/**
 * CSS pixels of a van's disc, with so many on the screen: small enough for a city of vans, large enough for a
 * finger in a street.
 */
export function vanRadius(zoom: number, seen: number): number {
  const crowded = seen > CROWD ? 0.3 : seen > 5000 ? 0.55 : seen > 1000 ? 0.75 : 1;
  const share = Math.min(1, Math.max(0, (zoom - 9) / 5));
  return (5 + 6 * share) * crowded;
}

/** Fits a canvas to the view in device pixels; true when that changed (and cleared) it. */
export function fitCanvas(canvas: HTMLCanvasElement, { width, height }: MapView, ratio: number): boolean {
  const wide = Math.max(1, Math.round(width * ratio));
  const high = Math.max(1, Math.round(height * ratio));
  if (canvas.width === wide && canvas.height === high) return false;
  canvas.width = wide;
  canvas.height = high;
  return true;
}
