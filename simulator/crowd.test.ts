import { expect, test } from 'vitest';
import { distance } from '../schemas/position.ts';
import { cityOf } from './city/road-file.ts';
import { copiedVans, keptDays, swarmOf } from './crowd.ts';
import { dayMaker } from './fleet.ts';
import { dayPlan } from './plan.ts';
import { readLedger } from './publish/ledger-reading.ts';
import { type Scenario, scenarios } from './scenario/scenario.ts';
import { planPortions } from './van/copies.ts';

const shiftStart = 1_795_250_000;
const scenario: Scenario = {
  ...scenarios['soak-100k']!,
  ...{ vans: 30, roaming: 0.8, patterns: 2, stopsPerRoute: [12, 12] },
};
const city = cityOf(scenario);
const plan = dayPlan({ ...scenario, vans: 2 }, city, shiftStart);
const input = { scenario, city, plan, before: undefined };

function said(
  after?: (name: string) => number | undefined,
  until = shiftStart + 1800,
  own: Scenario = scenario,
) {
  const before = after && { ...readLedger('/dev/null'), lastByDevice: { get: after } as Map<string, number> };
  const swarm = swarmOf({ ...input, scenario: own, before })!;
  const fixes = [];
  for (let fix = swarm.take(until); fix !== undefined; fix = swarm.take(until)) {
    fixes.push({ ...fix, name: swarm.nameOf(fix.van), ...JSON.parse(`{${fix.members}}`) });
  }
  return fixes;
}

test('swarmOf() drives the same ways with the same bytes, also when it goes on where it was broken off', () => {
  const all = said();
  expect(all).toEqual(said());
  // Each reports about every ten seconds; one in three hundred is missing.
  expect(all.length / 24).toBeGreaterThan(175);
  expect(all.length / 24).toBeLessThan(190);
  const broken = shiftStart + 900;
  const rest = said(() => broken);
  const ordered = (fixes: ReturnType<typeof said>) => fixes.toSorted((a, b) => a.van - b.van || a.ms - b.ms);
  expect(ordered(rest)).toEqual(ordered(all).filter(({ ms }) => ms / 1000 > broken - 60));
  expect(rest.length).toBeGreaterThan(24 * 90);
});

test('a van of the swarm moves as far as it says it drives, halts, and numbers its fixes', () => {
  const own = said().filter(({ van }) => van === 7);
  expect(own.map(({ seq }) => seq)).toEqual(own.map(({ seq }) => seq).toSorted((a, b) => a - b));
  for (const [i, fix] of own.slice(1).entries()) {
    const driven = fix.odometer - own[i]!.odometer;
    expect(driven).toBeGreaterThanOrEqual(0);
    // As the crow flies, and with noise at both ends.
    expect(distance(own[i]!, fix)).toBeLessThan(driven + 60);
  }
  expect(new Set(own.map(({ ignition }) => ignition))).toEqual(new Set([true, false]));
});

test('copies drive the day of their pattern, as much later as their plan says', () => {
  const dayOf = keptDays(dayMaker({ scenario, city, plan }));
  const vans = copiedVans(input, dayOf);
  const routes = [...planPortions(scenario, plan)].flatMap((portion) => portion.routes);
  expect(routes.map(({ vehicle }) => vehicle)).toEqual(vans.map(({ device }) => device));
  const firstPress = (van: number): number => {
    for (;;) {
      const { value } = vans[van]!.uploads.next();
      if (value === undefined) return Number.NaN;
      if (value.channel === 'stops') return value.reports[0]!.ts / 1000;
    }
  };
  const pressing = [0, 1].find((pattern) => dayOf(pattern).reports.length > 0)!;
  const behind = (van: number) =>
    routes[van]!.stops[0]!.plannedArrival - routes[pressing]!.stops[0]!.plannedArrival;
  for (const van of [pressing, pressing + 2, pressing + 4]) {
    expect(firstPress(van)).toBeCloseTo(dayOf(pressing).reports[0]!.ts / 1000 + behind(van), 3);
  }
  expect(behind(pressing + 4)).toBeGreaterThan(behind(pressing + 2));
});

test('swarmOf() ramps, hurries and falls silent as the profile says, and loses nothing by it', () => {
  const profile: Scenario['profile'] = [
    { kind: 'ramp', lasts: 10 },
    { kind: 'spike', after: 12, lasts: 2, factor: 5 },
    { kind: 'storm', after: 15, lasts: 10, share: 1 },
  ];
  const fixes = said(undefined, shiftStart + 1800, { ...scenario, profile });
  const made = (from: number, until: number) =>
    fixes.filter(({ ms }) => ms >= (shiftStart + from) * 1000 && ms < (shiftStart + until) * 1000);
  const usual = made(660, 720).length;
  expect(made(0, 60).length).toBeLessThan(usual / 3);
  expect(made(730, 790).length / usual).toBeCloseTo(5, 0);
  const silent = made(900, 1500);
  expect(silent.every(({ due, isBuffered }) => isBuffered && due >= shiftStart + 1500)).toBe(true);
  expect(silent.length / usual).toBeCloseTo(10, 0);
  // All of them within seconds, in order for each van.
  expect(Math.max(...silent.map(({ due }) => due))).toBeLessThan(shiftStart + 1503);
  for (const van of [0, 11]) {
    const own = fixes.filter((fix) => fix.van === van).map(({ ms }) => ms);
    expect(own).toEqual(own.toSorted((a, b) => a - b));
  }
});
