import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { asError, Fault } from '../../schemas/fault.ts';
import { frame } from '../../schemas/position.ts';
import { mpsFromKmh } from '../../schemas/units.ts';
import { records } from '../report/csv.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { type City, generateCity, type Ring } from './city.ts';
import { type Graph, graphOf, type Road, type RoadClass, roadClasses } from './graph.ts';
import { osmRoads } from './osm-roads.ts';

/** The city a scenario plays in: generated, or read from road files. */
export function cityOf(scenario: Scenario): City {
  const { city, seed } = scenario;
  if (city.kind === 'generated') return generateCity(seed, city.origin);
  if (city.kind === 'osm') return cityFromOsm(city.file);
  return cityFromRoads({ nodes: readText(city.nodes), edges: readText(city.edges), name: city.edges });
}

/** A file's text, unpacked when its name ends in .gz. */
export function readText(path: string): string {
  try {
    const bytes = readFileSync(path);
    return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (thrown) {
    throw new Fault('input/invalid', `cannot read ${path}: ${asError(thrown).message}`, { cause: thrown });
  }
}

type RoadTexts = { readonly nodes: string; readonly edges: string; readonly name: string };

/**
 * A road graph from two tables, nodes (id, lon, lat) and edges (from, to, speed_kmh, class,
 * geometry_lonlat). Only its largest strongly connected part is used.
 */
export function cityFromRoads({ nodes, edges, name }: RoadTexts): City {
  const indexById = new Map<string, number>();
  const places = { lng: [] as number[], lat: [] as number[] };
  for (const row of records(nodes, ['id', 'lon', 'lat'], name)) {
    indexById.set(row.id, places.lng.push(Number(row.lon)) - 1);
    places.lat.push(Number(row.lat));
  }
  const roads: Road[] = [];
  for (const row of records(edges, ['from', 'to', 'speed_kmh', 'class', 'geometry_lonlat'], name)) {
    const [from, to] = [indexById.get(row.from), indexById.get(row.to)];
    const shape = row.geometry_lonlat.split(/[ ,]/).map(Number);
    if (from === undefined || to === undefined || shape.length < 4) continue;
    const speed = Math.max(1, mpsFromKmh(Number(row.speed_kmh) || 30));
    roads.push({ from, to, roadClass: classNamed(row.class), speed, shape });
  }
  return cityAround(graphOf(places, roads), name);
}

/** The streets of an extract of OpenStreetMap. */
export function cityFromOsm(file: string): City {
  const { nodes, roads } = osmRoads(file);
  return cityAround(graphOf(nodes, roads), file);
}

function cityAround(graph: Graph, name: string): City {
  if (graph.edgeCount === 0)
    throw new Fault('input/invalid', `${name} holds no road one can drive in a round`);
  const middle = (values: Float64Array) => values.slice().sort()[values.length >> 1] ?? 0;
  const plane = frame({ lng: middle(graph.lng), lat: middle(graph.lat) });
  return {
    name,
    frame: plane,
    graph,
    water: [],
    parks: [],
    estates: [],
    districts: tiles(graph.lng, graph.lat),
  };
}

/** OpenStreetMap's classes, folded into ours. */
function classNamed(name: string): RoadClass {
  const known = roadClasses.find((roadClass) => roadClass === name);
  if (known !== undefined) return known;
  if (name.endsWith('_link')) return classNamed(name.slice(0, -'_link'.length));
  return name === 'living_street' || name === 'unclassified' ? 'residential' : 'service';
}

/** Without known neighbourhoods: equal tiles over the extent of the roads. */
function tiles(lng: Float64Array, lat: Float64Array): { name: string; ring: Ring }[] {
  const span = (values: Float64Array) => {
    const [least, most] = values.reduce(
      ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
      [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    );
    return (k: number) => least + ((most - least) * k) / TILES;
  };
  const [east, north] = [span(lng), span(lat)];
  return Array.from({ length: TILES * TILES }, (_, i) => {
    const [column, row] = [i % TILES, Math.floor(i / TILES)];
    const corner = (x: number, y: number) => [east(x), north(y)] as const;
    const ring = [
      corner(column, row),
      corner(column + 1, row),
      corner(column + 1, row + 1),
      corner(column, row + 1),
      corner(column, row),
    ];
    return { name: `Tile ${String.fromCharCode(65 + column)}${row + 1}`, ring };
  });
}

const TILES = 6;
