import { expect, test } from 'vitest';
import { distance } from '../schemas/position.ts';
import { generateCity } from './city/city.ts';
import { openRouter } from './city/paths.ts';
import { uploads } from './device/radio.ts';
import { dayPlan } from './plan.ts';
import { encode } from './publish/outlet.ts';
import { truthOf } from './report/truth.ts';
import { type Scenario, scenarios } from './scenario/scenario.ts';
import { openTrackReader } from './van/track.ts';
import { type VanDay, vanDay } from './van/van.ts';

const shiftStart = 1_795_250_000;

function fleet(changes: Partial<Scenario> = {}) {
  const scenario: Scenario = { ...scenarios.demo!, vans: 3, ...changes };
  const city = generateCity(scenario.seed, { lng: -97.5, lat: 41.2 });
  const plan = dayPlan(scenario, city, shiftStart);
  const router = openRouter(city.graph);
  const days = plan.routes.map((_, routeIndex) => vanDay({ scenario, city, router, plan, routeIndex }));
  return { scenario, city, plan, days };
}

const shared = fleet();

const wire = (days: readonly VanDay[], scenario: Scenario): string =>
  days.flatMap((day) => [...uploads(day, scenario)].map((upload) => encode(upload, upload.due))).join('\n');

test('the same seed and scenario give the same plan, the same truth and the same bytes', () => {
  const again = fleet();
  expect(again.plan.document).toEqual(shared.plan.document);
  expect(truthOf(again)).toEqual(truthOf(shared));
  const [first, second] = [again, shared].map(({ days, scenario }) => wire(days.slice(0, 1), scenario));
  expect(first === second).toBe(true);
  expect(wire(fleet({ seed: '2' }).days.slice(0, 1), again.scenario) === second).toBe(false);
});

test('uploads() come in order of their instant, and seq grows by one within a boot', () => {
  const quiet = { ...shared.scenario, radio: scenarios['quiet-day']!.radio };
  const all = [...uploads(shared.days[0]!, quiet)];
  expect(all.every(({ due }, i) => i === 0 || due >= all[i - 1]!.due)).toBe(true);
  const seqs = all
    .flatMap((upload) => (upload.channel === 'telemetry' ? upload.messages : []))
    .toSorted((a, b) => a.ts - b.ts)
    .map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.map((_, i) => i));
});

test('a track never jumps, keeps to what a van can do, and stands still at every visit', () => {
  for (const { track, visits, deeds } of shared.days.slice(0, 1)) {
    const where = openTrackReader(track);
    let before = where(track.t[0]!);
    for (let at = track.t[0]! + 1; at < track.t.at(-1)!; at++) {
      const now = where(at);
      // A kilometre an hour for what a curve is longer than its chord, and rounding.
      expect(distance(before, now)).toBeLessThan(Math.max(before.speed, now.speed) + 1.3);
      // 0.65 g where the truth says it was harsh, ordinary driving everywhere else.
      const isHarsh = deeds.some(
        ({ kind, from, until }) => kind !== 'speeding' && from < at && until > at - 1,
      );
      expect(Math.abs(now.speed - before.speed)).toBeLessThan(isHarsh ? 6.4 : 2);
      before = now;
    }
    for (const { arrivedAt, departedAt } of visits) {
      expect(distance(where(arrivedAt), where(departedAt))).toBeLessThan(0.01);
      expect(where((arrivedAt + departedAt) / 2).speed).toBe(0);
    }
  }
});

test('every planned stop is visited once, within reach of its door', () => {
  for (const [index, { visits, track }] of shared.days.entries()) {
    const { stops } = shared.plan.routes[index]!;
    expect(visits.map(({ stop }) => stop).toSorted()).toEqual(stops.map(({ code }) => code).toSorted());
    const where = openTrackReader(track);
    for (const visit of visits) {
      const stop = stops.find(({ code }) => code === visit.stop)!;
      expect(distance(where(visit.arrivedAt), stop.position)).toBeLessThan(45);
    }
  }
});
