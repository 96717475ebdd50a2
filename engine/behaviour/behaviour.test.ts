import { expect, test } from 'vitest';
import { noticesOf } from '../../schemas/batch.ts';
import { type Behaviour, type BehaviourKind, defaultBehaviourPolicy } from '../../schemas/behaviour.ts';
import type { OwnMessage } from '../../schemas/fix.ts';
import { frame } from '../../schemas/position.ts';
import { fixFlags } from '../../schemas/reasons.ts';
import { mpsFromKmh } from '../../schemas/units.ts';
import { openRouter } from '../../simulator/city/paths.ts';
import { cityOf } from '../../simulator/city/road-file.ts';
import { uploads } from '../../simulator/device/radio.ts';
import { dayPlan } from '../../simulator/plan.ts';
import { type BehaviourTruth, truthOf } from '../../simulator/report/truth.ts';
import { type Scenario, scenarios } from '../../simulator/scenario/scenario.ts';
import { vanDay } from '../../simulator/van/van.ts';
import { foldVehicle, nothingFound } from '../fold.ts';
import { packFences } from '../geofence/fence-pack.ts';
import { emptyState, type Observation } from '../vehicle-state.ts';

const START = 1_795_250_000;
const plane = frame({ lng: -83, lat: 40 });
const world = { pack: packFences([]), depots: [], behaviour: defaultBehaviourPolicy };

function behavioursOf(fixes: readonly Observation[]): Behaviour[] {
  const found = nothingFound();
  const sorted = [...fixes].sort((a, b) => a.at - b.at || a.key - b.key);
  foldVehicle({ vehicleId: 1, fleetId: 1, state: emptyState }, sorted, world, found);
  return found.changes.behaviours;
}

/** A drive to the east from what is said each `interval` seconds. */
function told(interval: number, said: readonly Partial<Observation>[]): Observation[] {
  let x = 0;
  return said.map((one, i) => {
    const speed = one.speed ?? 0;
    x += speed * interval;
    return {
      ...{ at: START + i * interval, key: i, deviceId: 1, ...plane.position(x, 0), speed, heading: 90 },
      ...{ accuracy: 5, ignition: true, door: false, belt: true, noticed: undefined, flags: 0 },
      ...one,
    };
  });
}

const steady = (count: number, of: Partial<Observation>) => Array.from({ length: count }, () => of);
const kinds = (interval: number, said: readonly Partial<Observation>[]): string[] =>
  behavioursOf(told(interval, said)).map(({ kind, source }) => `${kind} (${source})`);

const at12 = steady(15, { speed: 12 });
const harsh = { kind: 0, at: START + 16, value: 0.5 };
test.each([
  { what: 'brakes at 0.5 g', said: [...at12, ...steady(20, { speed: 7 })], is: ['harsh_braking (fixes)'] },
  { what: 'brakes at 0.4 g', said: [...at12, ...steady(20, { speed: 8.1 })], is: [] },
  {
    what: 'pulls away at 0.4 g',
    said: [...at12, ...steady(20, { speed: 16 })],
    is: ['harsh_acceleration (fixes)'],
  },
  {
    what: 'brakes, and the device says so two seconds later',
    said: [...at12, ...steady(2, { speed: 7 }), { speed: 7, noticed: [harsh] }, ...steady(20, { speed: 7 })],
    is: ['harsh_braking (device)'],
  },
  {
    what: 'is unbelted for a while',
    said: [...at12, ...steady(10, { speed: 12, belt: false }), ...at12],
    is: ['unbelted (fixes)'],
  },
  {
    what: 'rolls unbelted',
    said: [...at12, ...steady(10, { speed: 2, belt: false }), ...at12],
    is: ['harsh_acceleration (fixes)', 'harsh_braking (fixes)'],
  },
  {
    what: 'stands for 70 s with the engine on',
    said: [...at12, ...steady(71, { speed: 0 }), ...at12].slice(3),
    is: ['harsh_braking (fixes)', 'harsh_acceleration (fixes)', 'idling (fixes)'],
  },
  {
    what: 'opens the door before the engine is off',
    said: [
      ...steady(5, { speed: 0 }),
      ...steady(4, { speed: 0, door: true }),
      ...steady(5, { speed: 0, ignition: false }),
    ],
    is: ['parking_sequence (fixes)'],
  },
])('foldVehicle() concludes $is, when a van $what', ({ said, is }) => {
  expect(kinds(1, said).sort()).toEqual([...is].sort());
});

test.each([
  { kmh: 121, seconds: 70, found: 1 },
  { kmh: 121, seconds: 50, found: 0 },
  { kmh: 119, seconds: 70, found: 0 },
])(
  'foldVehicle() concludes speeding $found times, when a van drives $kmh km/h for $seconds s where 105 are allowed',
  (given) => {
    const fast = steady(given.seconds, { speed: mpsFromKmh(given.kmh) });
    const slower = steady(20, { speed: mpsFromKmh(112) });
    const found = behavioursOf(told(1, [...slower, ...fast, ...slower]));
    expect(found.map(({ kind }) => kind)).toEqual(Array.from({ length: given.found }, () => 'speeding'));
  },
);

test.each([
  { degrees: 75, interval: 2, found: ['harsh_cornering (fixes)'] },
  { degrees: 45, interval: 2, found: [] },
  { degrees: 75, interval: 1, found: [] },
])('foldVehicle() concludes $found, when a van turns by $degrees° in $interval s at 12 m/s', (given) => {
  const turned = steady(20, { speed: 12, heading: 90 + given.degrees });
  expect(kinds(given.interval, [...at12, ...turned])).toEqual(given.found);
});

test('foldVehicle() claims no corner and no braking, when fixes are too far apart to know', () => {
  expect(kinds(5, [...at12, ...steady(9, { speed: 12, heading: 180 })])).toEqual([]);
  expect(kinds(6, [...steady(5, { speed: 30 }), ...steady(9, { speed: 2 })])).toEqual([]);
});

type Days = {
  readonly truth: readonly BehaviourTruth[];
  readonly found: ReadonlyMap<string, readonly Behaviour[]>;
};

/** Simulated days with harsh drivers, folded as their devices tell them. */
function simulated(
  changes: Partial<Scenario>,
  strip: (message: OwnMessage) => OwnMessage = (same) => same,
): Days {
  const base = scenarios.demo!;
  const driver = { ...base.driver, hard: 0.5, harsh: 0.06, speeding: 0.4 };
  const scenario: Scenario = { ...base, seed: 'behaviour', vans: 6, driver, ...changes };
  const city = cityOf(scenario);
  const plan = dayPlan(scenario, city, START);
  const router = openRouter(city.graph);
  const days = plan.routes.map((_, routeIndex) => vanDay({ scenario, city, router, plan, routeIndex }));
  const truth = truthOf({ days, plan, city, scenario }).filter((one) => one.type === 'behaviour');
  const found = new Map(
    days.map((day) => {
      const messages = [...uploads(day, scenario)].flatMap((upload) =>
        upload.channel === 'telemetry' ? upload.messages : [],
      );
      return [day.vehicle, behavioursOf(messages.map((message) => observed(strip(message))))];
    }),
  );
  return { truth, found };
}

function observed(message: OwnMessage): Observation {
  const { ts, lat, lng, speed, heading, accuracy, ignition, door, belt, seq, events } = message;
  const at = Math.round(ts) / 1000;
  const noticed = noticesOf({ at, events: events ?? undefined });
  return {
    ...{ at, key: seq ?? 0, deviceId: 1, lng, lat, speed: speed ?? undefined, heading: heading ?? undefined },
    ...{ accuracy: accuracy ?? undefined, ignition: ignition ?? undefined, door: door ?? undefined },
    ...{ belt: belt ?? undefined, noticed: noticed.length === 0 ? undefined : noticed },
    flags: (lat === 0 && lng === 0 ? fixFlags.zero : 0) | (at < 1_420_000_000 ? fixFlags.clock_past : 0),
  };
}

/** What is found of a kind against what is true, one to one, within seconds of each other. */
function agreement({ truth, found }: Days, kind: BehaviourKind, tolerance: number) {
  let [hits, truths, founds] = [0, 0, 0];
  for (const [vehicle, all] of found) {
    const own = truth.filter((one) => one.vehicle === vehicle && one.kind === kind);
    const open = all.filter((one) => one.kind === kind);
    truths += own.length;
    founds += open.length;
    for (const { from, until } of own) {
      const i = open.findIndex(
        (one) => one.startedAt <= until + tolerance && one.endedAt >= from - tolerance,
      );
      if (i >= 0) open.splice(i, 1);
      if (i >= 0) hits++;
    }
  }
  return { truths, precision: hits / Math.max(1, founds), recall: hits / Math.max(1, truths) };
}

const atLeast = (least: number) => expect.toSatisfy((value: number) => value >= least, `at least ${least}`);

test('foldVehicle() agrees with what drivers did, when their devices feel it', () => {
  const days = simulated({});
  for (const kind of ['harsh_braking', 'harsh_acceleration', 'harsh_cornering'] as const) {
    const found = agreement(days, kind, 5);
    expect(found.truths, kind).toBeGreaterThan(20);
    expect(found, kind).toMatchObject({ precision: atLeast(0.98), recall: atLeast(0.98) });
  }
  for (const kind of ['speeding', 'unbelted', 'idling', 'parking_sequence'] as const) {
    const found = agreement(days, kind, 15);
    expect(found.truths, kind).toBeGreaterThan(4);
    expect(found, kind).toMatchObject({ precision: atLeast(0.95), recall: atLeast(0.95) });
  }
});

test('foldVehicle() sees most of what is harsh in speeds each second, and invents hardly any', () => {
  const days = simulated({ intervalSeconds: 1, vans: 3 }, ({ events: _events, ...rest }) => rest);
  const is = (precision: number, recall: number) => ({
    precision: atLeast(precision),
    recall: atLeast(recall),
  });
  expect(agreement(days, 'harsh_braking', 5)).toMatchObject(is(0.95, 0.7));
  expect(agreement(days, 'harsh_acceleration', 5)).toMatchObject(is(0.95, 0.9));
});
