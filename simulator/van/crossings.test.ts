import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frame } from '../../schemas/position.ts';
import { random } from '../../schemas/random.ts';
import { crossingsOf, openCrossings } from './crossings.ts';
import { openTrackBuilder, type Track } from './track.ts';

const plane = frame({ lng: 10, lat: 50 });

/** Straight lines between corners in metres, at a steady speed, with waits in between. */
function walk(corners: readonly { x: number; y: number; wait: number }[], speed: number): Track {
  const [start, ...rest] = corners;
  const builder = openTrackBuilder(1000, plane.position(start!.x, start!.y));
  let here = start!;
  builder.wait(here.wait);
  for (const corner of rest) {
    const metres = Math.hypot(corner.x - here.x, corner.y - here.y);
    const [a, b] = [plane.position(here.x, here.y), plane.position(corner.x, corner.y)];
    builder.move(
      {
        t: [0, 1e-6, metres / speed, metres / speed + 1e-6],
        s: [0, 0, metres, metres],
        v: [0, speed, speed, 0],
      },
      { lng: [a.lng, b.lng], lat: [a.lat, b.lat], d: [0, metres] },
    );
    builder.wait(corner.wait);
    here = corner;
  }
  return builder.build();
}

const circleAt = (radius: number) =>
  ({ set: 's', name: 'f', kind: 'area', shape: { kind: 'circle', centre: [10, 50], radius } }) as const;

const crossings = (track: Track, radius: number) =>
  crossingsOf({ vehicle: 'v', track }, openCrossings([circleAt(radius)], plane), 5);

test('crossingsOf() gives the instants of the border, when a van drives straight through', () => {
  const track = walk(
    [
      { x: -1000, y: 0, wait: 0 },
      { x: 1000, y: 0, wait: 60 },
    ],
    10,
  );
  const found = crossings(track, 300);
  expect(found.map(({ kind, isSure }) => `${kind} ${isSure}`)).toEqual(['enter true', 'exit true']);
  // In at x = −300; out when 25 m beyond the border.
  expect(found[0]!.at).toBeCloseTo(1070, 1);
  expect(found[1]!.at).toBeCloseTo(1132.5, 1);
});

test('crossingsOf() says nothing sure, when the stay is shorter than the policy asks for', () => {
  const track = walk(
    [
      { x: -500, y: 0, wait: 0 },
      { x: 500, y: 0, wait: 60 },
    ],
    10,
  );
  expect(crossings(track, 60).filter(({ isSure }) => isSure)).toEqual([]);
});

test('crossingsOf() says exit only, when the day begins inside', () => {
  const track = walk(
    [
      { x: 0, y: 0, wait: 100 },
      { x: 900, y: 0, wait: 100 },
    ],
    10,
  );
  expect(crossings(track, 100).map(({ kind }) => kind)).toEqual(['exit']);
});

test('crossingsOf() agrees with reading the whole path tenth by tenth of a second', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
      const chance = random(seed);
      const corners = Array.from({ length: 8 }, () => ({
        x: chance.between(-500, 500),
        y: chance.between(-500, 500),
        wait: chance.chance(0.5) ? chance.between(0, 60) : 0,
      }));
      const radius = chance.between(80, 300);
      const speed = chance.between(3, 15);
      const slow = bruteForce(corners, speed, radius);
      const sure = crossings(walk(corners, speed), radius).filter(({ isSure }) => isSure);
      for (const { kind, at } of sure) {
        expect(slow.some((other) => other.kind === kind && Math.abs(other.at - at) < 1)).toBe(true);
      }
      expect(slow.length).toBeGreaterThanOrEqual(sure.length);
    }),
    { numRuns: 60 },
  );
});

/** The policy read off positions alone, without tracks, lookups or interpolation. */
function bruteForce(
  corners: readonly { x: number; y: number; wait: number }[],
  speed: number,
  radius: number,
) {
  const found: { kind: string; at: number }[] = [];
  let [inside, since] = [Math.hypot(corners[0]!.x, corners[0]!.y) <= radius, Number.NaN];
  const look = (at: number, x: number, y: number) => {
    const distance = Math.hypot(x, y) - radius;
    const isOther = inside ? distance > 25 : distance <= 0;
    if (!isOther) since = Number.NaN;
    else if (Number.isNaN(since)) since = at;
    else if (at - since >= 20) {
      found.push({ kind: inside ? 'exit' : 'enter', at: since });
      inside = !inside;
      since = Number.NaN;
    }
  };
  let at = 1000;
  let here = corners[0]!;
  const stand = (wait: number) => {
    for (let i = 0; i <= wait * 10; i++) look(at + i / 10, here.x, here.y);
    at += wait;
  };
  stand(here.wait);
  for (const corner of corners.slice(1)) {
    const metres = Math.hypot(corner.x - here.x, corner.y - here.y);
    for (let s = 0; s < metres; s += speed / 10) {
      const share = s / metres;
      look(at + s / speed, here.x + (corner.x - here.x) * share, here.y + (corner.y - here.y) * share);
    }
    at += metres / speed;
    here = corner;
    stand(corner.wait);
  }
  return found;
}
