import type { MapData } from '../core/map-style.ts';
import type { Bounds, MapView } from '../core/mercator.ts';
import type { RouteShape } from '../core/route-shape.ts';
import type { Theme } from '../state/theme.ts';

export type ScreenPoint = { readonly x: number; readonly y: number };

export type BaseMapEvents = {
  /** The view has moved, and the map is being drawn: what lies above it must follow at once. */
  readonly moved: () => void;
  readonly clicked: (point: ScreenPoint) => void;
  readonly hovered: (point: ScreenPoint | undefined) => void;
};

/** What lies under the vans. North is always up. */
export type BaseMap = {
  readonly renderer: 'maplibre' | 'canvas2d';
  readonly view: () => MapView;
  readonly fit: (bounds: Bounds, options: { readonly padding: number; readonly animate: boolean }) => void;
  readonly zoomBy: (steps: number) => void;
  readonly setData: (data: MapData) => void;
  readonly setRoute: (shape: RouteShape | undefined) => void;
  readonly setTheme: (theme: Theme) => void;
  readonly resize: () => void;
  readonly destroy: () => void;
};

export type OpenBaseMap = (
  container: HTMLElement,
  options: { readonly theme: Theme; readonly data: MapData; readonly events: BaseMapEvents },
) => Promise<BaseMap>;
