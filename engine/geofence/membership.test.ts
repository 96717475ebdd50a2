import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { booleanPointInPolygon, point, polygon } from '@turf/turf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultFencePolicy, type Fence, type PolygonRings } from '../../schemas/fence.ts';
import { depth, isInside, packFences } from './fence-pack.ts';
import { rawTransitions } from './membership.ts';

const folder = process.env.PACELINE_TEST_DATA;

function fenceOf(id: number, name: string, polygons: readonly PolygonRings[]): Fence {
  const shape = { kind: 'polygon', polygons } as const;
  return { id, fleetId: 1, set: 'test', name, kind: 'area', shape, policy: defaultFencePolicy };
}

function lines(file: string): string[] {
  return gunzipSync(readFileSync(path.join(folder ?? '', file)))
    .toString()
    .trimEnd()
    .split(/\r?\n/);
}

function neighbourhoods(set: string): Fence[] {
  return lines('geofences/neighbourhoods_austin_columbus_portland_sanfrancisco.ndjson.gz')
    .map((line) => JSON.parse(line))
    .filter((feature) => feature.properties.set === set)
    .map(({ properties, geometry }, i) =>
      fenceOf(
        i,
        properties.name,
        geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates,
      ),
    );
}

const hasData = folder !== undefined && existsSync(folder);
if (!hasData) console.warn('skipped for want of PACELINE_TEST_DATA: raw membership against the oracle files');

test.skipIf(!hasData).each([
  { recording: 'capmetro_2017-03-21', set: 'austin', oracle: 'capmetro_2017-03-21_x_austin' },
  { recording: 'google_lmfs', set: 'san-francisco', oracle: 'google_lmfs_x_san-francisco' },
  { recording: 'google_jump-demo', set: 'san-francisco', oracle: 'google_jump-demo_x_san-francisco' },
])('rawTransitions() of $recording equals the ray-casting oracle', ({ recording, set, oracle }) => {
  const names = [
    ...new Set(
      lines(`gps/${recording}.csv.gz`)
        .slice(1)
        .map((line) => line.split(',')[1]!),
    ),
  ];
  const rows = lines(`gps/${recording}.csv.gz`)
    .slice(1)
    .map((line) => line.split(','));
  const seen = new Set<string>();
  const fixes = rows
    .map(([, name, time, , lat, lng]) => ({
      vehicleId: names.indexOf(name!),
      at: Date.parse(time!) / 1000,
      lat: Number(lat),
      lng: Number(lng),
    }))
    .filter(({ vehicleId, at, lat, lng }) => {
      const key = `${vehicleId} ${at} ${lat} ${lng}`;
      return seen.has(key) ? false : seen.add(key);
    })
    .sort((a, b) => a.at - b.at);
  const fences = neighbourhoods(set);
  expect(fences.length).toBeGreaterThan(0);
  const got = rawTransitions(fixes, fences).map(
    ({ vehicleId, at, event, fence }) =>
      `${names[vehicleId]},${new Date(Math.round(at * 1000)).toISOString()},${event},${fence.name}`,
  );
  expect(got.sort()).toEqual(lines(`geofences/${oracle}.csv.gz`).slice(1).sort());
});

test('isInside() and depth() agree with turf on polygons with a hole, away from the boundary', () => {
  const outline = [
    [0, 0],
    [0.02, 0],
    [0.02, 0.01],
    [0.01, 0.02],
    [0, 0.015],
    [0, 0],
  ] as const;
  const hole = [
    [0.004, 0.004],
    [0.009, 0.004],
    [0.009, 0.009],
    [0.004, 0.004],
  ] as const;
  const pack = packFences([fenceOf(1, 'a', [[outline, hole]])]);
  const oracle = polygon([outline, hole].map((ring) => ring.map(([x, y]) => [x, y])));
  const coordinate = fc.double({ min: -0.005, max: 0.025, noNaN: true });
  fc.assert(
    fc.property(coordinate, coordinate, (lng, lat) => {
      const d = depth(pack, 0, lng, lat);
      if (Math.abs(d) < 0.01) return;
      expect(isInside(pack, 0, lng, lat)).toBe(booleanPointInPolygon(point([lng, lat]), oracle));
      expect(d > 0).toBe(isInside(pack, 0, lng, lat));
    }),
    { seed: 1 },
  );
});
