import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PaceStatus, StopVisit } from '../../schemas/event.ts';
import type { Route } from '../../schemas/plan.ts';
import { frame } from '../../schemas/position.ts';
import { random } from '../../schemas/random.ts';
import { type Experience, experienceOf } from './experience.ts';
import { factorsOf, fleetPace } from './factors.ts';
import { noRisk, type RiskState, riskAlert, riskStep } from './risk.ts';
import { routePlan } from './route-plan.ts';
import { atRiskRule, standing } from './standing.ts';

const START = 1_790_000_000;
const plane = frame({ lng: 10, lat: 50 });
const LUNCH = 1800;

/** A street of stops a minute apart, lunch in the middle, room left at the end. */
function routeOf(stopCount: number, slack = 0): Route {
  let at = START + 600;
  const stops = Array.from({ length: stopCount }, (_, sequence) => {
    const service = 40 + ((sequence * 37) % 160);
    const plannedArrival = at;
    at += service + 60 + (sequence === stopCount >> 1 ? LUNCH : 0);
    return {
      ...{ id: sequence + 1, routeId: 1, code: `S${sequence}`, sequence, packages: 1 },
      ...{ position: plane.position(4000 + sequence * 150, 0), plannedArrival, service },
    };
  });
  return {
    ...{
      id: 1,
      fleetId: 1,
      code: 'R1',
      serviceDate: '2026-09-21',
      depotId: 1,
      vehicleId: 7,
      version: 1,
      stops,
    },
    ...{ plannedDeparture: START, plannedReturn: at + 600 + slack },
  };
}

/** The first stops of a route served, services and legs so many times as long as planned. */
function served(
  route: Route,
  count: number,
  { service = 1, travel = 1, lunchAfter = -1, noise = 0 },
  seed = 1,
) {
  const chance = random(seed);
  const plan = routePlan(route, plane.position(0, 0));
  const visits = new Map<number, StopVisit>();
  let at = route.plannedDeparture;
  for (let i = 0; i < count; i++) {
    const own = () => Math.exp(noise * chance.normal() - noise ** 2 / 2);
    at += plan.legs[i]! * travel * own() + (i === lunchAfter + 1 && i > 0 ? LUNCH : 0);
    const arrivedAt = at;
    at += plan.service[i]! * service * own();
    visits.set(plan.stopIds[i]!, {
      ...{ stopId: plan.stopIds[i]!, routeId: 1, vehicleId: 7, arrivedAt, departedAt: at, confidence: 0.9 },
      ...{ evidence: 'halt', outcome: 'served', isOutOfSequence: false },
    });
  }
  return { plan, visits, at, experience: experienceOf(plan, visits) };
}

function stand(
  { plan, visits, at, experience }: ReturnType<typeof served>,
  fleet: readonly Experience[],
  before?: PaceStatus,
) {
  const now = { at, heardAt: at, position: undefined, departedAt: START, isHome: false };
  const factors = factorsOf(experience, fleetPace([...fleet, experience]));
  return standing(plan, visits, now, { factors, breaksTaken: experience.breakCount, before });
}

test('standing() expects stops one after the other, later ones less surely, and the finish after them, whatever was seen', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 60 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0.2, max: 6, noNaN: true }),
      fc.double({ min: 0.2, max: 6, noNaN: true }),
      fc.integer({ min: -1, max: 40 }),
      fc.integer({ min: 1, max: 1e6 }),
      (stopCount, share, service, travel, lunchAfter, seed) => {
        const route = routeOf(stopCount);
        const world = { service, travel, lunchAfter, noise: 0.6 };
        const done = served(route, Math.floor(share * stopCount), world, seed);
        const { pace, projection } = stand(done, []);
        const { mean, sd, finish, finishSd } = projection;
        for (let k = 1; k < mean.length; k++) {
          expect(mean[k]!).toBeGreaterThanOrEqual(mean[k - 1]!);
          expect(sd[k]!).toBeGreaterThanOrEqual(sd[k - 1]!);
        }
        expect(mean[0] ?? finish).toBeGreaterThanOrEqual(done.at);
        expect(finish).toBeGreaterThanOrEqual(mean.at(-1) ?? done.at);
        expect(finishSd).toBeGreaterThan(0);
        expect(pace.lateProbability).toBeGreaterThanOrEqual(0);
        expect(pace.lateProbability).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: 300, seed: 5 },
  );
});

test('factorsOf() believes a driver after a hundred stops, the fleet before, and the plan before that', () => {
  const route = routeOf(120);
  const fleet = Array.from(
    { length: 30 },
    (_, r) => served(route, 60, { service: 1.2, noise: 0.5 }, r).experience,
  );
  const ratio = (own: Experience, others: readonly Experience[]) =>
    factorsOf(own, fleetPace(others)).service.reduce((sum, value) => sum + value, 0) / 9;
  const fresh = served(route, 0, {}).experience;
  expect(ratio(fresh, [])).toBeCloseTo(1, 1);
  expect(ratio(fresh, fleet)).toBeGreaterThan(1.1);
  expect(ratio(fresh, fleet)).toBeLessThan(1.3);
  const slow = served(route, 100, { service: 1.2 * 1.4, noise: 0.5 }, 99).experience;
  expect(ratio(slow, fleet) / ratio(fresh, fleet)).toBeGreaterThan(1.25);
});

test('standing() counts a lunch once: planned and to come, under way, or taken early', () => {
  const route = routeOf(60);
  const usual = Array.from({ length: 5 }, (_, r) => served(route, 25, { noise: 0.3 }, r).experience);
  const finish = (lunchAfter: number) => stand(served(route, 25, { lunchAfter }), usual).projection.finish;
  const planned = route.plannedReturn;
  expect(Math.abs(finish(-1) - planned)).toBeLessThan(400);
  expect(Math.abs(finish(20) - planned)).toBeLessThan(400);
  const lingering = served(route, 30, {});
  const begun = stand({ ...lingering, at: lingering.at + 1200 }, usual).projection.finish;
  expect(Math.abs(begun - planned)).toBeLessThan(400);
});

test('routePlan() takes room left at the end of a plan for slack, not for a longer way home', () => {
  const [tight, loose] = [routeOf(40), routeOf(40, 3600)].map((route) =>
    routePlan(route, plane.position(0, 0)),
  );
  expect(loose!.finish - tight!.finish).toBe(3600);
  // The way out says how fast the way home is: 600 s for 4 km, and home are 9.85 km.
  expect(loose!.returnLeg).toBeCloseTo((600 / 4000) * 9850, -2);
  expect(tight!.returnLeg).toBe(660);
});

test('standing() calls no route at risk before its stops tell, and riskStep() raises once for a lasting risk', () => {
  const route = routeOf(100);
  const slow = { service: 2.5, travel: 1.6, noise: 0.2 };
  expect(stand(served(route, 5, slow), []).pace.status).not.toBe('at_risk');
  let state: RiskState = noRisk;
  let status: PaceStatus | undefined;
  const turns: string[] = [];
  for (let count = 10; count <= 60; count++) {
    const { pace } = stand(served(route, count, slow), [], status);
    status = pace.status;
    const next = riskStep(state, pace);
    state = next.state;
    if (next.turn) turns.push(next.turn);
  }
  expect(turns).toEqual(['raise']);
  const { pace } = stand(served(route, 60, slow), [], status);
  const alert = riskAlert(pace, { fleetId: 1, routeCode: 'R1', vehicle: 'van-1' });
  expect(alert.severity).toBe('critical');
  expect(alert.message).toContain(`P(late) ${pace.lateProbability.toFixed(2)}`);
  expect(alert.message).toContain('60 of 100 stops done');
  expect(alert.rule).toBe(atRiskRule);
});
