import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cityOf } from '../city/road-file.ts';
import { dayMaker } from '../fleet.ts';
import { dayPlan } from '../plan.ts';
import { explain } from './explain.ts';
import { Scenario, scenarios } from './scenario.ts';

const folder = new URL('../scenarios/', import.meta.url);

test('every scenario file is built in under its name, and the schema beside them is the present one', () => {
  const files = readdirSync(folder).filter((file) => file !== 'schema.json');
  expect([...files.map((file) => file.replace('.json', '')), 'demo'].sort()).toEqual(
    Object.keys(scenarios).sort(),
  );
  for (const [name, scenario] of Object.entries(scenarios)) expect(scenario.name).toBe(name);
  const schema = JSON.parse(readFileSync(new URL('schema.json', folder), 'utf8'));
  expect(schema).toEqual(JSON.parse(JSON.stringify(Scenario)));
});

const day = (name: string, changes: Partial<Scenario> = {}) => {
  const scenario = {
    ...scenarios[name]!,
    vans: 3,
    vansPerDepot: 3,
    stopsPerRoute: [30, 30],
    ...changes,
  } as Scenario;
  const city = cityOf(scenario);
  const plan = dayPlan(scenario, city, 1_795_250_000);
  const dayOf = dayMaker({ scenario, city, plan });
  return { scenario, plan, days: plan.routes.map((_, i) => dayOf(i)) };
};

test('disruptions meet whom they name, are told in the truth, and leave the others as they were', () => {
  const usual = day('demo');
  const troubled = day('demo', {
    disruptions: [
      { kind: 'breakdown', vans: ['van-002'], after: 60, lasts: 30 },
      { kind: 'added-stops', vans: ['van-002'], after: 90, count: 2 },
      { kind: 'heavy-route', vans: ['van-003'], factor: 2 },
    ],
  });
  expect(troubled.days[0]).toEqual(usual.days[0]);
  expect(troubled.plan.document).toEqual(usual.plan.document);
  const kinds = troubled.days.map(({ disruptions }) => disruptions.map(({ kind }) => kind));
  expect(kinds).toEqual([[], ['breakdown', 'added-stops'], ['heavy-route']]);
  const later = (i: number) => troubled.days[i]!.returnedAt - usual.days[i]!.returnedAt;
  expect(later(1)).toBeGreaterThan(1800);
  expect(later(2)).toBeGreaterThan(1200);
});

test('snow makes every route longer, a late load-out only those of its station', () => {
  const usual = day('demo');
  const snow = day('snow', { vansPerDepot: 3 });
  expect(snow.days.every(({ returnedAt }, i) => returnedAt > usual.days[i]!.returnedAt)).toBe(true);
  const late = day('station-delay');
  for (const [i, { leftAt }] of late.days.entries()) {
    expect(leftAt - late.plan.routes[i]!.plannedDeparture).toBeGreaterThan(3600);
  }
});

test('explain() says vans, fixes, devices and disruptions in words', () => {
  const { scenario, plan } = day('snow');
  const lines = explain(scenario, plan).join('\n');
  expect(lines).toContain('3 vans from 1 stations serve 90 stops');
  expect(lines).toContain('65 % of the usual speed');
  expect(lines).toContain(
    'streets closed within 400 m of 0 km east, 1.5 km north, from minute 60 for 300 min',
  );
});
