import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultFencePolicy, type FenceShape } from '../../schemas/fence.ts';
import type { NewFence } from '../../schemas/fence-desk.ts';
import { featureOf, fencesFromGeoJson } from './geojson.ts';

const options = { nameProperty: 'name', where: {} };
const feature = (properties: object, geometry: unknown) => ({ type: 'Feature', properties, geometry });
const ring = (...positions: [number, number][]) => [...positions, positions[0]];
const triangle = { type: 'Polygon', coordinates: [ring([0, 0], [1, 0], [0, 1])] };
const named = { set: 's', name: 'n' };

test.each([
  ['not JSON', '{"type":', 'line 1: it is not JSON'],
  ['a bare geometry', triangle, 'feature: it is not a GeoJSON Feature'],
  ['no set', feature({ name: 'n' }, triangle), 'feature (“n”): it names no set; pass --set'],
  ['no name', feature({ set: 's' }, triangle), 'feature: it has no property “name”; --name tells'],
  [
    'an open ring',
    feature(named, {
      type: 'Polygon',
      coordinates: [
        [
          [0, 0],
          [1, 0],
          [1, 1],
          [0, 1],
        ],
      ],
    }),
    'the outline is not closed: repeat its first position [0, 0]',
  ],
  [
    'a ring of three',
    feature(named, {
      type: 'Polygon',
      coordinates: [
        [
          [0, 0],
          [1, 0],
          [0, 0],
        ],
      ],
    }),
    'a closed ring needs at least 4',
  ],
  [
    'a bow tie',
    feature(named, { type: 'Polygon', coordinates: [ring([0, 0], [1, 1], [1, 0], [0, 1])] }),
    'the outline crosses itself near [0.500000, 0.500000]',
  ],
  [
    'latitude first',
    feature(named, { type: 'Polygon', coordinates: [ring([51, -120], [52, -120], [51, -121])] }),
    'longitude comes first; swap the two',
  ],
  [
    'a point alone',
    feature(named, { type: 'Point', coordinates: [0, 0] }),
    'a Point needs a property “radius” in metres',
  ],
  [
    'flat coordinates',
    feature(named, { type: 'Polygon', coordinates: [0, 0] }),
    'are not nested as RFC 7946 says',
  ],
  ['no geometry', feature(named, null), 'it has no geometry'],
  [
    'an unknown limit',
    feature({ ...named, policy: { margin: 3 } }, triangle),
    'policy has no “margin”; it has enterMargin',
  ],
])('fencesFromGeoJson() says what is wrong and where, when given %s', (_, value, sentence) => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const { fences, problems } = fencesFromGeoJson(text, options);
  expect(fences).toEqual([]);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(sentence);
});

test('fencesFromGeoJson() takes a ring that touches itself at a vertex, as real boundaries do', () => {
  const pinched = { type: 'Polygon', coordinates: [ring([0, 0], [1, 1], [2, 0], [2, 2], [1, 1], [0, 2])] };
  expect(fencesFromGeoJson(JSON.stringify(feature(named, pinched)), options).problems).toEqual([]);
});

test('fencesFromGeoJson() names a repeated fence clearly, and the same way each time', () => {
  const lines = ['Mission', 'Mission (2)', 'Mission', 'Castro'].map((name) =>
    JSON.stringify(feature({ set: 's', name }, triangle)),
  );
  const { fences, renamed } = fencesFromGeoJson(lines.join('\n'), options);
  expect(fences.map(({ name }) => name)).toEqual(['Mission', 'Mission (2)', 'Mission (3)', 'Castro']);
  expect(renamed).toEqual(['line 3: “Mission” stands twice in set “s”; this one is “Mission (3)”']);
});

test('featureOf() is read back to the same fence, with its coordinates exactly', () => {
  // JSON has no −0, and adding 0 makes it 0.
  const degrees = fc.double({ min: -80, max: 80, noNaN: true }).map((value) => value + 0);
  const coordinate = fc.tuple(degrees, degrees);
  const shape: fc.Arbitrary<FenceShape> = fc.oneof(
    fc.record({
      kind: fc.constant('circle' as const),
      centre: coordinate,
      radius: fc.integer({ min: 1, max: 9000 }),
    }),
    coordinate.map(([lng, lat]): FenceShape => {
      const corners = ring([lng, lat], [lng + 1, lat], [lng, lat + 1]) as [number, number][];
      return { kind: 'polygon', polygons: [[corners]] };
    }),
  );
  fc.assert(
    fc.property(shape, fc.constantFrom('area' as const, 'depot' as const), (drawn, kind) => {
      const fence: NewFence = { set: 's', name: 'n', kind, shape: drawn, policy: defaultFencePolicy };
      const text = JSON.stringify({ type: 'FeatureCollection', features: [featureOf(fence)] });
      expect(fencesFromGeoJson(text, options).fences).toEqual([fence]);
    }),
  );
});
