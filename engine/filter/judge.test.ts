import { expect, test } from 'vitest';
import { defaultBehaviourPolicy } from '../../schemas/behaviour.ts';
import { frame } from '../../schemas/position.ts';
import { type FixFlag, fixFlags } from '../../schemas/reasons.ts';
import { foldVehicle, nothingFound } from '../fold.ts';
import { packFences } from '../geofence/fence-pack.ts';
import { emptyState, type Observation } from '../vehicle-state.ts';

const plane = frame({ lng: -83, lat: 40 });

/** Drives east at 12 m/s, a fix each 5 s. */
const driving = Array.from({ length: 60 }, (_, i): Observation => fix(i, 60 * i, 0, 12));

function fix(i: number, x: number, y: number, speed: number): Observation {
  const measured = { speed, heading: 90, accuracy: 5, ignition: speed > 0, flags: 0 };
  const unknown = { door: undefined, belt: undefined, noticed: undefined };
  return { at: 1_790_000_000 + 5 * i, key: i, deviceId: 1, ...plane.position(x, y), ...measured, ...unknown };
}

function fold(fixes: readonly Observation[]) {
  const found = nothingFound();
  const world = { pack: packFences([]), depots: [], behaviour: defaultBehaviourPolicy };
  const sorted = [...fixes].sort((a, b) => a.at - b.at || a.key - b.key);
  const state = foldVehicle({ vehicleId: 1, fleetId: 1, state: emptyState }, sorted, world, found);
  const flags = Object.entries(fixFlags) as [FixFlag, number][];
  const judgements = found.changes.judgements.map(
    ({ key, flags: bits }) => `${key} ${flags.find(([, bit]) => bit === bits)?.[0]}`,
  );
  return { state, judgements };
}

const changed = (changes: Record<number, Partial<Observation>>) =>
  driving.map((own, i) => ({ ...own, ...changes[i] }));

test.each([
  { what: 'spike', changes: { 20: plane.position(1200, 120) }, judgements: ['20 spike'] },
  { what: 'spike back on its own way', changes: { 20: plane.position(1080, 0) }, judgements: ['20 spike'] },
  {
    what: 'jump',
    changes: Object.fromEntries([20, 21, 22, 23].map((i) => [i, plane.position(60 * i, 2000)])),
    judgements: [20, 21, 22, 23].map((i) => `${i} implausible_speed`),
  },
  {
    what: 'lost sign',
    changes: Object.fromEntries(
      Array.from({ length: 30 }, (_, k) => [20 + k, { lng: -driving[20 + k]!.lng }]),
    ),
    judgements: Array.from({ length: 30 }, (_, k) => `${20 + k} sign_flip`),
  },
  {
    what: 'stale repeat',
    changes: { 20: { lng: driving[19]!.lng, lat: driving[19]!.lat } },
    judgements: ['20 stale_repeat'],
  },
  { what: 'wrong clock', changes: { 40: { at: driving[40]!.at - 11 } }, judgements: ['40 out_of_sequence'] },
  {
    what: 'wrong clock, twice between two good fixes',
    changes: {
      40: { at: driving[20]!.at + 1, ...plane.position(1212, 0) },
      41: { at: driving[20]!.at + 3, ...plane.position(1236, 0) },
    },
    judgements: ['40 out_of_sequence', '41 out_of_sequence'],
  },
])('foldVehicle() flags a $what and nothing else', ({ changes, judgements }) => {
  expect(fold(changed(changes)).judgements).toEqual(judgements);
});

test('foldVehicle() flags a receiver that wanders off a parked van, and keeps its halt', () => {
  const parked = Array.from({ length: 40 }, (_, i) => fix(60 + i, 3600, i < 15 ? 0 : 5 * (i - 14), 0));
  const { state, judgements } = fold([...driving, ...parked]);
  expect(judgements.length).toBeGreaterThan(10);
  expect(new Set(judgements.map((line) => line.split(' ')[1]))).toEqual(new Set(['parked_drift']));
  expect(state.halt?.startedAt).toBeLessThan(parked[1]!.at);
});

test('foldVehicle() flags nothing of a van that went on to the next door while nothing was heard of it', () => {
  const first = Array.from({ length: 10 }, (_, i) => fix(60 + i, 3600, 0, 0));
  const second = Array.from({ length: 20 }, (_, i) => fix(78 + i, 3690, 0, 0));
  const { state, judgements } = fold([...driving, ...first, ...second]);
  expect(judgements).toEqual([]);
  expect(state.halt?.startedAt).toBeGreaterThan(first.at(-1)!.at);
});

test('foldVehicle() flags nothing, when a device counts anew', () => {
  const anew = driving.map((own, i) => (i < 40 ? own : { ...own, key: i - 40 }));
  expect(fold(anew).judgements).toEqual([]);
});

test('foldVehicle() flags nothing, when a vehicle has two devices that count apart', () => {
  const second = driving.map((own, i) => {
    const place = plane.position(60 * i + 12, 8);
    return { ...own, ...place, at: own.at + 1, deviceId: 2, key: 5000 + i };
  });
  expect(fold([...driving, ...second]).judgements).toEqual([]);
});

test('foldVehicle() believes the new place, when a vehicle stays where it cannot have come', () => {
  const moved = Array.from({ length: 30 }, (_, i) => fix(60 + i, 90_000 + 60 * i, 0, 12));
  const { state, judgements } = fold([...driving, ...moved]);
  expect(judgements).toHaveLength(12);
  expect(state.good?.key).toBe(89);
});

test('foldVehicle() waits for the next fix before it uses one that may be a spike, and uses it then', () => {
  const suspect = { ...fix(60, 3600, 110, 12) };
  const before = fold([...driving, suspect]);
  expect(before.state).toMatchObject({ good: { key: 59 }, held: { key: 60 } });
  const after = fold([...driving, suspect, fix(61, 3660, 110, 12)]);
  expect(after.state).toMatchObject({ good: { key: 61 }, held: null });
  expect(after.judgements).toEqual([]);
});
