import { expect, test } from 'vitest';
import type { StopVisit } from '../../schemas/event.ts';
import type { Route } from '../../schemas/plan.ts';
import { frame } from '../../schemas/position.ts';
import { random } from '../../schemas/random.ts';
import {
  curvesOf,
  noCalibration,
  type Outcome,
  quantilesAt,
  recalibrated,
  shareAbove,
} from './calibration.ts';
import { experienceOf } from './experience.ts';
import { factorsOf, fleetPace } from './factors.ts';
import { driftOf, newClock } from './hours.ts';
import { learnDay, type RouteRecord } from './learn-day.ts';
import { type Learned, nothingLearned } from './learned.ts';
import { routePlan } from './route-plan.ts';
import { areaOf, streetFactors } from './speeds.ts';

const START = 1_790_000_000;
const DAY = 86_400;
const plane = frame({ lng: 10, lat: 50 });
const STOPS = 100;

type Truth = {
  readonly service?: number;
  readonly travel?: number;
  readonly later?: number;
  readonly home?: number;
  readonly stops?: number;
};

/** A driver's day: sixty routes apart, services and legs so many times as long as planned, and noise. */
function dayOf(driverId: number, day: number, truth: Truth, learned: Learned = nothingLearned): RouteRecord {
  const { service = 1, travel = 1, later = 1, home = 1, stops: done = STOPS } = truth;
  const chance = random(`learned/${driverId}/${day}`);
  const from = START + day * DAY;
  let at = from + 600;
  const stops = Array.from({ length: STOPS }, (_, sequence) => {
    const planned = 40 + ((sequence * 37) % 160);
    const plannedArrival = at;
    at += planned + 60;
    const position = plane.position(4000 + sequence * 150, driverId * 20);
    const id = (day * 1000 + driverId) * 1000 + sequence;
    return {
      id,
      routeId: driverId,
      code: `S${sequence}`,
      sequence,
      packages: 1,
      position,
      plannedArrival,
      service: planned,
    };
  });
  const route: Route = {
    ...{
      id: driverId,
      fleetId: 1,
      code: 'R',
      serviceDate: '2026-09-21',
      depotId: 1,
      vehicleId: driverId,
      driverId,
    },
    ...{ version: 1, stops, plannedDeparture: from, plannedReturn: at + 900 },
  };
  const plan = routePlan(route, plane.position(0, 0), learned.speeds);
  const visits = new Map<number, StopVisit>();
  const noise = () => Math.exp(0.5 * chance.normal() - 0.125);
  let now = from;
  for (const [i, stop] of stops.slice(0, done).entries()) {
    const hour = i > STOPS / 2 ? later : 1;
    now += (i === 0 ? 600 : 60 * travel * hour) * noise();
    const arrivedAt = now;
    now += stop.service * service * noise();
    visits.set(stop.id, {
      ...{
        stopId: stop.id,
        routeId: route.id,
        vehicleId: driverId,
        arrivedAt,
        departedAt: now,
        confidence: 1,
      },
      ...{ evidence: 'halt', outcome: 'served', isOutOfSequence: false },
    });
  }
  return { plan, visits, outing: { leftAt: from, returnedAt: now + plan.returnLeg * home } };
}

const fleet = (day: number, truthOf: (driver: number) => Truth, learned?: Learned) =>
  Array.from({ length: 30 }, (_, r) => dayOf(r + 1, day, truthOf(r + 1), learned));

test('learnDay() knows a slow driver before the first stop of another day, and nobody it has not seen', () => {
  let learned = nothingLearned;
  for (let day = 0; day < 4; day++)
    learned = learnDay(
      learned,
      fleet(day, (driver) => ({ service: driver === 7 ? 1.4 : 1 })),
      [],
    );
  expect(learned.version).toBe(4);
  expect(learned.drivers.get(7)!.shifts).toBe(4);
  const today = fleet(4, () => ({ stops: 0 }));
  const experiences = today.map(({ plan, visits }) => experienceOf(plan, visits));
  const pace = fleetPace(experiences, learned);
  const factor = (r: number) => factorsOf(experiences[r]!, pace).service[3]!;
  expect(factor(6) / factor(5)).toBeGreaterThan(1.25);
  expect(factor(6) / factor(5)).toBeLessThan(1.55);
  const stranger = factorsOf({ ...experiences[0]!, driverId: 99 }, pace);
  expect(stranger.serviceVariance).toBeGreaterThan(factorsOf(experiences[0]!, pace).serviceVariance);
  expect(stranger.version).toBe(4);
});

test('learnDay() learns that the way home is shorter than planned, and that a day is taken in by its version', () => {
  const learned = learnDay(
    nothingLearned,
    fleet(0, () => ({ home: 0.7 })),
    [],
  );
  expect(fleetPace([], learned).stemRatio).toBeLessThan(0.9);
  expect(fleetPace([], nothingLearned).stemRatio).toBe(1);
  expect(
    learnDay(
      nothingLearned,
      fleet(0, () => ({ home: 0.7 })),
      [],
    ),
  ).toEqual(learned);
});

test('learnDay() finds the hours in which streets are slow, and plans with them the day after', () => {
  let learned = nothingLearned;
  for (let day = 0; day < 5; day++)
    learned = learnDay(
      learned,
      fleet(day, () => ({ later: 1.5 }), learned),
      [],
    );
  const { plan } = dayOf(1, 5, {}, learned);
  const [early, late] = [plan.hourFactor[20]!, plan.hourFactor[90]!];
  expect(late / early).toBeGreaterThan(1.15);
  expect(late / early).toBeLessThan(1.6);
  expect(streetFactors(learned.speeds, START, { lng: -120, lat: 10 }).area).toBe(1);
  expect(areaOf(plane.position(0, 0))).not.toBe(areaOf(plane.position(3000, 0)));
});

test('driftOf() sees a fleet that slows down while it is out, and nothing where it does not', () => {
  const drift = (later: number) =>
    driftOf(
      fleet(0, () => ({ later })).map(({ plan, visits }) => experienceOf(plan, visits)),
      newClock(),
    );
  expect(drift(1.4).travel).toBeGreaterThan(0.06);
  expect(Math.abs(drift(1).travel)).toBeLessThan(0.05);
});

test('recalibrated() makes P50 and P90 hold for forecasts that were too early and too sure', () => {
  const chance = random('calibration');
  const outcome = (): Outcome => ({ progress: 0.5, mean: 0, sd: 600, finish: 600 + 900 * chance.normal() });
  let calibration = noCalibration;
  for (let day = 0; day < 8; day++)
    calibration = recalibrated(calibration, Array.from({ length: 300 }, outcome));
  const curves = curvesOf(calibration);
  const { p50, p90 } = quantilesAt(curves, 0.5);
  expect(p50).toBeGreaterThan(0.8);
  expect(p50).toBeLessThan(1.15);
  const later = Array.from({ length: 2000 }, outcome);
  const share = later.filter(({ finish }) => finish <= p90 * 600).length / later.length;
  expect(share).toBeGreaterThan(0.86);
  expect(share).toBeLessThan(0.94);
  expect(shareAbove(curves, 0.5, p90)).toBeCloseTo(0.1, 2);
  expect(shareAbove(curves, 0.5, p50)).toBeCloseTo(0.5, 2);
  const untouched = quantilesAt(curvesOf(noCalibration), 0.5);
  expect(untouched.p50).toBeCloseTo(0.08, 1);
});
