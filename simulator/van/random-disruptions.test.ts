import { expect, test } from 'vitest';
import { cityOf } from '../city/road-file.ts';
import { openDay } from '../day.ts';
import { type Scenario, scenarios } from '../scenario/scenario.ts';
import { openGates } from './gate.ts';
import { randomDisruptions } from './random-disruptions.ts';

const scenario: Scenario = { ...scenarios.demo!, vans: 6, vansPerDepot: 6, stopsPerRoute: [30, 30] };
const city = cityOf(scenario);
const { plan } = openDay(scenario, 'chance', { city });
const random: Scenario['random'] = {
  jam: { perDay: 2 },
  'closed-road': { perDay: 1, radius: [50, 60] },
  breakdown: { perVanDay: 0.1, lasts: [30, 40] },
  'van-swap': { perVanDay: 0.1 },
  'driver-call-out': { perVanDay: 0.1 },
  'load-out-delay': { perStationDay: 0.5 },
  'heavy-route': { perVanDay: 0.1 },
  'added-stops': { perVanDay: 0.1, count: [2, 2] },
};

test('randomDisruptions() come as often as they are asked for, within the bounds given, the same for a seed', () => {
  const days = Array.from({ length: 400 }, (_, i) => ({ seed: `day ${i}`, random, city, plan }));
  const drawn = days.flatMap((day) => randomDisruptions(day));
  expect(days.flatMap((day) => randomDisruptions(day))).toEqual(drawn);
  const perDay = (kind: string) => drawn.filter((entry) => entry.kind === kind).length / days.length;
  for (const kind of ['breakdown', 'van-swap', 'driver-call-out', 'heavy-route', 'added-stops'])
    expect(perDay(kind), kind).toBeCloseTo(0.6, 0.5);
  expect(perDay('jam')).toBeCloseTo(2, 0.4);
  expect(perDay('load-out-delay')).toBeCloseTo(0.5, 0.5);
  for (const entry of drawn) {
    if (entry.kind === 'breakdown') expect(entry.lasts >= 30 && entry.lasts <= 40).toBe(true);
    if (entry.kind === 'closed-road') expect(entry.radius >= 50 && entry.radius <= 60).toBe(true);
    if (entry.kind === 'added-stops') expect(entry.count).toBe(2);
  }
  expect(randomDisruptions({ ...days[0]!, random: {} })).toEqual([]);
});

test('a van that breaks down by chance stands as long as that takes, and is back later', () => {
  const rate = { breakdown: { perVanDay: 1, lasts: [60, 60] as [number, number] } };
  const usual = openDay(scenario, 'chance', { city, plan }).result().vans;
  const troubled = openDay({ ...scenario, random: rate }, 'chance', { city, plan }).result().vans;
  const later = troubled.map(({ returnedAt }, i) => Math.round((returnedAt - usual[i]!.returnedAt) / 60));
  expect(later.some((minutes) => minutes > 50)).toBe(true);
  expect(later.some((minutes) => minutes < 5)).toBe(true);
});

test('openGates() lets the vans of a station out one after the other, none before it is ready', () => {
  const ready = plan.routes.map(({ plannedDeparture }) => plannedDeparture);
  const leavesAt = openGates({ scenario, plan, troubleOf: () => ({ late: 0 }) });
  const leaving = plan.routes.map((_, i) => leavesAt(i));
  for (const [i, at] of leaving.entries()) expect(at).toBeGreaterThan(ready[i]!);
  const inOrder = leaving.toSorted((a, b) => a - b);
  for (const [i, at] of inOrder.entries()) {
    if (i > 0) expect(at - inOrder[i - 1]!).toBeGreaterThanOrEqual(10);
  }
});

test('a business that is reached after it has closed is a delivery in vain, with that reason', () => {
  const business = plan.routes.flatMap(({ stops }) => stops.filter(({ hours }) => hours !== undefined));
  const late = {
    ...scenario,
    windowShare: 1,
    conditions: { driving: 1, service: 3 },
    stopsPerRoute: [60, 60],
  };
  const day = openDay(late as Scenario, 'late', { city });
  const hours = new Map(
    day.plan.routes.flatMap(({ code, stops }) => stops.map((stop) => [`${code} ${stop.code}`, stop.hours])),
  );
  const visits = day
    .result()
    .vans.flatMap(({ route, visits: own }) => own.map((visit) => ({ route, ...visit })));
  const closed = visits.filter(({ reason }) => reason === 'closed');
  expect(closed.length).toBeGreaterThan(0);
  for (const { route, stop, arrivedAt, reason } of visits) {
    const open = hours.get(`${route} ${stop}`);
    const isClosed = open !== undefined && (arrivedAt < open.opens || arrivedAt > open.closes);
    expect(reason === 'closed').toBe(isClosed);
  }
  expect(business.every(({ windowUntil, hours: open }) => windowUntil === open?.closes)).toBe(true);
});
