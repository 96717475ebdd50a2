import 'maplibre-gl/dist/maplibre-gl.css';
import { type GeoJSONSource, Map as LibreMap, setWorkerUrl } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import { noFeatures } from '../core/geo.ts';
import { mapColours } from '../core/map-colours.ts';
import { type MapData, mapStyle } from '../core/map-style.ts';
import { type MapView, mercatorX, mercatorY } from '../core/mercator.ts';
import type { RouteShape } from '../core/route-shape.ts';
import type { Theme } from '../state/theme.ts';
import type { BaseMap, OpenBaseMap } from './base-map.ts';

setWorkerUrl(workerUrl);

const ROUTE_SOURCES = ['planned', 'track', 'proposal', 'stops'] as const;

/** Throws where the machine has no WebGL2. */
export const openLibreMap: OpenBaseMap = async (container, { theme, data, events }) => {
  await document.fonts.load('12px "Inter Variable"');
  let shown: { theme: Theme; data: MapData; route: RouteShape | undefined } = {
    theme,
    data,
    route: undefined,
  };
  const map = new LibreMap({
    container,
    style: mapStyle(data, mapColours[theme]),
    attributionControl: false,
    center: [0, 0],
    zoom: 2,
    maxZoom: 18,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    maxPitch: 0,
    fadeDuration: 0,
    canvasContextAttributes: { antialias: true },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  const canvas = map.getCanvas();
  canvas.setAttribute('aria-label', 'Live map. Arrow keys move it, plus and minus zoom.');

  const restyle = () => {
    map.setStyle(mapStyle(shown.data, mapColours[shown.theme]), { diff: true });
    addDepotImage(map, shown.theme);
    drawRoute();
  };
  const drawRoute = () => {
    for (const name of ROUTE_SOURCES) {
      const source = map.getSource<GeoJSONSource>(name);
      if (source !== undefined) void source.setData(shown.route?.[name] ?? noFeatures);
    }
  };
  map.on('load', () => drawRoute());
  map.on('styleimagemissing', () => addDepotImage(map, shown.theme));
  addDepotImage(map, theme);
  map.on('move', events.moved);
  map.on('resize', events.moved);
  map.on('click', ({ point }) => events.clicked(point));
  map.on('mousemove', ({ point }) => events.hovered(point));
  map.on('mouseout', () => events.hovered(undefined));

  const view = (): MapView => {
    const { lng, lat } = map.getCenter();
    const { clientWidth, clientHeight } = map.getContainer();
    return {
      x: mercatorX(lng),
      y: mercatorY(lat),
      zoom: map.getZoom(),
      width: clientWidth,
      height: clientHeight,
    };
  };
  const opened: BaseMap = {
    renderer: 'maplibre',
    view,
    fit: ([west, south, east, north], { padding, animate }) => {
      map.fitBounds([west, south, east, north], { padding, maxZoom: 15, animate, duration: 500 });
    },
    zoomBy: (steps) => map.zoomTo(map.getZoom() + steps, { duration: 200 }),
    setData: (next) => {
      shown = { ...shown, data: next };
      restyle();
    },
    setRoute: (route) => {
      shown = { ...shown, route };
      drawRoute();
    },
    setTheme: (next) => {
      shown = { ...shown, theme: next };
      restyle();
    },
    resize: () => map.resize(),
    destroy: () => map.remove(),
  };
  return opened;
};

/** A square: the shape that no van and no stop has. */
function addDepotImage(map: LibreMap, theme: Theme): void {
  const size = 44;
  const canvas = document.createElement('canvas');
  canvas.width = size;
  canvas.height = size;
  // On the processor: read back from a graphics card, it would wait for all that is being painted.
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  const { depot, outline } = mapColours[theme];
  context.fillStyle = outline;
  context.beginPath();
  context.roundRect(0, 0, size, size, 10);
  context.fill();
  context.fillStyle = depot;
  context.beginPath();
  context.roundRect(4, 4, size - 8, size - 8, 7);
  context.fill();
  context.fillStyle = outline;
  context.beginPath();
  context.moveTo(22, 11);
  context.lineTo(34, 19);
  context.lineTo(34, 33);
  context.lineTo(10, 33);
  context.lineTo(10, 19);
  context.closePath();
  context.fill();
  const image = context.getImageData(0, 0, size, size);
  if (map.hasImage('depot')) map.updateImage('depot', image);
  else map.addImage('depot', image);
}
