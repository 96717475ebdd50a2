import { booleanPointInPolygon, multiPolygon, point } from '@turf/turf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Coordinate, defaultFencePolicy, type Fence, type FenceShape } from '../../schemas/fence.ts';
import { type Random, random } from '../../schemas/random.ts';
import { fleetPlace } from './fence-grid.ts';
import { candidates, containing, depth, isInside, isTouched, packFences } from './fence-pack.ts';

const fence = (id: number, fleetId: number, shape: FenceShape): Fence => ({
  ...{ id, fleetId, set: 's', name: `f${id}`, kind: 'area', shape, policy: defaultFencePolicy },
});

/** A star-shaped ring about a place, closed. */
function ring(chance: Random, [lng, lat]: Coordinate, reach: number): Coordinate[] {
  const count = 3 + chance.integer(12);
  const open = Array.from({ length: count }, (_, i): Coordinate => {
    const far = reach * chance.between(0.3, 1);
    return [lng + far * Math.cos((2 * Math.PI * i) / count), lat + far * Math.sin((2 * Math.PI * i) / count)];
  });
  return [...open, open[0]!];
}

/** Fences of all kinds and sizes, from a yard to a country, of two fleets that lie over one another. */
function someFences(chance: Random, count: number): Fence[] {
  return Array.from({ length: count }, (_, id) => {
    const centre: Coordinate = [chance.between(-0.3, 0.3), 51 + chance.between(-0.3, 0.3)];
    const reach = 10 ** chance.between(-4, chance.chance(0.05) ? 1 : -1);
    const fleetId = 1 + chance.integer(2);
    const kind = chance.next();
    if (kind < 0.15) return fence(id, fleetId, { kind: 'circle', centre, radius: reach * 50_000 });
    if (kind < 0.3) {
      const line = Array.from(
        { length: 3 },
        (): Coordinate => [
          centre[0] + chance.between(-reach, reach),
          centre[1] + chance.between(-reach, reach),
        ],
      );
      return fence(id, fleetId, { kind: 'corridor', line, width: reach * 20_000 });
    }
    const outline = ring(chance, centre, reach);
    const hole = ring(chance, centre, reach * 0.25);
    const other = ring(chance, [centre[0] + 3 * reach, centre[1]], reach);
    const polygons = chance.chance(0.3) ? [[outline, hole], [other]] : [[outline]];
    return fence(id, fleetId, { kind: 'polygon', polygons });
  });
}

test('containing() gives the fences that hold a point, candidates() all that a step may touch, whatever their sizes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), (seed) => {
      const chance = random(seed);
      const fences = someFences(chance, 60);
      const pack = packFences(fences);
      const out = new Int32Array(64);
      for (let k = 0; k < 200; k++) {
        // Many of them on the borders of cells, or at vertices.
        const snap = (value: number) => (chance.chance(0.3) ? Math.round(value / 0.004) * 0.004 : value);
        const near = 2 * chance.integer(pack.coords.length / 2);
        const isVertex = chance.chance(0.2);
        const lng = isVertex ? pack.coords[near]! : snap(chance.between(-0.4, 0.4));
        const lat = isVertex ? pack.coords[near + 1]! : snap(51 + chance.between(-0.4, 0.4));
        for (const fleetId of [1, 2, 3]) {
          const own = fences.filter((known) => known.fleetId === fleetId).map(({ id }) => id);
          const count = containing(pack, fleetPlace(pack.grid, fleetId), lng, lat, out);
          expect([...out.subarray(0, count)]).toEqual(own.filter((i) => isInside(pack, i, lng, lat)));
          const [bx, by] = [lng + chance.between(-0.01, 0.01), lat + chance.between(-0.01, 0.01)];
          const box = {
            ...{ west: Math.min(lng, bx), south: Math.min(lat, by) },
            ...{ east: Math.max(lng, bx), north: Math.max(lat, by) },
          };
          const found = new Set(candidates(pack, fleetId, box));
          const line = { ax: lng, ay: lat, bx, by };
          for (const i of own) if (isTouched(pack, i, line)) expect(found.has(i)).toBe(true);
        }
      }
    }),
    { numRuns: 15, seed: 3 },
  );
});

test('isInside() agrees with turf, when areas have holes and parts, away from their outlines', () => {
  const chance = random('turf');
  for (const { id, shape } of someFences(chance, 80)) {
    if (shape.kind !== 'polygon') continue;
    const pack = packFences([fence(id, 1, shape)]);
    const oracle = multiPolygon(
      shape.polygons.map((rings) => rings.map((own) => own.map(([x, y]) => [x, y]))),
    );
    const [west, south, east, north] = pack.bounds;
    for (let k = 0; k < 60; k++) {
      const [lng, lat] = [chance.between(west!, east!), chance.between(south!, north!)];
      if (Math.abs(depth(pack, 0, lng, lat)) < 0.01) continue;
      expect(isInside(pack, 0, lng, lat)).toBe(booleanPointInPolygon(point([lng, lat]), oracle));
    }
  }
});

test('isInside() gives every point to one area of those that tile a plane, also on their common borders', () => {
  const chance = random('tiling');
  const side = 8;
  const corners = Array.from(
    { length: (side + 1) ** 2 },
    (_, n): Coordinate => [
      0.01 * ((n % (side + 1)) + chance.between(-0.3, 0.3)),
      50 + 0.01 * (Math.floor(n / (side + 1)) + chance.between(-0.3, 0.3)),
    ],
  );
  const corner = (i: number, j: number) => corners[j * (side + 1) + i]!;
  const fences = Array.from({ length: side * side }, (_, n) => {
    const [i, j] = [n % side, Math.floor(n / side)];
    const outline = [corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1), corner(i, j)];
    return fence(n, 1, { kind: 'polygon', polygons: [[outline]] });
  });
  const pack = packFences(fences);
  const out = new Int32Array(8);
  const holders = (lng: number, lat: number) => containing(pack, fleetPlace(pack.grid, 1), lng, lat, out);
  // Inner corners are vertices of four areas; points along latitudes cross many borders.
  for (let j = 1; j < side; j++) {
    for (let i = 1; i < side; i++) expect(holders(...(corner(i, j) as [number, number]))).toBe(1);
  }
  for (let k = 0; k < 2000; k++) {
    expect(holders(chance.between(0.006, 0.074), 50 + chance.between(0.006, 0.074))).toBe(1);
  }
});
