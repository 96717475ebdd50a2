import type { FeatureCollection, Geometry, LngLat } from '../core/geo.ts';
import { mapColours } from '../core/map-colours.ts';
import type { MapData } from '../core/map-style.ts';
import { type MapView, mercatorX, mercatorY, viewOfBounds, worldSize } from '../core/mercator.ts';
import type { RouteShape } from '../core/route-shape.ts';
import type { Theme } from '../state/theme.ts';
import type { BaseMap, BaseMapEvents, OpenBaseMap } from './base-map.ts';

/** Paths are kept in units of about a metre around an origin: Path2D holds single precision. */
const UNITS = 4e7;

type Paths = { readonly origin: LngLat; readonly byLayer: ReadonlyMap<string, Path2D> };
type State = { view: MapView; theme: Theme; data: MapData; route: RouteShape | undefined; paths: Paths };

/** The map for machines without WebGL2 (remote desktops, old depot computers): plain 2-D drawing. */
export const openCanvasMap: OpenBaseMap = async (container, { theme, data, events }) => {
  const canvas = document.createElement('canvas');
  canvas.className = 'map-canvas';
  canvas.tabIndex = 0;
  canvas.setAttribute('role', 'region');
  canvas.setAttribute('aria-label', 'Live map. Arrow keys move it, plus and minus zoom.');
  container.append(canvas);
  const context = canvas.getContext('2d')!;
  const size = () => ({ width: container.clientWidth, height: container.clientHeight });
  const state: State = {
    view: { x: 0.5, y: 0.5, zoom: 2, ...size() },
    theme,
    data,
    route: undefined,
    paths: pathsOf(data),
  };
  let scheduled = 0;
  const draw = () => {
    scheduled = 0;
    drawMap(context, state);
    events.moved();
  };
  const changed = () => {
    if (scheduled === 0) scheduled = window.requestAnimationFrame(draw);
  };
  const resize = () => {
    const ratio = window.devicePixelRatio;
    state.view = { ...state.view, ...size() };
    canvas.width = Math.round(state.view.width * ratio);
    canvas.height = Math.round(state.view.height * ratio);
    changed();
  };
  const move = (next: Partial<MapView>) => {
    state.view = { ...state.view, ...next };
    changed();
  };
  listen(canvas, () => state.view, move, events);
  resize();
  const opened: BaseMap = {
    renderer: 'canvas2d',
    view: () => state.view,
    fit: (bounds, { padding }) => move(viewOfBounds(bounds, state.view.width, state.view.height, padding)),
    zoomBy: (steps) => move({ zoom: clampZoom(state.view.zoom + steps) }),
    setData: (next) => {
      state.data = next;
      state.paths = pathsOf(next);
      changed();
    },
    setRoute: (route) => {
      state.route = route;
      changed();
    },
    setTheme: (next) => {
      state.theme = next;
      changed();
    },
    resize,
    destroy: () => {
      window.cancelAnimationFrame(scheduled);
      canvas.remove();
    },
  };
  return opened;
};

const clampZoom = (zoom: number) => Math.min(18, Math.max(2, zoom));

function listen(
  canvas: HTMLCanvasElement,
  view: () => MapView,
  move: (next: Partial<MapView>) => void,
  events: BaseMapEvents,
): void {
  let grabbed: { x: number; y: number; moved: boolean } | undefined;
  const pan = (dx: number, dy: number) => {
    const { x, y, zoom } = view();
    move({ x: x - dx / worldSize(zoom), y: y - dy / worldSize(zoom) });
  };
  canvas.addEventListener('pointerdown', (event) => {
    grabbed = { x: event.offsetX, y: event.offsetY, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (grabbed === undefined) return events.hovered({ x: event.offsetX, y: event.offsetY });
    const dx = event.offsetX - grabbed.x;
    const dy = event.offsetY - grabbed.y;
    if (!grabbed.moved && Math.hypot(dx, dy) < 4) return;
    grabbed = { x: event.offsetX, y: event.offsetY, moved: true };
    pan(dx, dy);
  });
  canvas.addEventListener('pointerup', (event) => {
    if (grabbed?.moved === false) events.clicked({ x: event.offsetX, y: event.offsetY });
    grabbed = undefined;
  });
  canvas.addEventListener('pointerleave', () => events.hovered(undefined));
  canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const before = view();
      const zoom = clampZoom(before.zoom - event.deltaY / 300);
      // The place under the pointer stays under it.
      const shift = 1 / worldSize(before.zoom) - 1 / worldSize(zoom);
      move({
        zoom,
        x: before.x + (event.offsetX - before.width / 2) * shift,
        y: before.y + (event.offsetY - before.height / 2) * shift,
      });
    },
    { passive: false },
  );
  const steps: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => pan(80, 0),
    ArrowRight: () => pan(-80, 0),
    ArrowUp: () => pan(0, 80),
    ArrowDown: () => pan(0, -80),
    '+': () => move({ zoom: clampZoom(view().zoom + 1) }),
    '=': () => move({ zoom: clampZoom(view().zoom + 1) }),
    '-': () => move({ zoom: clampZoom(view().zoom - 1) }),
  };
  canvas.addEventListener('keydown', (event) => {
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    step();
  });
}

function pathsOf({ basemap, fences }: MapData): Paths {
  const first = firstPlace(basemap) ?? firstPlace(fences) ?? [0, 0];
  const origin: LngLat = [mercatorX(first[0]), mercatorY(first[1])];
  const byLayer = new Map<string, Path2D>();
  for (const { properties, geometry } of basemap.features) {
    const layer = String(properties.kind ?? roadLayer(String(properties.class)));
    trace(pathFor(byLayer, layer), geometry, origin);
  }
  for (const { geometry } of fences.features) trace(pathFor(byLayer, 'fence'), geometry, origin);
  return { origin, byLayer };
}

function roadLayer(kind: string): string {
  if (/^(motorway|trunk|primary)/.test(kind)) return 'major';
  return /^(secondary|tertiary)/.test(kind) ? 'middle' : 'minor';
}

function pathFor(byLayer: Map<string, Path2D>, layer: string): Path2D {
  const path = byLayer.get(layer) ?? new Path2D();
  byLayer.set(layer, path);
  return path;
}

function firstPlace({ features }: FeatureCollection): LngLat | undefined {
  let part: unknown = features[0]?.geometry.coordinates;
  while (Array.isArray(part) && Array.isArray(part[0])) part = part[0];
  return Array.isArray(part) ? (part as LngLat) : undefined;
}

function trace(path: Path2D, geometry: Geometry, origin: LngLat): void {
  const line = (points: LngLat[]) => {
    points.forEach(([lng, lat], index) => {
      const x = (mercatorX(lng) - origin[0]) * UNITS;
      const y = (mercatorY(lat) - origin[1]) * UNITS;
      if (index === 0) path.moveTo(x, y);
      else path.lineTo(x, y);
    });
  };
  if (geometry.type === 'LineString') line(geometry.coordinates);
  else if (geometry.type === 'Polygon' || geometry.type === 'MultiLineString') geometry.coordinates.map(line);
  else if (geometry.type === 'MultiPolygon') geometry.coordinates.flat().map(line);
}

function drawMap(context: CanvasRenderingContext2D, { view, theme, data, route, paths }: State): void {
  const colours = mapColours[theme];
  const ratio = window.devicePixelRatio;
  const scale = (worldSize(view.zoom) / UNITS) * ratio;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = colours.land;
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  const { origin, byLayer } = paths;
  const use = (from: LngLat) =>
    context.setTransform(
      scale,
      0,
      0,
      scale,
      (view.width / 2) * ratio + (from[0] - view.x) * UNITS * scale,
      (view.height / 2) * ratio + (from[1] - view.y) * UNITS * scale,
    );
  const stroke = (path: Path2D | undefined, colour: string, width: number, dash: number[] = []) => {
    if (path === undefined) return;
    const unit = ratio / scale;
    context.setLineDash(dash.map((length) => length * unit));
    context.strokeStyle = colour;
    context.lineWidth = width * unit;
    context.stroke(path);
  };
  use(origin);
  for (const [layer, colour] of [
    ['park', colours.park],
    ['water', colours.water],
  ] as const) {
    const path = byLayer.get(layer);
    context.fillStyle = colour;
    if (path !== undefined) context.fill(path);
  }
  if (view.zoom > 11) stroke(byLayer.get('minor'), colours.roadMinor, view.zoom > 14 ? 3 : 1);
  stroke(byLayer.get('middle'), colours.roadMiddle, view.zoom > 13 ? 3 : 1.2);
  stroke(byLayer.get('major'), colours.roadMajor, view.zoom > 13 ? 4 : 1.6);
  stroke(byLayer.get('fence'), colours.fence, 1, [4, 3]);
  const lineOf = ({ features }: FeatureCollection) => {
    const path = new Path2D();
    for (const { geometry } of features) trace(path, geometry, origin);
    return path;
  };
  if (route !== undefined) {
    stroke(lineOf(route.planned), colours.planned, 1.6, [6, 4]);
    stroke(lineOf(route.track), colours.track, 2.6);
    stroke(lineOf(route.proposal), colours.proposal, 3);
  }
  context.setLineDash([]);
  drawPoints(context, view, data, route, theme);
}

function drawPoints(
  context: CanvasRenderingContext2D,
  view: MapView,
  data: MapData,
  route: RouteShape | undefined,
  theme: Theme,
): void {
  const colours = mapColours[theme];
  const ratio = window.devicePixelRatio;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const size = worldSize(view.zoom);
  const screen = ([lng, lat]: LngLat): LngLat => [
    (mercatorX(lng) - view.x) * size + view.width / 2,
    (mercatorY(lat) - view.y) * size + view.height / 2,
  ];
  const stopColours: Readonly<Record<string, string>> = {
    done: colours.stopDone,
    done_late: colours.stopLate,
    failed: colours.stopFailed,
  };
  for (const { geometry, properties } of route?.stops.features ?? []) {
    if (geometry.type !== 'Point') continue;
    const [x, y] = screen(geometry.coordinates);
    const filled = stopColours[String(properties.state)];
    context.beginPath();
    context.arc(x, y, properties.state === 'next' ? 8 : 3.5, 0, 2 * Math.PI);
    context.strokeStyle = properties.state === 'next' ? colours.track : colours.stopAhead;
    context.lineWidth = properties.state === 'next' ? 2.5 : 1.2;
    if (filled === undefined) context.stroke();
    else {
      context.fillStyle = filled;
      context.fill();
    }
  }
  context.font = '12px "Inter Variable", sans-serif';
  context.textAlign = 'center';
  for (const { geometry, properties } of data.depots.features) {
    if (geometry.type !== 'Point') continue;
    const [x, y] = screen(geometry.coordinates);
    context.fillStyle = colours.depot;
    context.fillRect(x - 8, y - 8, 16, 16);
    context.fillText(String(properties.name ?? ''), x, y + 22);
  }
}
