import { radiansFromDegrees } from '../../../schemas/units.ts';
import { type FenceDraft, withMiddle, withoutPoint, withPoint, withPointMoved } from '../core/fence-draft.ts';
import type { LngLat } from '../core/geo.ts';
import type { MapData } from '../core/map-style.ts';
import {
  type Bounds,
  latFromY,
  lngFromX,
  type MapView,
  mercatorX,
  mercatorY,
  screenOf,
  worldSize,
} from '../core/mercator.ts';
import type { Theme } from '../state/theme.ts';
import type { BaseMap } from './base-map.ts';
import { openBase } from './fleet-map.ts';

export type FenceMap = {
  readonly setDraft: (draft: FenceDraft | undefined) => void;
  readonly setData: (data: MapData) => void;
  readonly setTheme: (theme: Theme) => void;
  readonly fit: (bounds: Bounds) => void;
  readonly zoomBy: (steps: number) => void;
  /** Where the middle of the map is: what the keyboard draws with. */
  readonly centre: () => LngLat;
  readonly destroy: () => void;
};

type Options = {
  readonly theme: Theme;
  readonly data: MapData;
  readonly onEdit: (draft: FenceDraft) => void;
};

const SVG = 'http://www.w3.org/2000/svg';
/** Circumference of the Earth at the equator, metres. */
const EQUATOR = 40_075_017;
/** Pixels an arrow key moves a corner by. */
const NUDGE = 5;

/** A map with one fence on it that is being drawn: corners are dragged, or moved by arrow keys. */
export async function openFenceMap(container: HTMLElement, options: Options): Promise<FenceMap> {
  const ground = document.createElement('div');
  ground.className = 'map-layer map-ground';
  const drawing = document.createElementNS(SVG, 'svg');
  drawing.setAttribute('class', 'map-layer fence-drawing');
  container.append(ground, drawing);
  let draft: FenceDraft | undefined;
  let base: BaseMap | undefined;
  const edit = (next: FenceDraft): void => {
    draft = next;
    options.onEdit(next);
    draw();
  };
  const draw = (): void => {
    if (base !== undefined) drawDraft(drawing, base.view(), draft, edit);
  };
  base = await openBase(ground, {
    theme: options.theme,
    data: options.data,
    events: {
      moved: draw,
      clicked: ({ x, y }) => {
        if (base !== undefined && draft !== undefined) edit(withPoint(draft, placeOf(base.view(), x, y)));
      },
      hovered: () => {},
    },
  });
  const opened = base;
  const resizes = new ResizeObserver(() => {
    opened.resize();
    draw();
  });
  resizes.observe(container);
  return {
    setDraft(next) {
      draft = next;
      draw();
    },
    setData: opened.setData,
    setTheme: opened.setTheme,
    fit: (bounds) => opened.fit(bounds, { padding: 60, animate: false }),
    zoomBy: opened.zoomBy,
    centre: () => {
      const { width, height } = opened.view();
      return placeOf(opened.view(), width / 2, height / 2);
    },
    destroy() {
      resizes.disconnect();
      opened.destroy();
      container.replaceChildren();
    },
  };
}

function placeOf(view: MapView, x: number, y: number): LngLat {
  const size = worldSize(view.zoom);
  const round = (degrees: number): number => Math.round(degrees * 1e6) / 1e6;
  return [
    round(lngFromX(view.x + (x - view.width / 2) / size)),
    round(latFromY(view.y + (y - view.height / 2) / size)),
  ];
}

const spotOf = (view: MapView, [lng, lat]: LngLat): readonly [number, number] =>
  screenOf(view, mercatorX(lng), mercatorY(lat));

/** CSS pixels of so many metres there. */
const pixelsOf = (view: MapView, metres: number, lat: number): number =>
  (metres * worldSize(view.zoom)) / (EQUATOR * Math.cos(radiansFromDegrees(lat)));

function drawDraft(
  drawing: SVGSVGElement,
  view: MapView,
  draft: FenceDraft | undefined,
  edit: (draft: FenceDraft) => void,
): void {
  const focused = drawing.contains(document.activeElement)
    ? document.activeElement?.getAttribute('data-corner')
    : undefined;
  const parts: SVGElement[] = [];
  if (draft !== undefined && draft.kept === undefined) {
    const spots = draft.points.map((point) => spotOf(view, point));
    parts.push(outlineOf(view, draft, spots));
    if (draft.shape !== 'circle') parts.push(...middles(draft, spots, edit));
    parts.push(...spots.map((spot, i) => cornerOf({ drawing, view, draft, edit }, spot, i)));
  }
  drawing.replaceChildren(...parts);
  if (focused) drawing.querySelector<SVGElement>(`[data-corner="${focused}"]`)?.focus();
}

function element(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

function outlineOf(
  view: MapView,
  draft: FenceDraft,
  spots: readonly (readonly [number, number])[],
): SVGElement {
  const [first] = spots;
  const lat = draft.points[0]?.[1] ?? 0;
  if (draft.shape === 'circle') {
    const [cx, cy] = first ?? [-1e4, -1e4];
    return element('circle', { class: 'fence-area', cx, cy, r: pixelsOf(view, draft.radius, lat) });
  }
  const points = spots.map((spot) => spot.join(',')).join(' ');
  if (draft.shape === 'polygon') return element('polygon', { class: 'fence-area', points });
  const width = Math.max(2, pixelsOf(view, draft.width, lat));
  return element('polyline', { class: 'fence-corridor', points, 'stroke-width': width });
}

function middles(
  draft: FenceDraft,
  spots: readonly (readonly [number, number])[],
  edit: (draft: FenceDraft) => void,
): SVGElement[] {
  const count = draft.shape === 'polygon' && spots.length > 2 ? spots.length : spots.length - 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => {
    const [a, b] = [spots[i]!, spots[(i + 1) % spots.length]!];
    const middle = element('circle', {
      class: 'fence-middle',
      cx: (a[0] + b[0]) / 2,
      cy: (a[1] + b[1]) / 2,
      r: 5,
    });
    middle.addEventListener('pointerdown', (event) => {
      event.stopPropagation();
      edit(withMiddle(draft, i));
    });
    return middle;
  });
}

type Canvas = {
  readonly drawing: SVGSVGElement;
  readonly view: MapView;
  readonly draft: FenceDraft;
  readonly edit: (draft: FenceDraft) => void;
};

const steps: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-NUDGE, 0],
  ArrowRight: [NUDGE, 0],
  ArrowUp: [0, -NUDGE],
  ArrowDown: [0, NUDGE],
};

function cornerOf({ drawing, view, draft, edit }: Canvas, [x, y]: readonly [number, number], i: number) {
  const word = draft.shape === 'circle' ? 'Centre' : `Corner ${i + 1} of ${draft.points.length}`;
  const corner = element('circle', {
    class: 'fence-corner',
    cx: x,
    cy: y,
    r: 8,
    tabindex: 0,
    'data-corner': i,
  });
  corner.setAttribute('role', 'button');
  corner.setAttribute(
    'aria-label',
    `${word}. Arrow keys move it, Insert adds one after it, Delete removes it.`,
  );
  corner.addEventListener('keydown', (event) => {
    const step = steps[event.key];
    if (step) edit(withPointMoved(draft, i, placeOf(view, x + step[0], y + step[1])));
    else if (event.key === 'Delete' || event.key === 'Backspace') edit(withoutPoint(draft, i));
    else if (event.key === 'Insert' && draft.shape !== 'circle') edit(withMiddle(draft, i));
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  corner.addEventListener('pointerdown', (event) => {
    event.preventDefault();
    event.stopPropagation();
    const box = drawing.getBoundingClientRect();
    const move = ({ clientX, clientY }: PointerEvent): void =>
      edit(withPointMoved(draft, i, placeOf(view, clientX - box.left, clientY - box.top)));
    const drop = (): void => {
      window.removeEventListener('pointermove', move);
      window.removeEventListener('pointerup', drop);
    };
    window.addEventListener('pointermove', move);
    window.addEventListener('pointerup', drop);
  });
  return corner;
}
