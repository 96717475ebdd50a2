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
  readonly isLost: () => boolean;
  readonly destroy: () => void;
};

/** CSS pixels of a van's disc: small enough for a city of vans, large enough for a finger in a street. */
export function vanRadius(zoom: number, count: number): number {
  const crowded = count > 5000 ? 0.55 : count > 1000 ? 0.75 : 1;
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
