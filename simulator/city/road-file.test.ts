import { expect, test } from 'vitest';
import { Fault } from '../../schemas/fault.ts';
import { basemap } from './basemap.ts';
import { openRouter } from './paths.ts';
import { cityFromRoads } from './road-file.ts';

/**
 *   0 ⇄ 1 ⇄ 2     a street of two pieces, 0–2 also by a one-way lane from 2 to 0
 *   2 → 3         leads out and not back, so it is no part of the city
 */
const nodes = 'id,osm_node,lon,lat\n0,9,10.000,50\n1,8,10.001,50\n2,7,10.002,50\n3,6,10.003,50\n';
const line = (from: number, to: number, roadClass: string, shape: string) =>
  `${from},${to},1,70,36,default,${roadClass},0,,"Long, Street","${shape}"`;
const edges = [
  'from,to,osm_way,length_m,speed_kmh,speed_source,class,oneway,lanes,name,geometry_lonlat',
  line(0, 1, 'residential', '10.000,50 10.001,50'),
  line(1, 0, 'residential', '10.001,50 10.000,50'),
  line(1, 2, 'residential', '10.001,50 10.002,50'),
  line(2, 1, 'residential', '10.002,50 10.001,50'),
  line(2, 0, 'living_street', '10.002,50 10.001,50.001 10.000,50'),
  line(2, 3, 'motorway_link', '10.002,50 10.003,50'),
].join('\n');

test('cityFromRoads() keeps the largest part in which every place can be reached from every other', () => {
  const { graph } = cityFromRoads({ nodes, edges, name: 'roads' });
  expect([graph.nodeCount, graph.edgeCount]).toEqual([3, 5]);
  // 0.001° at 50° north.
  expect(graph.length[0]).toBeCloseTo(71.5, 0);
  expect([...graph.speed]).toEqual([10, 10, 10, 10, 10]);
});

test('openRouter() finds the fastest way, turns round where that is shorter, and needs no closed street to be open', () => {
  const { graph } = cityFromRoads({ nodes, edges, name: 'roads' });
  const route = openRouter(graph);
  const edge = (from: number, to: number) =>
    Array.from(graph.from, (_, i) => i).find((i) => graph.from[i] === from && graph.to[i] === to)!;
  const path = route({ edge: edge(0, 1), offset: 10 }, { edge: edge(1, 2), offset: 30 });
  expect(path.edges).toEqual([edge(0, 1), edge(1, 2)]);
  expect(path.metres).toBeCloseTo(71.5 - 10 + 30, 0);
  expect(path.isTurned).toBe(false);
  const back = route({ edge: edge(1, 2), offset: 40 }, { edge: edge(0, 1), offset: 20 });
  expect(back.edges).toEqual([edge(2, 1), edge(1, 0)]);
  expect(back.isTurned).toBe(true);
  // The only way there is driven though it is closed.
  const closed = new Set([edge(1, 2)]);
  expect(route({ edge: edge(0, 1), offset: 10 }, { edge: edge(2, 0), offset: 30 }, closed).edges).toEqual([
    edge(0, 1),
    edge(1, 2),
    edge(2, 0),
  ]);
});

test('basemap() draws a street once, however many pieces and directions it has', () => {
  const { features } = basemap(cityFromRoads({ nodes, edges, name: 'roads' }));
  expect(features.map(({ properties }) => properties)).toEqual([
    { class: 'residential' },
    { class: 'residential' },
  ]);
});

test('cityFromRoads() says which column is missing', () => {
  expect(() => cityFromRoads({ nodes: 'id,lon\n0,1\n', edges, name: 'roads' })).toThrow(
    new Fault('input/invalid', 'roads has no column lat'),
  );
});
