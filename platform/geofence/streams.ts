import type { FencePack } from '../../engine/geofence/fence-pack.ts';
import { METRES_PER_DEGREE } from '../../schemas/position.ts';
import { random } from '../../schemas/random.ts';
import { radiansFromDegrees } from '../../schemas/units.ts';

/** Points by turns lng, lat. */
export type Points = Float64Array;

/** Points anywhere within the bounds of all fences. */
export function uniformPoints(pack: FencePack, count: number): Points {
  const chance = random('points/uniform');
  const [west, south, east, north] = boundsOf(pack);
  const points = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    points[2 * i] = chance.between(west, east);
    points[2 * i + 1] = chance.between(south, north);
  }
  return points;
}

/** Metres between two fixes of a driving van: twelve metres a second, a fix in five seconds. */
const STEP = 60;

/**
 * Vans that set out from fences by chance and turn as they go; their fixes by turns, as they arrive. A van
 * that leaves the country goes back to where it set out.
 */
export function drivingPoints(pack: FencePack, count: number, vans: number): Points {
  const chance = random('points/driving');
  const [west, south, east, north] = boundsOf(pack);
  const home = new Float64Array(2 * vans);
  for (let v = 0; v < vans; v++) {
    const i = 4 * chance.integer(pack.count);
    home[2 * v] = chance.between(pack.bounds[i]!, pack.bounds[i + 2]!);
    home[2 * v + 1] = chance.between(pack.bounds[i + 1]!, pack.bounds[i + 3]!);
  }
  const at = home.slice();
  const heading = Float64Array.from({ length: vans }, () => chance.between(0, 2 * Math.PI));
  const points = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    const v = i % vans;
    heading[v]! += 0.3 * chance.normal();
    const lat = at[2 * v + 1]!;
    at[2 * v]! += (STEP * Math.cos(heading[v]!)) / (METRES_PER_DEGREE * Math.cos(radiansFromDegrees(lat)));
    at[2 * v + 1]! += (STEP * Math.sin(heading[v]!)) / METRES_PER_DEGREE;
    const isAbroad =
      at[2 * v]! < west || at[2 * v]! > east || at[2 * v + 1]! < south || at[2 * v + 1]! > north;
    if (isAbroad) at.set(home.subarray(2 * v, 2 * v + 2), 2 * v);
    points.set(at.subarray(2 * v, 2 * v + 2), 2 * i);
  }
  return points;
}

function boundsOf({ bounds, count }: FencePack): [number, number, number, number] {
  const all: [number, number, number, number] = [180, 90, -180, -90];
  for (let i = 0; i < count; i++) {
    all[0] = Math.min(all[0], bounds[4 * i]!);
    all[1] = Math.min(all[1], bounds[4 * i + 1]!);
    all[2] = Math.max(all[2], bounds[4 * i + 2]!);
    all[3] = Math.max(all[3], bounds[4 * i + 3]!);
  }
  return all;
}
