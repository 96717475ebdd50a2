import { expect, test } from 'vitest';
import type { Crossing } from '../../schemas/event.ts';
import { defaultFencePolicy, type Fence } from '../../schemas/fence.ts';
import { frame } from '../../schemas/position.ts';
import { cross, type Point, type Standing } from './crossing.ts';
import { packFences } from './fence-pack.ts';

const plane = frame({ lng: 10, lat: 50 });
const centre = plane.position(0, 0);
/** Inside from x = −100 to 100; margin 25 m on the way out, 20 s inside and outside. */
const fence: Fence = {
  id: 5,
  fleetId: 1,
  set: 's',
  name: 'f',
  kind: 'area',
  shape: { kind: 'circle', centre: [centre.lng, centre.lat], radius: 100 },
  policy: defaultFencePolicy,
};

/** Crossings of a van seen at these [at, x], as words. */
function crossed(track: readonly (readonly [at: number, x: number])[]): string[] {
  const pack = packFences([fence]);
  const found: Crossing[] = [];
  let standings: readonly Standing[] = [];
  let before: Point | null = null;
  for (const [at, x] of track) {
    const fix = { at, ...plane.position(x, 0) };
    standings = cross(standings, { before, fix, vehicleId: 1, fleetId: 1 }, pack, found);
    before = fix;
  }
  return found.map(({ kind, at, dwell }) => `${kind} ${at}${dwell === undefined ? '' : ` after ${dwell}`}`);
}

test.each([
  {
    what: 'a stay',
    track: [
      [0, -300],
      [10, -50],
      [20, 0],
      [30, 50],
      [40, 300],
      [50, 400],
      [60, 500],
    ],
    said: ['enter 10', 'exit 40 after 30'],
  },
  {
    what: 'a stay shorter than the minimum',
    track: [
      [0, -300],
      [4, -50],
      [8, 50],
      [12, 300],
    ],
    said: [],
  },
  {
    what: 'two fixes inside that stand for 20 s',
    track: [
      [0, -300],
      [10, -50],
      [20, 50],
      [30, 300],
    ],
    said: ['enter 10'],
  },
  {
    what: 'inside as the data begins',
    track: [
      [0, 0],
      [10, 50],
      [20, 300],
      [30, 400],
      [40, 500],
    ],
    said: ['exit 20'],
  },
  {
    what: 'flapping within the margin',
    track: [
      [0, -300],
      [10, -50],
      [30, 0],
      [40, 110],
      [50, 120],
      [70, 110],
      [80, 50],
    ],
    said: ['enter 10'],
  },
  {
    what: 'an absence shorter than the minimum',
    track: [
      [0, -300],
      [10, 0],
      [30, 0],
      [40, 200],
      [44, 200],
      [48, 0],
      [60, 0],
    ],
    said: ['enter 10'],
  },
  {
    what: 'both fixes outside and the line between them inside',
    track: [
      [0, -300],
      [10, 300],
    ],
    said: ['pass 10'],
  },
  {
    what: 'the same after a long silence',
    track: [
      [0, -300],
      [300, 300],
    ],
    said: [],
  },
] as const)('cross() says $said of $what', ({ track, said }) => {
  expect(crossed(track)).toEqual(said);
});
