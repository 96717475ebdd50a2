import { vanAt, vansInView } from '../core/hit-test.ts';
import type { MapData } from '../core/map-style.ts';
import { type Bounds, type MapView, screenOf } from '../core/mercator.ts';
import type { RouteShape } from '../core/route-shape.ts';
import { placeX, placeY, type VanStore } from '../core/van-store.ts';
import type { Theme } from '../state/theme.ts';
import type { BaseMap, BaseMapEvents, OpenBaseMap, ScreenPoint } from './base-map.ts';
import { openCanvasMap } from './canvas-map.ts';
import { openCanvasVans } from './van-canvas.ts';
import type { VanLayer } from './van-layer.ts';
import { openWebglVans } from './van-webgl.ts';

/** At most 30 frames a second: vans move at walking pace on the screen, and batteries are finite. */
const FRAME_MS = 33;
/** Vans fade as time passes, also when nothing comes in. */
const FADE_CHECK_MS = 10_000;
const LABELS_MAX = 40;
const LABELS_FROM_ZOOM = 13.5;

/** What a test can see of the map: pixels alone go green on nothing. */
export type MapProbe = {
  vansDrawn: number;
  frames: number;
  lastTick: number;
  renderer: string;
  /** Lines and marks of the proposal that is previewed. */
  proposalLines: number;
};

declare global {
  interface Window {
    __paceline?: MapProbe;
  }
}

export type FleetMapOptions = {
  readonly theme: Theme;
  readonly data: MapData;
  readonly store: () => VanStore;
  readonly nameOf: (vehicleId: number) => string;
  readonly onSelect: (vehicleId: number | undefined) => void;
};

export type FleetMap = {
  readonly setSelected: (vehicleId: number | undefined) => void;
  readonly setTheme: (theme: Theme) => void;
  readonly setData: (data: MapData) => void;
  readonly setRoute: (shape: RouteShape | undefined) => void;
  readonly fit: (bounds: Bounds, options: { readonly padding: number; readonly animate: boolean }) => void;
  readonly zoomBy: (steps: number) => void;
  /** The next van on the screen, left to right; −1 for the one before. */
  readonly step: (by: 1 | -1) => void;
  /** Something that shows has changed. */
  readonly redraw: () => void;
  readonly isFallback: boolean;
  readonly destroy: () => void;
};

/** Opens the WebGL map, or the plain one where there is no WebGL2. */
export async function openBase(
  container: HTMLElement,
  options: { readonly theme: Theme; readonly data: MapData; readonly events: BaseMapEvents },
): Promise<BaseMap> {
  const probe = document.createElement('canvas').getContext('webgl2');
  if (probe === null) return openCanvasMap(container, options);
  probe.getExtension('WEBGL_lose_context')?.loseContext();
  try {
    const { openLibreMap }: { openLibreMap: OpenBaseMap } = await import('./maplibre-map.ts');
    return await openLibreMap(container, options);
  } catch {
    container.replaceChildren();
    return openCanvasMap(container, options);
  }
}

function openVans(canvas: HTMLCanvasElement): VanLayer {
  return openWebglVans(canvas) ?? openCanvasVans(canvas);
}

export async function openFleetMap(container: HTMLElement, options: FleetMapOptions): Promise<FleetMap> {
  const ground = layer('div', 'map-ground');
  const sky = layer('canvas', 'map-vans') as HTMLCanvasElement;
  const labels = layer('div', 'map-labels');
  sky.setAttribute('aria-hidden', 'true');
  labels.setAttribute('aria-hidden', 'true');
  container.append(ground, sky, labels);

  let theme = options.theme;
  let selected: number | undefined;
  let hovered: number | undefined;
  let pointer: ScreenPoint | undefined;
  let base: BaseMap | undefined;
  let vans = openVans(sky);
  let scheduled = 0;
  let lastDrawnMs = 0;
  let paintingMs = 0;
  const probe: MapProbe = { vansDrawn: 0, frames: 0, lastTick: 0, renderer: vans.renderer, proposalLines: 0 };
  window.__paceline = probe;

  const draw = (nowMs: number) => {
    if (base === undefined) return;
    lastDrawnMs = nowMs;
    paintingMs = 0;
    const store = options.store();
    const view = base.view();
    if (pointer !== undefined) hovered = vanAt(store, view, pointer, nowMs);
    if (vans.isLost()) vans = openVans(sky);
    probe.vansDrawn = vans.draw(view, store, nowMs, { theme, selected, hovered });
    probe.frames += 1;
    probe.lastTick = store.tick;
    probe.renderer = vans.renderer;
    drawLabels(labels, view, store, nowMs, { selected, hovered, nameOf: options.nameOf });
    ground.style.cursor = hovered === undefined ? '' : 'pointer';
  };
  const frame = () => {
    scheduled = 0;
    const nowMs = performance.now();
    if (vans.isBusy()) {
      paintingMs = nowMs - lastDrawnMs;
      return redraw();
    }
    // A machine that takes long to paint has half of its time for all else.
    if (nowMs - lastDrawnMs < Math.max(FRAME_MS - 4, 2 * paintingMs)) return redraw();
    draw(nowMs);
    if (options.store().stillAtMs > nowMs) redraw();
  };
  const redraw = () => {
    if (scheduled === 0 && !document.hidden) scheduled = window.requestAnimationFrame(frame);
  };
  const events: BaseMapEvents = {
    // The map is drawing this very frame; vans drawn later would swim over it.
    moved: () => (vans.isBusy() ? redraw() : draw(performance.now())),
    clicked: (point) => {
      if (base !== undefined) options.onSelect(vanAt(options.store(), base.view(), point, performance.now()));
    },
    hovered: (point) => {
      pointer = point;
      if (point === undefined) hovered = undefined;
      redraw();
    },
  };
  base = await openBase(ground, { theme, data: options.data, events });
  const fadeTimer = window.setInterval(redraw, FADE_CHECK_MS);
  const resizes = new ResizeObserver(() => {
    base?.resize();
    redraw();
  });
  resizes.observe(container);
  document.addEventListener('visibilitychange', redraw);
  const opened = base;
  redraw();

  return {
    isFallback: opened.renderer === 'canvas2d',
    setSelected: (vehicleId) => {
      selected = vehicleId;
      redraw();
    },
    setTheme: (next) => {
      theme = next;
      opened.setTheme(next);
      redraw();
    },
    setData: opened.setData,
    setRoute: (shape) => {
      probe.proposalLines = shape?.proposal.features.length ?? 0;
      opened.setRoute(shape);
    },
    fit: opened.fit,
    zoomBy: opened.zoomBy,
    step: (by) => options.onSelect(neighbour(options.store(), opened.view(), selected, by)),
    redraw,
    destroy: () => {
      window.clearInterval(fadeTimer);
      window.cancelAnimationFrame(scheduled);
      document.removeEventListener('visibilitychange', redraw);
      resizes.disconnect();
      vans.destroy();
      opened.destroy();
      container.replaceChildren();
      delete window.__paceline;
    },
  };
}

function layer(tag: 'div' | 'canvas', className: string): HTMLElement {
  const element = document.createElement(tag);
  element.className = `map-layer ${className}`;
  return element;
}

function neighbour(
  store: VanStore,
  view: MapView,
  selected: number | undefined,
  by: 1 | -1,
): number | undefined {
  const seen = vansInView(store, view, performance.now());
  if (seen.length === 0) return undefined;
  const index = selected === undefined ? -1 : seen.indexOf(selected);
  if (index === -1) return seen[by === 1 ? 0 : seen.length - 1];
  return seen[(index + by + seen.length) % seen.length];
}

type LabelLook = {
  readonly selected: number | undefined;
  readonly hovered: number | undefined;
  readonly nameOf: (vehicleId: number) => string;
};

/** Names as page text (sharp, themed), for the chosen vans and, close up, for all in view. */
function drawLabels(
  container: HTMLElement,
  view: MapView,
  store: VanStore,
  nowMs: number,
  { selected, hovered, nameOf }: LabelLook,
): void {
  const shown = new Set<number>();
  if (selected !== undefined) shown.add(selected);
  if (hovered !== undefined) shown.add(hovered);
  if (view.zoom >= LABELS_FROM_ZOOM && selected === undefined) {
    for (const id of vansInView(store, view, nowMs).slice(0, LABELS_MAX)) shown.add(id);
  }
  let index = 0;
  for (const id of shown) {
    const slot = store.slots.get(id);
    if (slot === undefined) continue;
    const [x, y] = screenOf(view, placeX(store, slot, nowMs), placeY(store, slot, nowMs));
    const label = (container.children[index] ??
      container.appendChild(document.createElement('span'))) as HTMLElement;
    const name = nameOf(id);
    if (label.textContent !== name) label.textContent = name;
    label.className = id === selected || id === hovered ? 'map-label chosen' : 'map-label';
    label.style.transform = `translate(${Math.round(x + 16)}px, ${Math.round(y - 11)}px)`;
    index += 1;
  }
  while (container.children.length > index) container.lastElementChild?.remove();
}
