import type { StyleSpecification } from 'maplibre-gl';
import { type FeatureCollection, noFeatures } from './geo.ts';
import type { MapColours } from './map-colours.ts';

export type MapData = {
  readonly basemap: FeatureCollection;
  readonly fences: FeatureCollection;
  readonly depots: FeatureCollection;
};

const MAJOR = ['motorway', 'trunk', 'primary', 'motorway_link', 'trunk_link', 'primary_link'];
const MIDDLE = ['secondary', 'tertiary', 'secondary_link', 'tertiary_link'];
const FONT = ['Inter Variable'];

type Layer = StyleSpecification['layers'][number];
type Expression = never;

/**
 * The style of our own base map: nothing in it names an address, so drawing it needs no network.
 * With no `glyphs` MapLibre draws labels in the page's own font.
 */
export function mapStyle(data: MapData, colours: MapColours): StyleSpecification {
  const source = (features: FeatureCollection) => ({ type: 'geojson' as const, data: features });
  return {
    version: 8,
    sources: {
      basemap: source(data.basemap),
      fences: source(data.fences),
      depots: source(data.depots),
      planned: source(noFeatures),
      track: source(noFeatures),
      proposal: source(noFeatures),
      stops: source(noFeatures),
    },
    layers: [
      { id: 'land', type: 'background', paint: { 'background-color': colours.land } },
      ...groundLayers(colours),
      ...fenceLayers(colours),
      ...routeLayers(colours),
      ...labelLayers(colours),
    ],
  };
}

const byZoom = (...stops: number[]) => ['interpolate', ['linear'], ['zoom'], ...stops] as Expression;

function groundLayers(colours: MapColours): Layer[] {
  const area = (id: string, colour: string): Layer => ({
    id,
    type: 'fill',
    source: 'basemap',
    filter: ['all', ['==', ['geometry-type'], 'Polygon'], ['==', ['get', 'kind'], id]],
    paint: { 'fill-color': colour },
  });
  const isLine = ['==', ['geometry-type'], 'LineString'] as Expression;
  const road = (id: string, classes: Expression, color: string, width: Expression): Layer => ({
    id,
    type: 'line',
    source: 'basemap',
    filter: ['all', isLine, classes],
    layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: { 'line-color': color, 'line-width': width },
  });
  const among = (classes: string[]) => ['in', ['get', 'class'], ['literal', classes]] as Expression;
  const minor = ['!', among([...MAJOR, ...MIDDLE])] as Expression;
  return [
    area('park', colours.park),
    area('water', colours.water),
    road('road-minor', minor, colours.roadMinor, byZoom(10, 0.4, 13, 1, 16, 5)),
    road('road-middle', among(MIDDLE), colours.roadMiddle, byZoom(9, 0.6, 13, 2, 16, 8)),
    road('road-major', among(MAJOR), colours.roadMajor, byZoom(8, 0.8, 13, 2.6, 16, 10)),
  ];
}

function fenceLayers(colours: MapColours): Layer[] {
  return [
    {
      id: 'fence-area',
      type: 'fill',
      source: 'fences',
      paint: { 'fill-color': colours.fence, 'fill-opacity': 0.05 },
    },
    {
      id: 'fence-line',
      type: 'line',
      source: 'fences',
      paint: {
        'line-color': colours.fence,
        'line-opacity': 0.45,
        'line-width': 1,
        'line-dasharray': [3, 2],
      },
    },
  ];
}

function routeLayers(colours: MapColours): Layer[] {
  const byState = (values: Record<string, string>, other: string) =>
    ['match', ['get', 'state'], ...Object.entries(values).flat(), other] as Expression;
  const doneColours = { done: colours.stopDone, done_late: colours.stopLate, failed: colours.stopFailed };
  return [
    {
      id: 'planned-done',
      type: 'line',
      source: 'planned',
      filter: ['==', ['get', 'part'], 'done'],
      paint: { 'line-color': colours.planned, 'line-width': 1.2, 'line-opacity': 0.35 },
    },
    {
      id: 'planned-ahead',
      type: 'line',
      source: 'planned',
      filter: ['==', ['get', 'part'], 'ahead'],
      paint: { 'line-color': colours.planned, 'line-width': 1.6, 'line-dasharray': [2.5, 1.5] },
    },
    {
      id: 'track',
      type: 'line',
      source: 'track',
      layout: { 'line-join': 'round', 'line-cap': 'round' },
      paint: { 'line-color': colours.track, 'line-width': 2.6, 'line-opacity': 0.85 },
    },
    {
      id: 'proposal',
      type: 'line',
      source: 'proposal',
      layout: { 'line-join': 'round' },
      paint: { 'line-color': colours.proposal, 'line-width': 3, 'line-opacity': 0.95 },
    },
    {
      id: 'stops',
      type: 'circle',
      source: 'stops',
      paint: {
        'circle-radius': byZoom(10, 2, 13, 3.6, 16, 6.5),
        'circle-color': byState(doneColours, colours.land),
        'circle-stroke-width': 1.4,
        'circle-stroke-color': byState(doneColours, colours.stopAhead),
      },
    },
    {
      id: 'stop-next',
      type: 'circle',
      source: 'stops',
      filter: ['==', ['get', 'state'], 'next'],
      paint: {
        'circle-radius': byZoom(10, 6, 13, 9, 16, 13),
        'circle-color': 'rgba(0,0,0,0)',
        'circle-stroke-width': 2.5,
        'circle-stroke-color': colours.track,
      },
    },
  ];
}

function labelLayers(colours: MapColours): Layer[] {
  const paint = { 'text-color': colours.label, 'text-halo-color': colours.labelHalo, 'text-halo-width': 1.4 };
  return [
    {
      id: 'road-name',
      type: 'symbol',
      source: 'basemap',
      minzoom: 13,
      filter: ['has', 'name'],
      layout: {
        'symbol-placement': 'line',
        'text-field': ['get', 'name'],
        'text-font': FONT,
        'text-size': 11,
      },
      paint,
    },
    {
      id: 'fence-name',
      type: 'symbol',
      source: 'fences',
      minzoom: 12,
      layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 11 },
      paint,
    },
    {
      id: 'stop-code',
      type: 'symbol',
      source: 'stops',
      minzoom: 15,
      layout: {
        'text-field': ['get', 'code'],
        'text-font': FONT,
        'text-size': 11,
        'text-offset': [0, 1.2],
        'text-anchor': 'top',
      },
      paint,
    },
    {
      id: 'depot',
      type: 'symbol',
      source: 'depots',
      layout: {
        'icon-image': 'depot',
        'icon-size': 0.5,
        'icon-allow-overlap': true,
        'text-field': ['get', 'name'],
        'text-font': FONT,
        'text-size': 12,
        'text-offset': [0, 1.1],
        'text-anchor': 'top',
        'text-optional': true,
      },
      paint: { ...paint, 'text-color': colours.depot },
    },
  ];
}
