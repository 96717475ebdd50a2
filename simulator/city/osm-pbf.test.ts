import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { PbfWriter } from 'pbf';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { roadClasses } from './graph.ts';
import { speedKmh } from './osm-roads.ts';
import { cityFromOsm } from './road-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'osm-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

type Node = readonly [id: number, lng: number, lat: number];
type Way = { readonly refs: readonly number[]; readonly tags: Readonly<Record<string, string>> };

const differences = (values: readonly number[]): number[] =>
  values.map((value, i) => value - (values[i - 1] ?? 0));

function blob(type: string, data: Uint8Array, isPacked: boolean): Buffer {
  const body = new PbfWriter();
  if (isPacked) {
    body.writeVarintField(2, data.length);
    body.writeBytesField(3, deflateSync(data));
  } else body.writeBytesField(1, data);
  const bytes = body.finish();
  const header = new PbfWriter();
  header.writeStringField(1, type);
  header.writeVarintField(3, bytes.length);
  const head = header.finish();
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  return Buffer.concat([length, head, bytes]);
}

/** A file as the format says, with a node block (dense) and a block of ways, each with its own strings. */
function written(nodes: readonly Node[], ways: readonly Way[], feature = 'DenseNodes'): string {
  const header = new PbfWriter();
  for (const name of ['OsmSchema-V0.6', feature]) header.writeStringField(4, name);
  const units = (degrees: number) => Math.round(degrees * 1e7);
  const points = new PbfWriter();
  points.writeMessage(1, (_, pbf) => pbf.writeBytesField(1, new Uint8Array(0)), undefined);
  points.writeMessage(
    2,
    (_, group) =>
      group.writeMessage(
        2,
        (_inner, dense) => {
          dense.writePackedSVarint(1, differences(nodes.map(([id]) => id)));
          dense.writePackedSVarint(8, differences(nodes.map(([, , lat]) => units(lat))));
          dense.writePackedSVarint(9, differences(nodes.map(([, lng]) => units(lng))));
        },
        undefined,
      ),
    undefined,
  );
  const strings = ['', ...new Set(ways.flatMap(({ tags }) => Object.entries(tags).flat()))];
  const lines = new PbfWriter();
  lines.writeMessage(
    1,
    (_, table) => {
      for (const text of strings) table.writeBytesField(1, Buffer.from(text));
    },
    undefined,
  );
  lines.writeMessage(
    2,
    (_, group) => {
      for (const [id, { refs, tags }] of ways.entries()) {
        group.writeMessage(
          3,
          (_inner, way) => {
            way.writeVarintField(1, id + 1);
            way.writePackedVarint(
              2,
              Object.keys(tags).map((key) => strings.indexOf(key)),
            );
            way.writePackedVarint(
              3,
              Object.values(tags).map((value) => strings.indexOf(value)),
            );
            way.writePackedSVarint(8, differences(refs));
          },
          undefined,
        );
      }
    },
    undefined,
  );
  const path = join(folder, 'town.osm.pbf');
  writeFileSync(
    path,
    Buffer.concat([
      blob('OSMHeader', header.finish(), false),
      blob('OSMData', lines.finish(), true),
      blob('OSMData', points.finish(), true),
    ]),
  );
  return path;
}

/** A square of streets round 5,000,000,001 … with a bend in one, a one-way across, and a footpath. */
const first = 5_000_000_001;
const town: readonly Node[] = [
  [first, -0.01, 51.5],
  [first + 1, 0.0, 51.5],
  [first + 2, 0.0, 51.51],
  [first + 3, -0.01, 51.51],
  [first + 4, -0.012, 51.505],
];
const square: readonly Way[] = [
  { refs: [first, first + 1, first + 2], tags: { highway: 'residential', maxspeed: '20 mph' } },
  { refs: [first + 2, first + 3, first + 4, first], tags: { highway: 'unclassified' } },
  { refs: [first, first + 2], tags: { highway: 'primary_link', oneway: '-1' } },
  { refs: [first + 1, first + 3], tags: { highway: 'footway' } },
  { refs: [first + 1, first + 3], tags: { highway: 'service', access: 'private' } },
];

test('cityFromOsm() makes streets of what a van may drive, in the directions it may, as fast as signs say', () => {
  const { graph } = cityFromOsm(written(town, square));
  const edges = Array.from({ length: graph.edgeCount }, (_, edge) => ({
    from: [graph.lng[graph.from[edge]!]!, graph.lat[graph.from[edge]!]!],
    to: [graph.lng[graph.to[edge]!]!, graph.lat[graph.to[edge]!]!],
    roadClass: roadClasses[graph.roadClass[edge]!],
    kmh: Math.round(graph.speed[edge]! * 3.6),
    points: graph.shapeFirst[edge + 1]! - graph.shapeFirst[edge]!,
  }));
  const [corner, opposite] = [
    [-0.01, 51.5],
    [0, 51.51],
  ];
  expect(edges.sort((a, b) => a.points - b.points || b.from[1]! - a.from[1]!)).toEqual([
    { from: opposite, to: corner, roadClass: 'primary', kmh: 60, points: 2 },
    { from: opposite, to: corner, roadClass: 'residential', kmh: 32, points: 3 },
    { from: corner, to: opposite, roadClass: 'residential', kmh: 32, points: 3 },
    { from: opposite, to: corner, roadClass: 'residential', kmh: 40, points: 4 },
    { from: corner, to: opposite, roadClass: 'residential', kmh: 40, points: 4 },
  ]);
});

test('cityFromOsm() says in a sentence what is wrong with a file', () => {
  const other = join(folder, 'other.osm.pbf');
  writeFileSync(other, 'this is not such a file, whatever its name says');
  expect(() => cityFromOsm(other)).toThrow(/no \.osm\.pbf file/);
  expect(() => cityFromOsm(written(town, square, 'HistoricalInformation'))).toThrow(
    /needs HistoricalInformation/,
  );
  expect(() => cityFromOsm(written(town, []))).toThrow(/no road/);
  expect(() => cityFromOsm(join(folder, 'none'))).toThrow(/cannot read/);
});

test.each([
  ['50', 50],
  ['30 mph', 48.28032],
  ['none', undefined],
  [undefined, undefined],
])('speedKmh() reads the sign %s', (sign, kmh) => {
  expect(speedKmh(sign)).toEqual(kmh);
});
